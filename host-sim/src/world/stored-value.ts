// What lies in etcd under a key. Values are symbolic: which key wrote them, for which path, and the object itself.
// The bytes that a real etcd would hold are made only when somebody asks for them, or at once with real cryptography.

import type {StoredKey} from '@etcd-encryption/crypto';
import {concat, keyCheckValue, startsWith, utf8} from '@etcd-encryption/crypto';
import {openStoredValue, sealStoredValue} from '@etcd-encryption/crypto/stored-value';
import type {StoredObject} from '@etcd-encryption/rotation';

/** Which key wrote a value: `clear`, or provider, name and check value. Equal ids mean equal keys. */
export type KeyTag = string;

/** A value that no key wrote. */
export const clearTag: KeyTag = 'clear';
/** A value that no key of any server opens: planted bytes. */
export const unreadableTag: KeyTag = 'unreadable';

/** One entry of a resource's transformers: the first writes, each reads what begins with its prefix. */
export interface Transformer {
  readonly tag: KeyTag;
  readonly kind: 'aesgcm' | 'aescbc' | 'secretbox' | 'kms' | 'identity';
  /** Name in front of stored values; empty for identity. */
  readonly name: string;
  /** What the stored bytes begin with; empty for identity. */
  readonly prefix: string;
  /** Absent for identity and KMS. */
  readonly key?: StoredKey;
}

export interface StoredValue {
  readonly tag: KeyTag;
  readonly prefix: string;
  /** Path that the value was encrypted for. */
  readonly path: string;
  /** The object without its resourceVersion; undefined for planted bytes. */
  readonly object?: StoredObject;
  /** The object as text, which real cryptography encrypts; made when somebody asks for it. */
  readonly json: string;
  /** Length of what a real etcd holds. */
  readonly size: number;
  /** What a real etcd holds; the array is the value's own. */
  readonly bytes: () => Uint8Array;
}

export const identityTransformer: Transformer = {tag: clearTag, kind: 'identity', name: '', prefix: ''};

const keyTag = (provider: string, name: string, check: string): KeyTag => `${provider}/${name}/${check}`;

/** The transformer of a key that stands in a configuration. */
export function keyTransformer(kind: 'aesgcm' | 'aescbc' | 'secretbox', key: StoredKey): Transformer {
  const check = keyCheckValue(key.secret);
  return {
    tag: keyTag(kind, key.name, check),
    kind,
    name: key.name,
    prefix: `k8s:enc:${kind}:v1:${key.name}:`,
    key,
  };
}

/** The transformer of a KMS plugin, of which the simulator knows the name alone. */
export const kmsTransformer = (name: string, version: string): Transformer => ({
  tag: keyTag('kms', name, ''),
  kind: 'kms',
  name,
  prefix: `k8s:enc:kms:${version}:${name}:`,
});

export interface Encryption {
  readonly realCrypto: boolean;
  readonly randomBytes: (length: number) => Uint8Array;
}

/** What a server stores: `object` under `path`, encrypted by its first transformer. */
export function encryptValue(
  object: StoredObject,
  {transformer, path}: {readonly transformer: Transformer; readonly path: string},
  {realCrypto, randomBytes}: Encryption,
): StoredValue {
  const nonce = transformer.kind === 'identity' ? noNonce : randomBytes(32);
  let text: string | undefined;
  const json = (): string => {
    text ??= JSON.stringify(object);
    return text;
  };
  const make = (): Uint8Array => encode(json(), transformer, path, nonce);
  let made = realCrypto ? make() : undefined;
  return {
    tag: transformer.tag,
    prefix: transformer.prefix,
    path,
    object,
    get json() {
      return json();
    },
    get size() {
      return transformer.prefix.length + json().length + sealedOverhead[transformer.kind];
    },
    bytes: () => {
      made ??= make();
      return made;
    },
  };
}

const noNonce = new Uint8Array();

/** Nonce and tag, or what stands for them; of aescbc's padding the least. */
const sealedOverhead = {aesgcm: 28, aescbc: 17, secretbox: 40, kms: 32, identity: 0} as const;

function encode(json: string, {key, prefix, name}: Transformer, path: string, nonce: Uint8Array): Uint8Array {
  const plaintext = utf8(json);
  if (key !== undefined) return sealStoredValue(plaintext, path, key, (length) => nonce.slice(0, length));
  // A KMS value can only be told by its prefix; what follows stands for an envelope that nobody here can open.
  return name === ''
    ? plaintext
    : concat(
        utf8(prefix),
        nonce,
        Uint8Array.from(plaintext, (byte) => byte ^ 0x5a),
      );
}

/** A value of given bytes that no object layer wrote: unknown keys, damage. */
export function plantedValue(bytes: Uint8Array, path: string): StoredValue {
  const copy = Uint8Array.from(bytes);
  let prefix = '';
  for (const byte of copy.subarray(0, 64)) prefix += String.fromCharCode(byte);
  return {tag: unreadableTag, prefix, path, json: '', size: copy.length, bytes: () => copy};
}

export type Decrypted =
  | {readonly outcome: 'read'; readonly stale: boolean; readonly transformer: Transformer}
  | {readonly outcome: 'unreadable'; readonly why: string};

/** Reads a value as kube-apiserver does: each transformer whose prefix fits is tried, a failure goes on to the next. */
export function decryptValue(value: StoredValue, path: string, transformers: readonly Transformer[]): Decrypted {
  let why = 'no matching prefix found';
  for (let index = 0; index < transformers.length; index++) {
    const transformer = transformers[index];
    if (transformer === undefined || !value.prefix.startsWith(transformer.prefix)) continue;
    if (transformer.kind === 'identity') {
      if (value.tag === clearTag) return {outcome: 'read', stale: index !== 0, transformer};
      why = 'identity transformer tried to read encrypted data';
      continue;
    }
    const fits = value.tag === transformer.tag && (value.path === path || !bindsPath(transformer));
    if (fits) return {outcome: 'read', stale: index !== 0, transformer};
    why = `the key named ${transformer.name} does not open it`;
  }
  return {outcome: 'unreadable', why};
}

const bindsPath = ({kind}: Transformer): boolean => kind === 'aesgcm' || kind === 'kms';

/** Bytes and keys of a value never change, so that one that opened under these transformers does so again. */
const confirmed = new WeakMap<StoredValue, WeakSet<readonly Transformer[]>>();

/**
 * Checks a symbolic answer against real cryptography.
 * @throws RangeError when the two disagree: then the simulator is wrong
 */
export function confirmRead(value: StoredValue, path: string, transformers: readonly Transformer[]): void {
  const known = confirmed.get(value) ?? new WeakSet();
  if (known.has(transformers)) return;
  const keys = transformers.flatMap(({key}) => (key === undefined ? [] : [key]));
  const opened = openStoredValue(value.bytes(), path, keys);
  const plain = utf8(value.json);
  const same =
    (opened.outcome === 'opened' || opened.outcome === 'plain') &&
    opened.plaintext.length === plain.length &&
    startsWith(opened.plaintext, plain);
  if (!same && opened.outcome !== 'other-provider') {
    throw new RangeError(`value of ${path}: expected to open as the symbolic one did, got ${opened.outcome}`);
  }
  confirmed.set(value, known.add(transformers));
}
