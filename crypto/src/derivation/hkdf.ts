// HKDF with SHA-512 as a function of its own, for auditors and for other uses of the same hashing.

import type {Backend} from '../backend.ts';
import {defaultBackend} from '../backends/default.ts';

/**
 * HKDF-SHA512 (RFC 5869): extract with `salt`, expand with `info`. An empty salt counts as 64 zero bytes, and so does
 * every other run of up to 128 zero bytes, because HMAC pads its key.
 * @param length bytes wanted, 1 to 16,320 (255 blocks of 64); shorter answers are prefixes of longer ones
 * @throws TypeError for anything but byte arrays, RangeError for a length of 0, above 16,320 or not whole
 */
export function hkdfSha512(
  ikm: Uint8Array,
  salt: Uint8Array,
  info: Uint8Array,
  length: number,
  backend?: Backend,
): Uint8Array {
  return defaultBackend(backend).hkdfSha512(ikm, salt, info, length);
}
