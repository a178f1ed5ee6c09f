// The backend on OpenSSL by way of node:crypto, for programs under Node. A folder of its own with a compiler project of
// its own: nothing else in this package may import a Node built-in or know Node's types.

import {createHmac, hkdfSync} from 'node:crypto';
import type {Backend} from '../backend.ts';
import {requireHkdfArguments, requireManyArguments} from '../backends/arguments.ts';
import {requireBytes} from '../bytes.ts';
import {aes256gcm} from './aes-256-gcm.ts';

/** Bytes of one SHA-512 digest. */
const digestBytes = 64;

/** Bytes of the longest info that Node's HKDF takes; RFC 5869 sets no limit. */
const maxNodeInfoBytes = 1024;

/**
 * HMAC, HKDF and AES-256-GCM of the OpenSSL that Node was built with. No `deriveKeys`: each call crosses into OpenSSL by
 * itself, so there is nothing to win in one go. Copies that Node makes of a key live until it frees them, at the latest
 * when it collects garbage; nothing here can wipe them sooner.
 */
export const nodeBackend: Backend = {
  name: 'node:crypto',
  hmacSha512(key, message) {
    requireBytes(key, 'key');
    requireBytes(message, 'message');
    return hmac(key, message);
  },
  hkdfSha512(ikm, salt, info, length) {
    requireHkdfArguments(ikm, salt, info, length);
    return hkdf(ikm, salt, info, length);
  },
  deriveMany(root, salts, contexts, length) {
    requireManyArguments(root, salts, contexts, length);
    return contexts.map((context, i) => hkdf(root, salts[i] ?? new Uint8Array(0), context, length));
  },
  aes256gcm,
};

/** Node's digest is a Buffer; what is returned is a plain array with a buffer of its own. */
function hmac(key: Uint8Array, ...message: readonly Uint8Array[]): Uint8Array {
  const hashing = createHmac('sha512', key);
  for (const part of message) hashing.update(part);
  const digest = hashing.digest();
  const copy = new Uint8Array(digest);
  digest.fill(0);
  return copy;
}

function hkdf(ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  if (info.length > maxNodeInfoBytes) return hkdfByHmac(ikm, salt, info, length);
  return new Uint8Array(hkdfSync('sha512', ikm, salt, info, length));
}

/** RFC 5869, sections 2.2 and 2.3, for an info that Node's own HKDF refuses. */
function hkdfByHmac(ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  const key = hmac(salt, ikm);
  const derived = new Uint8Array(length);
  let block: Uint8Array = new Uint8Array(0);
  for (let at = 0, counter = 1; at < length; at += digestBytes, counter++) {
    const next = hmac(key, block, info, Uint8Array.of(counter));
    block.fill(0);
    block = next;
    derived.set(block.subarray(0, length - at), at);
  }
  block.fill(0);
  key.fill(0);
  return derived;
}
