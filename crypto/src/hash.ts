// HMAC-SHA512 for the packages that may import only this one. The hashing itself is @noble/hashes'.

import {hmac} from '@noble/hashes/hmac.js';
import {sha512} from '@noble/hashes/sha2.js';
import {requireBytes} from './bytes.ts';

/** HMAC-SHA512 (RFC 2104): 64 bytes. */
export function hmacSha512(key: Uint8Array, message: Uint8Array): Uint8Array {
  requireBytes(key, 'key');
  requireBytes(message, 'message');
  return hmac(sha512, key, message);
}
