// The self-test of known answers that every backend passes before it hashes anything for us. The answers were made with
// Python's hmac and hashlib; a test makes them again. HMAC is compared byte by byte; the outputs of the other methods
// are hashed by it once more, so that one wrong bit anywhere changes the 16 bytes that are compared.

import type {Aes256Gcm, Backend} from '../backend.ts';
import {concat, hex} from '../bytes.ts';
import {keyCheckText} from '../key-name.ts';
import {checkValueBytes, dataKeyBytes, maxDerivedBytes} from '../limits.ts';

const proven = /* @__PURE__ */ new WeakSet<Backend>();

/** Whether this very backend passed its self-test. */
export const isProven = (backend: Backend): boolean => proven.has(backend);

/**
 * Runs the self-test: every method, keys and messages on both sides of a block's edge, contexts of one to three blocks,
 * a batch that no lane count divides. Bytes with their top bit set are in all of them.
 * @returns the same backend, which counts as proven from now on
 * @throws Error that names the backend and the method whose answer is wrong; the backend must not be used
 */
export function proveBackend(backend: Backend): Backend {
  proveHmac(backend);
  proveHkdf(backend);
  proveMany(backend);
  if (backend.deriveKeys !== undefined) proveKeys(backend);
  if (backend.aes256gcm !== undefined) proveAes256Gcm(backend, backend.aes256gcm);
  proven.add(backend);
  return backend;
}

/** `length` bytes that go up by 37 each. */
function pattern(length: number, first: number): Uint8Array {
  return Uint8Array.from({length}, (_, i) => (first + i * 37) & 255);
}

function proveHmac(backend: Backend): void {
  const short = backend.hmacSha512(pattern(20, 0x80), pattern(50, 1));
  const long = backend.hmacSha512(pattern(131, 0x91), pattern(152, 2));
  expect(backend, 'hmacSha512', short, 64, hmacAnswers.short);
  expect(backend, 'hmacSha512', long, 64, hmacAnswers.long);
}

const hmacAnswers = {
  short:
    'fb8f18f3dd647f3ed730df45d70820715d0ef8f1baa96715545b53af31261bdec3a4cb0f1658dc2e67dadc605a9ac06411128469216a611db513548fcdb24d02',
  long: 'ec7f87fffa7891c29101697b7520b3725802e9bc4e0a84bd500e4d23cd609502a6a294ed18d6a00bb9349b2d16237083c26b82f2058904e3ec9c3cb7d22d31a3',
};

function proveHkdf(backend: Backend): void {
  const oneBlock = backend.hkdfSha512(pattern(32, 0xc0), pattern(32, 5), pattern(85, 6), 32);
  const twoBlocks = backend.hkdfSha512(pattern(20, 7), new Uint8Array(0), pattern(300, 8), 65);
  expectLength(backend, 'hkdfSha512', oneBlock, 32);
  expectLength(backend, 'hkdfSha512', twoBlocks, 65);
  expectFold(backend, 'hkdfSha512', [oneBlock, twoBlocks], '7312a5c211952c861a13863be7a1740e');
}

const contextLengths = [22, 85, 111, 112, 300];
const manyRoot = /* @__PURE__ */ pattern(32, 0xf1);
const manySalts = (): Uint8Array[] => [
  pattern(32, 9),
  new Uint8Array(0),
  pattern(16, 10),
  pattern(32, 11),
  pattern(130, 12),
];
const manyContexts = (): Uint8Array[] => contextLengths.map((length, i) => pattern(length, 20 + i));

function proveMany(backend: Backend): void {
  const derived = backend.deriveMany(manyRoot, manySalts(), manyContexts(), maxDerivedBytes);
  if (!Array.isArray(derived) || derived.length !== contextLengths.length) throw wrong(backend, 'deriveMany');
  for (const each of derived) expectLength(backend, 'deriveMany', each, maxDerivedBytes);
  expectFold(backend, 'deriveMany', derived, '9f566041de94905ab31a4a37d7482f64');
}

function proveKeys(backend: Backend): void {
  const derived = backend.deriveKeys?.(manyRoot, manySalts(), manyContexts(), keyCheckText);
  if (derived === undefined) throw wrong(backend, 'deriveKeys');
  expectLength(backend, 'deriveKeys', derived.keys, contextLengths.length * dataKeyBytes);
  expectLength(backend, 'deriveKeys', derived.checks, contextLengths.length * checkValueBytes);
  expectFold(backend, 'deriveKeys', [derived.keys, derived.checks], '9262c31650f7c4abf164a694c31aa7f8');
}

function proveAes256Gcm(backend: Backend, cipher: Aes256Gcm): void {
  const [key, nonce] = [pattern(32, 0x88), pattern(12, 0x99)];
  const [plaintext, additionalData] = [pattern(37, 0xaa), pattern(21, 0xbb)];
  const sealed = cipher.seal(key, nonce, plaintext, additionalData);
  expect(backend, 'aes256gcm.seal', sealed, plaintext.length + 16, gcmAnswer);
  const opened = cipher.open(key, nonce, sealed, additionalData);
  expect(backend, 'aes256gcm.open', opened, plaintext.length, hex(plaintext));
  const otherPath = cipher.open(key, nonce, sealed, pattern(21, 0xbc));
  const shortTag = cipher.open(key, nonce, sealed.subarray(0, sealed.length - 12), additionalData);
  if (otherPath !== undefined || shortTag !== undefined) throw wrong(backend, 'aes256gcm.open');
}

const gcmAnswer =
  'ac972d5d36d0ff088a012983971290ffea47c9b0291f41c281f2c5c672083ab86c4d9003a2183f110b6aae9daf87c3af326e89d6b4';

/** Compares with one HMAC over all outputs; `hmacSha512` is proven by then. */
function expectFold(backend: Backend, method: string, outputs: readonly Uint8Array[], answer: string): void {
  const folded = backend.hmacSha512(pattern(64, 3), concat(...outputs));
  expect(backend, method, folded.subarray(0, 16), 16, answer);
}

function expect(backend: Backend, method: string, got: unknown, length: number, answer: string): void {
  expectLength(backend, method, got, length);
  if (hex(got) !== answer) throw wrong(backend, method);
}

function expectLength(backend: Backend, method: string, got: unknown, length: number): asserts got is Uint8Array {
  if (!(got instanceof Uint8Array) || got.length !== length) throw wrong(backend, method);
}

function wrong(backend: Backend, method: string): Error {
  return new Error(`backend ${backend.name}: expected the known answer of ${method}, got another; it must not be used`);
}
