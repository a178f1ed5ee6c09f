// SHA-256 and HMAC-SHA512 for the packages that may import only this one. The hashing itself is @noble/hashes'.

import {hmac} from '@noble/hashes/hmac.js';
import {sha256, sha512} from '@noble/hashes/sha2.js';
import {hex, requireBytes} from './bytes.ts';

/**
 * SHA-256 of bytes as 64 lower-case hex digits. Of a configuration file it is what kube-apiserver reports after
 * `sha256:` in its loaded-hash metric.
 */
export function sha256Hex(bytes: Uint8Array): string {
  requireBytes(bytes, 'bytes');
  return hex(sha256(bytes));
}

/** HMAC-SHA512 (RFC 2104): 64 bytes. */
export function hmacSha512(key: Uint8Array, message: Uint8Array): Uint8Array {
  requireBytes(key, 'key');
  requireBytes(message, 'message');
  return hmac(sha512, key, message);
}
