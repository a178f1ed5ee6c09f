// The self-test of known answers that every backend passes before it hashes anything for us.

import type {Aes256Gcm, Backend} from '../backend.ts';
import {concat, hex} from '../bytes.ts';
import {keyCheckText} from '../key-name.ts';
import {checkValueBytes, dataKeyBytes, maxDerivedBytes} from '../limits.ts';
import {answers, batch, foldKey, gcmCase, hkdfCases, hmacCases} from './known-answers.ts';

const proven = /* @__PURE__ */ new WeakSet<Backend>();

/** Whether this very backend passed its self-test. */
export const isProven = (backend: Backend): boolean => proven.has(backend);

/**
 * Runs the self-test: every method that the backend has, on inputs of every shape (known-answers.ts).
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

function proveHmac(backend: Backend): void {
  const made = hmacCases().map(({key, message}) => backend.hmacSha512(key, message));
  for (const each of made) expectLength(backend, 'hmacSha512', each, 64);
  // The fold is the HMAC in question, which is no circle: a wrong one gives this answer by chance alone.
  expectFold(backend, 'hmacSha512', made, answers.hmacSha512);
}

function proveHkdf(backend: Backend): void {
  const made = hkdfCases().map(({ikm, salt, info, length}) => {
    const derived = backend.hkdfSha512(ikm, salt, info, length);
    expectLength(backend, 'hkdfSha512', derived, length);
    return derived;
  });
  expectFold(backend, 'hkdfSha512', made, answers.hkdfSha512);
}

function proveMany(backend: Backend): void {
  const {root, salts, contexts} = batch();
  const derived = backend.deriveMany(root, salts, contexts, maxDerivedBytes);
  if (!Array.isArray(derived) || derived.length !== contexts.length) throw wrong(backend, 'deriveMany');
  for (const each of derived) expectLength(backend, 'deriveMany', each, maxDerivedBytes);
  expectFold(backend, 'deriveMany', derived, answers.deriveMany);
}

function proveKeys(backend: Backend): void {
  const {root, salts, contexts} = batch();
  const derived = backend.deriveKeys?.(root, salts, contexts, keyCheckText);
  expectLength(backend, 'deriveKeys', derived?.keys, contexts.length * dataKeyBytes);
  expectLength(backend, 'deriveKeys', derived?.checks, contexts.length * checkValueBytes);
  expectFold(backend, 'deriveKeys', [derived.keys, derived.checks], answers.deriveKeys);
}

function proveAes256Gcm(backend: Backend, cipher: Aes256Gcm): void {
  const {key, nonce, plaintext, additionalData} = gcmCase();
  const open = (sealed: Uint8Array, data = additionalData) => cipher.open(key, nonce, sealed, data);
  const sealed = cipher.seal(key, nonce, plaintext, additionalData);
  expectLength(backend, 'aes256gcm.seal', sealed, plaintext.length + 16);
  expectFold(backend, 'aes256gcm.seal', [sealed], answers.seal);
  const opened = open(sealed);
  if (!(opened instanceof Uint8Array) || hex(opened) !== hex(plaintext)) throw wrong(backend, 'aes256gcm.open');
  // A plaintext of no bytes leaves nothing but the tag: what is shorter must not pass for one.
  const tag = cipher.seal(key, nonce, nonce.subarray(12), additionalData);
  const refused = [
    open(sealed, nonce),
    ...[0, 36, 37, 52].map((at) => open(sealed.map((byte, i) => (i === at ? byte ^ 1 : byte)))),
    ...[0, 4, 8, 12, 13, 14, 15].map((length) => open(tag.subarray(0, length))),
  ];
  if (refused.some((each) => each !== undefined)) throw wrong(backend, 'aes256gcm.open');
}

/** Compares with one HMAC over all outputs. */
function expectFold(backend: Backend, method: string, outputs: readonly Uint8Array[], answer: string): void {
  const folded = backend.hmacSha512(foldKey(), concat(...outputs));
  if (hex(folded.subarray(0, 16)) !== answer) throw wrong(backend, method);
}

function expectLength(backend: Backend, method: string, got: unknown, length: number): asserts got is Uint8Array {
  if (!(got instanceof Uint8Array) || got.length !== length) throw wrong(backend, method);
}

function wrong(backend: Backend, method: string): Error {
  return new Error(`backend ${backend.name}: expected the known answer of ${method}, got another; it must not be used`);
}
