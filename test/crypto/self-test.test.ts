// The answers of the self-test, made again by programs that are not ours.
import {createCipheriv} from 'node:crypto';
import {expect, test} from 'vitest';
import {answers, batch, foldKey, gcmCase, hkdfCases, hmacCases} from '../../crypto/src/backends/known-answers.ts';
import {keyCheckText} from '../../crypto/src/key-name.ts';
import {fromHex} from './bundle-arbitraries.ts';
import {askPython, hasPython, orWhyNot} from './second-opinion.ts';

/** What a method gave, in hex, as the one answer that is compared. */
const fold = (outputs: readonly string[]): string =>
  askPython([{key: foldKey(), message: fromHex(outputs.join(''))}])[0]?.slice(0, 32) ?? '';

const derivations = (length: number) => {
  const {root, salts, contexts} = batch();
  return contexts.map((info, i) => ({ikm: root, salt: salts[i] ?? root, info, length}));
};

test.skipIf(!hasPython)(orWhyNot("the self-test's HMACs and HKDFs, made by Python ⇒ its answers"), () => {
  expect(fold(askPython(hmacCases()))).toBe(answers.hmacSha512);
  expect(fold(askPython(hkdfCases()))).toBe(answers.hkdfSha512);
  expect(fold(askPython(derivations(64)))).toBe(answers.deriveMany);
});

test.skipIf(!hasPython)(orWhyNot("the self-test's keys and check values, made by Python ⇒ its answer"), () => {
  const keys = askPython(derivations(32));
  const checks = askPython(keys.map((key) => ({key: fromHex(key), message: keyCheckText})));
  expect(fold([...keys, ...checks.map((check) => check.slice(0, 16))])).toBe(answers.deriveKeys);
});

test.skipIf(!hasPython)(orWhyNot("the self-test's ciphertext, made by OpenSSL ⇒ its answer"), () => {
  const {key, nonce, plaintext, additionalData} = gcmCase();
  const cipher = createCipheriv('aes-256-gcm', key, nonce, {authTagLength: 16}).setAAD(additionalData);
  const sealed = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  expect(fold([sealed.toString('hex')])).toBe(answers['aes256gcm.seal']);
});

test('contexts and salts of the batch ⇒ one salt for each context, most of them as real ones are', () => {
  const {salts, contexts} = batch();
  expect(salts).toHaveLength(contexts.length);
  const real = contexts.filter((context, i) => context.length === 85 && salts[i]?.length === 32);
  expect([real.length % 2, real.length % 3, real.length % 4]).not.toContain(0);
});
