// The agent's keys: references on one side, bytes on the other. The only place where a reference leads to a Secret.

import {AdoptedKey, DataKey, providerOf, type StoredKey} from '@etcd-encryption/crypto';
import type {Block, EncryptionConfiguration} from '@etcd-encryption/crypto/encryption-configuration';
import {adoptedKeyId, type KeyId, type KeyRef} from './key.ts';
import type {RenderedBlock} from './layout.ts';

export type KeyRing = ReadonlyMap<KeyId, StoredKey>;

/** How a key is spoken of. */
export function refOf(key: StoredKey): KeyRef {
  const provider = providerOf(key);
  const ours = key instanceof DataKey;
  return {
    id: ours ? key.name : adoptedKeyId(provider, key.name, key.checkValue),
    provider,
    name: key.name,
    check: key.checkValue,
    revision: ours ? key.revision : 0,
    length: key.secret.length as 16 | 24 | 32,
  };
}

/** A key from a record of ours; `undefined` when bytes, name and check value do not belong together. */
export function keyFrom(ref: Pick<KeyRef, 'provider' | 'name' | 'check'>, bytes: Uint8Array): StoredKey | undefined {
  try {
    const adopted = new AdoptedKey({provider: ref.provider, name: ref.name, key: bytes});
    if (adopted.checkValue !== ref.check) return undefined;
    return asOurs(adopted) ?? adopted;
  } catch {
    return undefined;
  }
}

/** The same key as a DataKey, when its name is the one that we would give it. */
function asOurs(key: AdoptedKey): DataKey | undefined {
  const match = /^r([1-9]\d{0,15})-[0-9a-f]{8}$/.exec(key.name);
  const revision = Number(match?.[1]);
  if (key.provider !== 'aesgcm' || key.secret.length !== 32 || !Number.isSafeInteger(revision) || revision < 1)
    return undefined;
  const ours = new DataKey({revision, key: key.secret});
  return ours.name === key.name ? ours : undefined;
}

/** A configuration as references, with the keys it holds. */
export function referTo(configuration: EncryptionConfiguration): {
  blocks: readonly RenderedBlock[];
  keys: readonly StoredKey[];
} {
  const keys: StoredKey[] = [];
  const blocks = configuration.blocks.map((block): RenderedBlock => {
    const order: string[] = [];
    for (const provider of block.providers) {
      if (provider.kind === 'identity') order.push('identity');
      else if (provider.kind === 'kms') order.push(`kms:${JSON.stringify(provider.verbatim)}`);
      else {
        for (const each of provider.keys) {
          const key = each instanceof DataKey ? each : (asOurs(each) ?? each);
          keys.push(key);
          order.push(refOf(key).id);
        }
      }
    }
    return {resources: block.resources, order};
  });
  return {blocks, keys};
}

/** The configuration of rendered blocks; `undefined` names a key that is not held. */
export function materialise(
  blocks: readonly RenderedBlock[],
  keys: KeyRing,
): EncryptionConfiguration | {readonly missing: KeyId} {
  const made: Block[] = [];
  for (const block of blocks) {
    const providers: Block['providers'][number][] = [];
    for (const entry of block.order) {
      if (entry === 'identity') providers.push({kind: 'identity'});
      else if (entry.startsWith('kms:')) providers.push({kind: 'kms', verbatim: JSON.parse(entry.slice(4))});
      else {
        const key = keys.get(entry);
        if (key === undefined) return {missing: entry};
        const last = providers.at(-1);
        const kind = providerOf(key);
        if (last !== undefined && last.kind === kind)
          providers[providers.length - 1] = {kind, keys: [...last.keys, key]};
        else providers.push({kind, keys: [key]});
      }
    }
    made.push({resources: block.resources, providers});
  }
  return {blocks: made};
}
