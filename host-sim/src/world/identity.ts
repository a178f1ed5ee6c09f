// The identity of a kube-apiserver, computed from its host name as the real one does, and proven on its metrics page
// by a hash (checked on v1.37.2).

import {concat, utf8} from '@etcd-encryption/crypto';
import {sha256Hex} from '@etcd-encryption/crypto/sha256';

const base32 = 'abcdefghijklmnopqrstuvwxyz234567';
const program = 'kube-apiserver';

/** `apiserver-` and the lower-case base32 of 16 bytes of a hash over host name and program; also the Lease's name. */
export function serverIdentity(hostName: string): string {
  const digest = sha256Hex(concat(framed(hostName), framed(program))).slice(0, 32);
  let out = '';
  let held = 0;
  let bits = 0;
  for (const digit of digest) {
    held = ((held << 4) | Number.parseInt(digit, 16)) & 0xff;
    bits += 4;
    if (bits < 5) continue;
    bits -= 5;
    out += base32.charAt((held >> bits) & 31);
  }
  return `apiserver-${out}${bits > 0 ? base32.charAt((held << (5 - bits)) & 31) : ''}`;
}

/** What `apiserver_id_hash` says on the metrics page of a server with this identity. */
export const identityHash = (identity: string): string => `sha256:${sha256Hex(utf8(identity))}`;

function framed(text: string): Uint8Array {
  const bytes = utf8(text);
  return concat(Uint8Array.of(bytes.length >> 8, bytes.length & 255), bytes);
}
