// The self-test of known answers that every backend passes before it hashes anything for us.

import type {Aes256Gcm, Backend} from '../backend.ts';
import {concat, hex} from '../bytes.ts';
import {keyCheckText} from '../key-name.ts';
import {checkValueBytes, dataKeyBytes, maxDerivedBytes} from '../limits.ts';
import {answers, batch, foldKey, gcmCase, hkdfCases, hmacCases} from './known-answers.ts';

/** What passed: each backend with the methods that it had. One that was exchanged since has passed nothing. */
const proven = /* @__PURE__ */ new WeakMap<Backend, readonly unknown[]>();

/** Whether this very backend passed its self-test, with the very methods that it has now. */
export const isProven = (backend: Backend): boolean =>
  proven.get(backend)?.every((method, i) => method === methodsOf(backend)[i]) === true;

function methodsOf({hmacSha512, hkdfSha512, deriveMany, deriveKeys, aes256gcm}: Backend): readonly unknown[] {
  return [hmacSha512, hkdfSha512, deriveMany, deriveKeys, aes256gcm?.seal, aes256gcm?.open];
}

/**
 * Runs the self-test: every method that the backend has, on inputs of every shape (known-answers.ts).
 * @returns the same backend, which counts as proven from now on
 * @throws TypeError that names a method that is missing; Error that names the backend and the method whose answer is
 * wrong; the backend must not be used
 */
export function proveBackend(backend: Backend): Backend {
  for (const name of ['hmacSha512', 'hkdfSha512', 'deriveMany'] as const)
    if (typeof backend?.[name] !== 'function') throw new TypeError(`backend: expected a method ${name}, got none`);
  const methods = methodsOf(backend);
  proveHmac(backend);
  proveHkdf(backend);
  proveMany(backend);
  if (backend.deriveKeys !== undefined) proveKeys(backend);
  if (backend.aes256gcm !== undefined) proveAes256Gcm(backend, backend.aes256gcm);
  proven.set(backend, methods);
  return backend;
}

function proveHmac(backend: Backend): void {
  const made = hmacCases().map(({key, message}) => backend.hmacSha512(key, message));
  // The fold is the HMAC in question, which is no circle: a wrong one gives this answer by chance alone.
  expectAnswer(backend, 'hmacSha512', made, [64, 64]);
}

function proveHkdf(backend: Backend): void {
  const cases = hkdfCases();
  const made = cases.map(({ikm, salt, info, length}) => backend.hkdfSha512(ikm, salt, info, length));
  const lengths = cases.map(({length}) => length);
  expectAnswer(backend, 'hkdfSha512', made, lengths);
}

function proveMany(backend: Backend): void {
  const {root, salts, contexts} = batch();
  const made = backend.deriveMany(root, salts, contexts, maxDerivedBytes);
  const lengths = contexts.map(() => maxDerivedBytes);
  expectAnswer(backend, 'deriveMany', made, lengths);
}

function proveKeys(backend: Backend): void {
  const {root, salts, contexts} = batch();
  const made = backend.deriveKeys?.(root, salts, contexts, keyCheckText);
  const lengths = [dataKeyBytes, checkValueBytes].map((each) => each * contexts.length);
  expectAnswer(backend, 'deriveKeys', [made?.keys, made?.checks], lengths);
}

function proveAes256Gcm(backend: Backend, cipher: Aes256Gcm): void {
  const {key, nonce, plaintext, additionalData} = gcmCase();
  const open = (sealed: Uint8Array, data = additionalData) => cipher.open(key, nonce, sealed, data);
  const sealed = cipher.seal(key, nonce, plaintext, additionalData);
  expectAnswer(backend, 'aes256gcm.seal', [sealed], [plaintext.length + 16]);
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

/** Throws unless the outputs have these lengths and one HMAC over all of them is the known answer. */
function expectAnswer(
  backend: Backend,
  method: keyof typeof answers,
  outputs: unknown,
  lengths: readonly number[],
): void {
  if (!haveLengths(outputs, lengths)) throw wrong(backend, method);
  const folded = backend.hmacSha512(foldKey(), concat(...outputs));
  if (hex(folded.subarray(0, 16)) !== answers[method]) throw wrong(backend, method);
}

const haveLengths = (outputs: unknown, lengths: readonly number[]): outputs is readonly Uint8Array[] =>
  Array.isArray(outputs) &&
  outputs.length === lengths.length &&
  lengths.every((length, i) => outputs[i] instanceof Uint8Array && outputs[i].length === length);

function wrong(backend: Backend, method: string): Error {
  return new Error(`backend ${backend.name}: expected the known answer of ${method}, got another; it must not be used`);
}
