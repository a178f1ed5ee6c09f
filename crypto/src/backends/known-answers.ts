// The inputs and answers of the self-test. The answers are the work of Python's hmac and hashlib (the ciphertext:
// OpenSSL's); a test makes them again. Each is the first 16 bytes, in hex, of an HMAC under `foldKey` over all that a
// method gives, one output after the other, so that one wrong bit anywhere changes it. Bytes with their top bit set are
// in all inputs.

import {dataKeyBytes} from '../limits.ts';

/** `length` bytes that go up by 37 each. */
const pattern = (length: number, first: number): Uint8Array =>
  Uint8Array.from({length}, (_, i) => (first + i * 37) & 255);

/** The key of the HMAC over a method's outputs. */
export const foldKey = (): Uint8Array => pattern(64, 3);

/** Keys and messages on both sides of a block's edge. */
export const hmacCases = (): {key: Uint8Array; message: Uint8Array}[] => [
  {key: pattern(20, 0x80), message: pattern(50, 1)},
  {key: pattern(131, 0x91), message: pattern(303, 2)},
];

/** One block of output and two, with a salt and without one. */
export const hkdfCases = (): {ikm: Uint8Array; salt: Uint8Array; info: Uint8Array; length: number}[] => [
  {ikm: pattern(32, 0xc0), salt: pattern(32, 5), info: pattern(85, 6), length: dataKeyBytes},
  {ikm: pattern(20, 7), salt: pattern(0, 0), info: pattern(303, 8), length: 65},
];

/**
 * A batch: five of the form that real ones have, which no lane count divides, between others of one to four blocks.
 * 110 is the longest context that ends in its first block, 303 the longest there is.
 */
export const batch = (): {root: Uint8Array; salts: Uint8Array[]; contexts: Uint8Array[]} => ({
  root: pattern(32, 0xf1),
  salts: [0, 32, 32, 32, 32, 32, 16, 32, 130].map((length, i) => pattern(length, 9 + i)),
  contexts: [22, 85, 85, 85, 85, 85, 110, 111, 303].map((length, i) => pattern(length, 20 + i)),
});

export const gcmCase = (): {key: Uint8Array; nonce: Uint8Array; plaintext: Uint8Array; additionalData: Uint8Array} => ({
  key: pattern(32, 0x88),
  nonce: pattern(12, 0x99),
  plaintext: pattern(37, 0xaa),
  additionalData: pattern(21, 0xbb),
});

export const answers = {
  hmacSha512: '84201d6a1c95e2a985111889d79cf03b',
  hkdfSha512: '3a8e26be1dcc8a8aa9ea1e79b4480b3d',
  /** Of 64 bytes each. */
  deriveMany: 'c7e24ed7baa688c3eb65dbde11ee486c',
  /** All keys, then the first 8 bytes of an HMAC of `keyCheckText` under each. */
  deriveKeys: '5a5233db2562799d20cb15ed3e498ed2',
  'aes256gcm.seal': 'd7f8b8ddf2e2f8da90b3ecd4bd43f928',
} as const;
