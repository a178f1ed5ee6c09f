// A library that can do HMAC and HKDF with SHA-512, in whatever way is its fastest.

import type {Backend} from '@etcd-encryption/crypto';

export interface Rival {
  readonly name: string;
  readonly family: string;
  /** HMAC-SHA512 of a message under a key of any length: 64 bytes. */
  readonly hmac: (key: Uint8Array, message: Uint8Array) => Uint8Array;
  /** HKDF-SHA512 (RFC 5869). An empty salt counts as 64 zero bytes. */
  readonly hkdf: Hkdf;
}

type Hkdf = (ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number) => Uint8Array;

const hashBytes = 64;

/** HKDF from an HMAC, for libraries without one: two HMACs for up to 64 bytes. */
export function hkdfFrom(hmac: Rival['hmac']): Hkdf {
  return (ikm, salt, info, length) => {
    const pseudorandomKey = hmac(salt, ikm);
    if (length <= hashBytes) return hmac(pseudorandomKey, block(none, info, 1)).subarray(0, length);
    const okm = new Uint8Array(Math.ceil(length / hashBytes) * hashBytes);
    let previous: Uint8Array = none;
    for (let at = 0; at < length; at += hashBytes) {
      previous = hmac(pseudorandomKey, block(previous, info, at / hashBytes + 1));
      okm.set(previous, at);
    }
    return okm.subarray(0, length);
  };
}

const none = new Uint8Array(0);

/** `T(n - 1) ‖ info ‖ n` (RFC 5869, section 2.3). */
function block(previous: Uint8Array, info: Uint8Array, counter: number): Uint8Array {
  const message = new Uint8Array(previous.length + info.length + 1);
  message.set(previous);
  message.set(info, previous.length);
  message[message.length - 1] = counter;
  return message;
}

const blockBytes = 128;

/**
 * HMAC from a hash that takes its whole input at once: two hashes, whose inputs are put together in two buffers that
 * are made once. `hash` must return bytes of its own.
 */
export function hmacFromHash(hash: (bytes: Uint8Array) => Uint8Array): Rival['hmac'] {
  const inner = new Uint8Array(blockBytes + 1024);
  const outer = new Uint8Array(blockBytes + hashBytes);
  return (key, message) => {
    const short = key.length <= blockBytes ? key : hash(key);
    for (let i = 0; i < blockBytes; i++) {
      const byte = i < short.length ? (short[i] ?? 0) : 0;
      inner[i] = byte ^ 0x36;
      outer[i] = byte ^ 0x5c;
    }
    inner.set(message, blockBytes);
    outer.set(hash(inner.subarray(0, blockBytes + message.length)), blockBytes);
    return hash(outer);
  };
}

/** The rival as a backend of our library, for work that goes through it. */
export function backendOf({name, hmac, hkdf}: Rival): Backend {
  return {
    name,
    hmacSha512: hmac,
    hkdfSha512: hkdf,
    deriveMany: (root, salts, contexts, length) =>
      contexts.map((context, i) => hkdf(root, salts[i] ?? none, context, length)),
  };
}
