// kube-apiserver's rules for a whole configuration (v1.37), and the configuration that follows from one without faults.

import {fromBase64} from '../base64.ts';
import {AdoptedKey, DataKey, type KeyProvider, keyLengths, type StoredKey} from '../key.ts';
import {parseKeyName} from '../key-name.ts';
import {dataKeyBytes} from '../limits.ts';
import type {Block, EncryptionConfiguration, Provider} from './configuration.ts';
import type {Draft, DraftBlock, DraftKey, DraftProvider} from './draft.ts';
import {type KmsContext, kmsSettingsOf} from './kms-rules.ts';
import type {Report} from './problem.ts';
import {checkResources, maskChecker} from './resource-rules.ts';

const group = 'apiserver.config.k8s.io/v1';
const keyProviders: readonly KeyProvider[] = ['aesgcm', 'aescbc', 'secretbox'];

/** A file may also carry the kind that an early documentation named by mistake. */
export function hasOldKind({apiVersion, kind}: Draft): boolean {
  return kind === 'EncryptionConfig' && (apiVersion === 'v1' || apiVersion === '/v1');
}

/** Reports every rule that a draft breaks. The configuration is complete only if nothing was reported. */
export function configurationOf(draft: Draft, acceptKmsV1: boolean, report: Report): EncryptionConfiguration {
  checkKind(draft, report);
  if (draft.blocks.length === 0) report('resources', 'no-blocks', 'expected at least one block, got none');
  const checkMask = maskChecker(report);
  const kms: KmsContext = {names: new Set(), acceptV1: acceptKmsV1};
  const blocks = draft.blocks.map((block, i) => {
    const path = `resources[${i}]`;
    checkMask(block.resources, `${path}.resources`);
    return blockOf(block, path, kms, report);
  });
  return {blocks};
}

function checkKind(draft: Draft, report: Report): void {
  if (hasOldKind(draft)) return;
  if (draft.apiVersion !== group)
    report('apiVersion', 'wrong-api-version', `expected ${group}, got ${got(draft.apiVersion)}`);
  if (draft.kind !== 'EncryptionConfiguration') {
    report('kind', 'wrong-kind', `expected EncryptionConfiguration, got ${got(draft.kind)}`);
  }
}

function got(text: string): string {
  return text === '' ? 'none' : 'another';
}

function blockOf({resources, providers}: DraftBlock, path: string, kms: KmsContext, report: Report): Block {
  checkResources(resources, `${path}.resources`, report);
  if (providers.length === 0) report(`${path}.providers`, 'no-providers', 'expected at least one provider, got none');
  return {
    resources,
    providers: providers.flatMap((provider, i) => providerOf(provider, `${path}.providers[${i}]`, kms, report)),
  };
}

function providerOf(draft: DraftProvider, path: string, kms: KmsContext, report: Report): readonly Provider[] {
  const kinds = Object.keys(draft).length;
  if (kinds === 0) report(path, 'no-provider-kind', 'expected aesgcm, aescbc, secretbox, kms or identity, got none');
  if (kinds > 1) report(path, 'several-provider-kinds', `expected one kind of provider, got ${kinds}`);
  const providers: Provider[] = [];
  for (const kind of keyProviders) {
    const keys = draft[kind];
    if (keys !== undefined) providers.push({kind, keys: keysOf(keys, kind, `${path}.${kind}.keys`, report)});
  }
  if (draft.kms !== undefined) {
    providers.push({kind: 'kms', verbatim: kmsSettingsOf(draft.kms, `${path}.kms`, kms, report)});
  }
  if (draft.identity) providers.push({kind: 'identity'});
  return providers;
}

function keysOf(drafts: readonly DraftKey[], kind: KeyProvider, path: string, report: Report): readonly StoredKey[] {
  if (drafts.length === 0) report(path, 'no-keys', 'expected at least one key, got none');
  return drafts.flatMap((draft, i) => keyOf(draft, kind, `${path}[${i}]`, report) ?? []);
}

function keyOf(draft: DraftKey, kind: KeyProvider, path: string, report: Report): StoredKey | undefined {
  const {name, secret} = draft;
  if (name === '') report(`${path}.name`, 'no-key-name', 'expected a name, got none');
  if (secret === '') {
    report(`${path}.secret`, 'no-secret', 'expected a secret, got none');
    return undefined;
  }
  const decoded = fromBase64(secret);
  if (decoded.outcome === 'malformed') {
    report(`${path}.secret`, 'secret-not-base64', 'expected standard base64 with padding and zero padding bits');
    return undefined;
  }
  const {bytes: key} = decoded;
  const lengths = keyLengths(kind);
  if (!lengths.includes(key.length)) {
    report(`${path}.secret`, 'wrong-key-length', `expected ${lengths.join(', ')} bytes, got ${key.length}`);
  }
  const stored = name !== '' && lengths.includes(key.length) ? storedKey(kind, name, key) : undefined;
  key.fill(0);
  return stored;
}

// A key is a data key of ours if its name is exactly the one we would give it.
function storedKey(provider: KeyProvider, name: string, key: Uint8Array): StoredKey {
  const {revision} = parseKeyName(name) ?? {};
  if (provider === 'aesgcm' && revision !== undefined && key.length === dataKeyBytes) {
    const ours = new DataKey({revision, key});
    if (ours.name === name) return ours;
    ours.secret.wipe();
  }
  return new AdoptedKey({provider, name, key});
}
