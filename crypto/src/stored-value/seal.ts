// Writes a value as kube-apiserver would store it. The nonce always comes from a generator; giving one by hand is
// possible under `/testing` only, because a repeated nonce breaks AES-GCM.

import {allEqual, concat, requireBytes, utf8} from '../bytes.ts';
import {providerOf, type StoredKey} from '../key.ts';
import {pathBytes} from './open.ts';
import {providerPrefixes} from './prefix.ts';
import {providerCiphers} from './provider-cipher.ts';

/** All that makes a stored value but its nonce. */
export type SealInput = {
  readonly plaintext: Uint8Array;
  readonly etcdKey: Uint8Array | string;
  readonly key: StoredKey;
};

/**
 * Encrypts an object for one path of etcd.
 * @param etcdKey the full path it will be stored under; aesgcm binds the value to it
 * @param randomBytes fresh bytes from the system's generator
 * @throws RangeError if the random bytes are too few or all equal
 */
export function sealStoredValue(
  plaintext: Uint8Array,
  etcdKey: Uint8Array | string,
  key: StoredKey,
  randomBytes: (length: number) => Uint8Array,
): Uint8Array {
  const nonce = randomBytes(providerCiphers[providerOf(key)].nonceBytes);
  requireBytes(nonce, 'randomBytes');
  if (allEqual(nonce)) throw new RangeError('randomBytes: expected random bytes for a nonce, got equal ones');
  return sealWithNonce({plaintext, etcdKey, key}, nonce);
}

/** Encrypts with a nonce by hand. For tests: a nonce used twice with one key gives the key's messages away. */
export function sealWithNonce({plaintext, etcdKey, key}: SealInput, nonce: Uint8Array): Uint8Array {
  requireBytes(plaintext, 'plaintext');
  requireBytes(nonce, 'nonce');
  const provider = providerOf(key);
  const cipher = providerCiphers[provider];
  if (nonce.length !== cipher.nonceBytes) {
    throw new RangeError(`nonce: expected ${cipher.nonceBytes} bytes, got ${nonce.length}`);
  }
  const path = pathBytes(etcdKey);
  const sealed = key.secret.withBytes((bytes) => cipher.seal(bytes, nonce, plaintext, path));
  const prefix = providerPrefixes.find((known) => known.provider === provider)?.prefix ?? new Uint8Array();
  return concat(prefix, utf8(`${key.name}:`), sealed);
}
