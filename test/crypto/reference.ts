// HMAC and HKDF once more, for comparison: RFC 5869 written out over node:crypto's HMAC, and bytes that look random.
import {createHmac} from 'node:crypto';

export function referenceHmac(key: Uint8Array, message: Uint8Array): Uint8Array {
  return new Uint8Array(createHmac('sha512', key).update(message).digest());
}

/** RFC 5869, sections 2.2 and 2.3, with SHA-512. */
export function referenceHkdf(ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  const key = referenceHmac(salt, ikm);
  const blocks: Uint8Array[] = [];
  for (let counter = 1; blocks.length * 64 < length; counter++) {
    blocks.push(referenceHmac(key, Buffer.concat([blocks.at(-1) ?? new Uint8Array(0), info, Uint8Array.of(counter)])));
  }
  return new Uint8Array(Buffer.concat(blocks).subarray(0, length));
}

/** `length` bytes without a pattern, the same for the same number; every other one has its top bit set. */
export function noise(length: number, number = 0): Uint8Array {
  let state = (number * 2_654_435_761 + length * 40_503 + 1) >>> 0;
  return Uint8Array.from({length}, (_, i) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 24) | (i % 2 === 0 ? 0x80 : 0);
  });
}

/** Whole numbers from `first` to `last`, both included. */
export function range(first: number, last: number): number[] {
  return Array.from({length: last - first + 1}, (_, i) => first + i);
}
