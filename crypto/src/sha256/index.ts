// SHA-256 for the packages that may import only this one; kept out of the default entry, which has no use for it.

import {sha256} from '@noble/hashes/sha2.js';
import {hex, requireBytes} from '../bytes.ts';

/**
 * SHA-256 of bytes as 64 lower-case hex digits. Of a configuration file it is what kube-apiserver reports after
 * `sha256:` in its loaded-hash metric.
 * @throws TypeError for anything but a `Uint8Array`
 */
export function sha256Hex(bytes: Uint8Array): string {
  requireBytes(bytes, 'bytes');
  return hex(sha256(bytes));
}
