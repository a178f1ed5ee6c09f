// The three ciphers whose keys stand in a configuration file, with kube-apiserver's lengths and layouts. The ciphers
// are @noble/ciphers'; here is only what stands around them. No function throws on bytes from etcd.

import {cbc, gcm} from '@noble/ciphers/aes.js';
import {xsalsa20poly1305} from '@noble/ciphers/salsa.js';
import {concat, startsWith} from '../bytes.ts';
import type {KeyProvider} from '../key.ts';

/** What opening the part after the key name gave. */
export type Opened =
  | {readonly outcome: 'opened'; readonly plaintext: Uint8Array}
  | {readonly outcome: 'authentication-failed'}
  | {readonly outcome: 'corrupt'; readonly detail: string};

/** One provider's way to write and read what follows the key name. `path` is the full etcd key. */
export type ProviderCipher = {
  readonly nonceBytes: number;
  readonly seal: (key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, path: Uint8Array) => Uint8Array;
  readonly open: (key: Uint8Array, sealed: Uint8Array, path: Uint8Array) => Opened;
};

const tagBytes = 16;
const blockBytes = 16;

// What an object in etcd begins with: Kubernetes' protobuf envelope, JSON, or the self-describing tag of CBOR
// (RFC 8949, section 3.4.6).
const objectBeginnings: readonly Uint8Array[] = [
  /* @__PURE__ */ Uint8Array.of(0x6b, 0x38, 0x73, 0x00),
  /* @__PURE__ */ Uint8Array.of(0x7b),
  /* @__PURE__ */ Uint8Array.of(0xd9, 0xd9, 0xf7),
];

// AES-GCM (NIST SP 800-38D): nonce of 12 bytes, ciphertext, tag of 16; the etcd key is authenticated with them.
const aesgcm: ProviderCipher = {
  nonceBytes: 12,
  seal: (key, nonce, plaintext, path) => concat(nonce, gcm(key, nonce, path).encrypt(plaintext)),
  open(key, sealed, path) {
    if (sealed.length < this.nonceBytes + tagBytes) return tooShort(sealed, this.nonceBytes + tagBytes);
    const nonce = sealed.subarray(0, this.nonceBytes);
    return authenticated(() => gcm(key, nonce, path).decrypt(sealed.subarray(this.nonceBytes)));
  },
};

// AES-CBC (NIST SP 800-38A): 16 bytes that start the chain, then blocks with PKCS #7 padding. Nothing is
// authenticated, so a wrong key is told by the padding and by what the plaintext begins with.
const aescbc: ProviderCipher = {
  nonceBytes: 16,
  seal(key, nonce, plaintext) {
    return concat(nonce, cbc(key, nonce).encrypt(plaintext));
  },
  open(key, sealed) {
    if (sealed.length < this.nonceBytes + blockBytes) return tooShort(sealed, this.nonceBytes + blockBytes);
    const blocks = sealed.subarray(this.nonceBytes);
    if (blocks.length % blockBytes !== 0) return {outcome: 'corrupt', detail: 'not a whole number of cipher blocks'};
    const padded = cbc(key, sealed.subarray(0, this.nonceBytes), {disablePadding: true}).decrypt(blocks);
    const plaintext = withoutPadding(padded);
    const fits = plaintext !== undefined && objectBeginnings.some((beginning) => startsWith(plaintext, beginning));
    const opened = fits ? Uint8Array.from(plaintext) : undefined;
    padded.fill(0);
    if (opened !== undefined) return {outcome: 'opened', plaintext: opened};
    return {outcome: 'corrupt', detail: 'key present; it gives no object: another key of this name or changed bytes'};
  },
};

// NaCl's secretbox, XSalsa20 with Poly1305: nonce of 24 bytes, tag of 16, ciphertext. The path is not bound.
const secretbox: ProviderCipher = {
  nonceBytes: 24,
  seal: (key, nonce, plaintext) => concat(nonce, xsalsa20poly1305(key, nonce).encrypt(plaintext)),
  open(key, sealed) {
    if (sealed.length < this.nonceBytes + tagBytes) return tooShort(sealed, this.nonceBytes + tagBytes);
    const nonce = sealed.subarray(0, this.nonceBytes);
    return authenticated(() => xsalsa20poly1305(key, nonce).decrypt(sealed.subarray(this.nonceBytes)));
  },
};

/** The cipher of each provider. */
export const providerCiphers: Readonly<Record<KeyProvider, ProviderCipher>> = {aesgcm, aescbc, secretbox};

function tooShort(sealed: Uint8Array, least: number): Opened {
  return {outcome: 'corrupt', detail: `${sealed.length} bytes after the key name, at least ${least} expected`};
}

/**
 * Whether kube-apiserver, holding this aescbc key, would take the value for its own: only the padding is looked at, so
 * about one wrong key in 250 "opens" a value.
 * @param sealed what follows the key name and its `:`
 */
export function hasPadding(key: Uint8Array, sealed: Uint8Array): boolean {
  if (sealed.length < aescbc.nonceBytes + blockBytes || sealed.length % blockBytes !== 0) return false;
  const blocks = sealed.subarray(aescbc.nonceBytes);
  const padded = cbc(key, sealed.subarray(0, aescbc.nonceBytes), {disablePadding: true}).decrypt(blocks);
  const fits = withoutPadding(padded) !== undefined;
  padded.fill(0);
  return fits;
}

// Lengths are right when this is called, so the only thing left to throw for is a tag that does not verify.
function authenticated(decrypt: () => Uint8Array): Opened {
  try {
    return {outcome: 'opened', plaintext: decrypt()};
  } catch {
    return {outcome: 'authentication-failed'};
  }
}

// kube-apiserver takes any padding that repeats its own length, even one longer than a block.
function withoutPadding(padded: Uint8Array): Uint8Array | undefined {
  const length = padded.at(-1) ?? 0;
  if (length === 0 || length > padded.length) return undefined;
  const size = padded.length - length;
  return padded.subarray(size).every((byte) => byte === length) ? padded.subarray(0, size) : undefined;
}
