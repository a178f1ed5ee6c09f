// Backends that are right but for one thing, and the proof that nobody gets to use one.
import {
  type Backend,
  concat,
  deriveDataKey,
  deriveDataKeys,
  hkdfSha512,
  hmacSha512,
  nextSeed,
  nobleBackend,
  proveBackend,
} from '@etcd-encryption/crypto';
import {nodeBackend} from '@etcd-encryption/crypto/node';
import {expect} from 'vitest';
import {noise, range} from './reference.ts';

export const settings = {rootKey: noise(32, 1), replicationGroupId: 'group'};
export const entry = {revision: 1, seed: noise(32, 2)};

/** A right backend with every method there is, which nobody has tested yet. */
export function rightBackend(): Backend & Required<Pick<Backend, 'deriveKeys' | 'aes256gcm'>> {
  return {
    ...nobleBackend,
    name: 'the one',
    deriveKeys(root, salts, contexts, checkText) {
      const keys = nobleBackend.deriveMany(root, salts, contexts, 32);
      const checks = keys.map((key) => hmacSha512(key, checkText).subarray(0, 8));
      return {keys: concat(...keys), checks: concat(...checks)};
    },
    aes256gcm: nodeBackend.aes256gcm ?? {seal: (_, __, text) => text, open: (_, __, text) => text},
  };
}

export const right: ReturnType<typeof rightBackend> = rightBackend();

/** The bytes with one bit turned over. */
export function flip(bytes: Uint8Array, bit: number): Uint8Array {
  return Uint8Array.from(bytes, (byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
}

/** One bit of every byte, another one each time. */
export const bitsOf = (bytes: number): number[] => range(0, bytes - 1).map((i) => i * 8 + (i % 8));

/** Fails unless a backend with these methods is refused, by name and method, whoever uses it first. */
export function expectRefused(methods: Partial<Backend>, method: string): void {
  const broken = () => ({...rightBackend(), name: 'a broken one', ...methods});
  const message = `backend a broken one: expected the known answer of ${method}, got another; it must not be used`;
  expect(() => proveBackend(broken())).toThrow(new Error(message));
  const shared = broken();
  const uses: readonly (() => unknown)[] = [
    () => deriveDataKey({...settings, ...entry}, shared),
    () => deriveDataKeys(settings, [entry], shared),
    () => deriveDataKeys(settings, [], shared),
    () => nextSeed(settings, entry, shared),
    () => hkdfSha512(noise(32), noise(32), noise(32), 32, shared),
  ];
  for (const use of uses) expect(use).toThrow(new Error(message));
}
