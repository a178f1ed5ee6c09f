// Opens a value read from etcd as kube-apiserver v1.37 would: every key of the provider whose name fits is tried.

import {requireBytes, startsWith, utf8} from '../bytes.ts';
import {type KeyProvider, providerOf, type StoredKey} from '../key.ts';
import {providerPrefixes, readStoredPrefix} from './prefix.ts';
import {hasPadding, type Opened, providerCiphers} from './provider-cipher.ts';

/**
 * What opening a stored value gave.
 * - `opened`: `plaintext` is a copy of its own
 * - `unknown-key`: no key of that provider has this name
 * - `authentication-failed`: a key of this name is there, but the value was written under another path or was changed
 * - `corrupt`: too short, without an end of its name, or no key of this name gives an object
 * - `plain`: not encrypted, `plaintext` is the value
 * - `other-provider`: encrypted by a provider whose keys are not in the file, such as KMS
 */
export type OpenedValue =
  | {
      readonly outcome: 'opened';
      readonly provider: KeyProvider;
      readonly keyName: string;
      readonly key: StoredKey;
      readonly plaintext: Uint8Array;
    }
  | {
      readonly outcome: 'unknown-key' | 'authentication-failed';
      readonly provider: KeyProvider;
      readonly keyName: string;
      readonly detail: string;
    }
  | {
      readonly outcome: 'corrupt';
      readonly provider: KeyProvider;
      readonly keyName: string | undefined;
      readonly detail: string;
    }
  | {readonly outcome: 'plain'; readonly plaintext: Uint8Array}
  | {readonly outcome: 'other-provider'; readonly provider: string};

const failureDetails: Readonly<Record<KeyProvider, string>> = {
  aesgcm: 'key present; another path or changed bytes',
  aescbc: 'key present; another key of this name or changed bytes',
  secretbox: 'key present; another key of this name or changed bytes',
};

/**
 * Opens a stored value. Never throws on bytes from etcd.
 * @param value all bytes of the value
 * @param etcdKey the full path it was read from, such as `/registry/secrets/default/a`
 * @param keys in the order of the configuration; keys of one name are tried in turn
 */
export function openStoredValue(
  value: Uint8Array,
  etcdKey: Uint8Array | string,
  keys: readonly StoredKey[],
): OpenedValue {
  requireBytes(value, 'value');
  const path = pathBytes(etcdKey);
  const names = keys.map(({name}) => name);
  const prefix = readStoredPrefix(value, names);
  if (prefix.outcome === 'plain') return {outcome: 'plain', plaintext: Uint8Array.from(value)};
  if (prefix.outcome === 'other-provider') return prefix;
  const {provider} = prefix;
  const rest = value.subarray(providerPrefixes.find((known) => known.provider === provider)?.prefix.length ?? 0);
  const keyName = prefix.outcome === 'named' ? prefix.keyName : undefined;
  const tried = candidates(rest, provider, keys).map((key) => ({key, ...open(rest, path, key)}));
  const opened = tried.filter((attempt) => attempt.outcome === 'opened');
  const [first] = opened;
  if (first !== undefined) {
    if (opened.every(({key}) => key.secret.equals(first.key.secret) && key.name === first.key.name)) {
      return {outcome: 'opened', provider, keyName: first.key.name, key: first.key, plaintext: first.plaintext};
    }
    for (const {plaintext} of opened) plaintext.fill(0);
    return {outcome: 'corrupt', provider, keyName, detail: 'two different keys of this name give an object'};
  }
  if (keyName === undefined) return {outcome: 'corrupt', provider, keyName, detail: 'no ":" ends the key name'};
  if (tried.length === 0) {
    return {outcome: 'unknown-key', provider, keyName, detail: `no key of ${provider} has this name`};
  }
  if (tried.some(({outcome}) => outcome === 'authentication-failed')) {
    return {outcome: 'authentication-failed', provider, keyName, detail: failureDetails[provider]};
  }
  const detail = tried.find((attempt) => attempt.outcome === 'corrupt')?.detail ?? failureDetails[provider];
  return {outcome: 'corrupt', provider, keyName, detail};
}

/**
 * Whether kube-apiserver would serve what this aescbc key makes of a value, right or wrong: it looks at the padding
 * only, while {@link openStoredValue} also looks at the plaintext's beginning. For naming values that would be misread.
 */
export function wouldServe(value: Uint8Array, key: StoredKey): boolean {
  requireBytes(value, 'value');
  const prefix = utf8(`k8s:enc:aescbc:v1:${key.name}:`);
  if (providerOf(key) !== 'aescbc' || !startsWith(value, prefix)) return false;
  return key.secret.withBytes((bytes) => hasPadding(bytes, value.subarray(prefix.length)));
}

/** The bytes of a path given as text or bytes. */
export function pathBytes(etcdKey: Uint8Array | string): Uint8Array {
  if (typeof etcdKey === 'string') return utf8(etcdKey);
  requireBytes(etcdKey, 'etcdKey');
  return etcdKey;
}

function candidates(rest: Uint8Array, provider: KeyProvider, keys: readonly StoredKey[]): readonly StoredKey[] {
  return keys.filter((key) => providerOf(key) === provider && startsWith(rest, utf8(`${key.name}:`)));
}

function open(rest: Uint8Array, path: Uint8Array, key: StoredKey): Opened {
  const sealed = rest.subarray(utf8(key.name).length + 1);
  return key.secret.withBytes((bytes) => providerCiphers[providerOf(key)].open(bytes, sealed, path));
}
