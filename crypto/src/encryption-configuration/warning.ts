// What kube-apiserver loads and we would never write. The guard refuses it in files of ours, adopted parts aside.

import {DataKey, type StoredKey} from '../key.ts';
import {parseKeyName} from '../key-name.ts';
import {dataKeyBytes} from '../limits.ts';
import type {Block, EncryptionConfiguration, Provider} from './configuration.ts';
import {groupResourceOf, identityOf} from './resource-rules.ts';

/** One word for each finding; the words are part of the interface. */
export type WarningReason =
  | 'doubled-key-name'
  | 'colon-in-key-name'
  | 'short-key'
  | 'check-value-mismatch'
  | 'resource-in-two-blocks'
  | 'empty-resource-name'
  | 'second-document'
  | 'old-kind'
  | 'identity-first'
  | 'write-provider-not-aesgcm';

/** One finding: where, what, and a sentence. */
export type Warning = {readonly path: string; readonly reason: WarningReason; readonly message: string};

/** What the file around the configuration shows. */
export type FileTraits = {readonly secondDocument: boolean; readonly oldKind: boolean};

/** All findings about a configuration that kube-apiserver loads, in the order of the file. */
export function warningsOf({blocks}: EncryptionConfiguration, traits: FileTraits): readonly Warning[] {
  const firstBlockOf = new Map<string, number>();
  return [
    ...(traits.secondDocument
      ? [warning('', 'second-document', 'what follows the first YAML document is never read')]
      : []),
    ...(traits.oldKind
      ? [warning('kind', 'old-kind', 'EncryptionConfig of v1 still loads; its name today is another')]
      : []),
    ...blocks.flatMap((block, i) => blockWarnings(block, i, firstBlockOf)),
  ];
}

function blockWarnings({resources, providers}: Block, index: number, firstBlockOf: Map<string, number>): Warning[] {
  const path = `resources[${index}]`;
  const names = new Map<string, string>();
  return [
    ...resources.flatMap((name, i) => resourceWarnings(name, `${path}.resources[${i}]`, index, firstBlockOf)),
    ...writeWarnings(providers[0], `${path}.providers[0]`),
    ...providers.flatMap((provider, i) => providerWarnings(provider, `${path}.providers[${i}]`, names)),
  ];
}

function resourceWarnings(name: string, path: string, block: number, firstBlockOf: Map<string, number>): Warning[] {
  const id = identityOf(groupResourceOf(name));
  const first = firstBlockOf.get(id);
  firstBlockOf.set(id, first ?? block);
  return [
    ...(name === '' ? [warning(path, 'empty-resource-name', 'an empty name matches no resource')] : []),
    ...(first === undefined || first === block
      ? []
      : [warning(path, 'resource-in-two-blocks', `resources[${first}] writes it; the providers here only read`)]),
  ];
}

function writeWarnings(provider: Provider | undefined, path: string): Warning[] {
  if (provider === undefined || provider.kind === 'aesgcm') return [];
  if (provider.kind === 'identity')
    return [warning(path, 'identity-first', 'not encrypted: new values are stored in clear')];
  return [warning(path, 'write-provider-not-aesgcm', `${provider.kind} writes, not aesgcm`)];
}

// kube-apiserver tries every key of a name, so doubled names are looked for over all providers of one kind.
function providerWarnings(provider: Provider, path: string, names: Map<string, string>): Warning[] {
  if (!('keys' in provider)) return [];
  return provider.keys.flatMap((key, i) => {
    const place = `${path}.${provider.kind}.keys[${i}]`;
    const id = `${provider.kind}:${key.name}`;
    const first = names.get(id);
    names.set(id, first ?? place);
    return [
      ...(first === undefined ? [] : [warning(`${place}.name`, 'doubled-key-name', `${first} has this name too`)]),
      ...keyWarnings(key, place),
    ];
  });
}

function keyWarnings(key: StoredKey, place: string): Warning[] {
  const {length} = key.secret;
  const foreign = !(key instanceof DataKey) && key.provider === 'aesgcm' && parseKeyName(key.name) !== undefined;
  return [
    ...(key.name.includes(':')
      ? [warning(`${place}.name`, 'colon-in-key-name', 'a ":" makes stored values ambiguous')]
      : []),
    ...(length < dataKeyBytes
      ? [warning(`${place}.secret`, 'short-key', `${length} bytes, ${dataKeyBytes} are better`)]
      : []),
    ...(foreign
      ? [warning(place, 'check-value-mismatch', 'the name is of our form, but not the name of this key')]
      : []),
  ];
}

function warning(path: string, reason: WarningReason, message: string): Warning {
  return {path, reason, message};
}
