// The identity of a kube-apiserver, which follows from its host name alone (k8s.io/apiserver, pkg/server/config.go,
// since 1.26): so an answer on `/metrics` can be proven to come from this node's server.

import {createHash} from 'node:crypto';

export interface ServerIdentity {
  /** `apiserver-…`, also the name of its Lease in kube-system. */
  readonly identity: string;
  /** What `apiserver_id_hash` says: `sha256:` and hex. */
  readonly hash: string;
}

const component = 'kube-apiserver';
const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

/** @throws RangeError if the host name is empty or longer than Linux allows */
export function serverIdentity(hostName: string): ServerIdentity {
  const host = Buffer.from(hostName, 'utf8');
  if (host.length === 0 || host.length > 64)
    throw new RangeError(`hostName: expected 1 to 64 bytes, got ${host.length}`);
  const input = Buffer.concat([lengthOf(host), host, lengthOf(Buffer.from(component)), Buffer.from(component)]);
  const digest = createHash('sha256').update(input).digest();
  const identity = `apiserver-${base32(digest.subarray(0, 16))}`;
  return {identity, hash: `sha256:${createHash('sha256').update(identity).digest('hex')}`};
}

/** Two bytes, big-endian: the length prefix of the builder that kube-apiserver uses. */
function lengthOf(bytes: Uint8Array): Uint8Array {
  return Uint8Array.of(bytes.length >> 8, bytes.length & 0xff);
}

/** RFC 4648 §6, in lower case and without padding. */
function base32(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += alphabet.charAt((held >> bits) & 31);
    }
    held &= (1 << bits) - 1;
  }
  return bits > 0 ? text + alphabet.charAt((held << (5 - bits)) & 31) : text;
}
