// A backend that is wrong in one place only is refused by name before it makes a key, and a right one is tested once.
import {type Backend, concat, deriveDataKey, deriveDataKeys, hkdfSha512, proveBackend} from '@etcd-encryption/crypto';
import {describe, expect, test} from 'vitest';
import {noise} from './reference.ts';
import {bitsOf, entry, expectRefused, flip, right, rightBackend, settings} from './wrong-backends.ts';

describe('one bit wrong', () => {
  test('in any byte of an HMAC ⇒ refused', () => {
    for (const bit of bitsOf(64))
      expectRefused({hmacSha512: (key, message) => flip(right.hmacSha512(key, message), bit)}, 'hmacSha512');
  });

  test('in any byte of an HKDF ⇒ refused', () => {
    for (const bit of bitsOf(32)) {
      const hkdf: Backend['hkdfSha512'] = (...given) => flip(right.hkdfSha512(...given), bit);
      expectRefused({hkdfSha512: hkdf}, 'hkdfSha512');
    }
  });

  test('in the second block of an HKDF ⇒ refused', () => {
    const hkdf: Backend['hkdfSha512'] = (...given) => flip(right.hkdfSha512(...given), 64 * 8);
    expectRefused({hkdfSha512: hkdf}, 'hkdfSha512');
  });

  test('in any byte of any item of a batch ⇒ refused', () => {
    for (const bit of bitsOf(64)) {
      const many: Backend['deriveMany'] = (...given) =>
        right.deriveMany(...given).map((each, i) => (i === bit % 9 ? flip(each, bit) : each));
      expectRefused({deriveMany: many}, 'deriveMany');
    }
  });

  test('in any packed key or check value ⇒ refused', () => {
    for (const what of ['keys', 'checks'] as const) {
      for (const bit of bitsOf(what === 'keys' ? 9 * 32 : 9 * 8).filter((_, i) => i % 8 === 7)) {
        const keys: Backend['deriveKeys'] = (...given) => {
          const derived = right.deriveKeys(...given);
          return {...derived, [what]: flip(derived[what], bit)};
        };
        expectRefused({deriveKeys: keys}, 'deriveKeys');
      }
    }
  });
});

describe('wrong for some inputs only', () => {
  const wrongWhen = (
    isSo: (info: Uint8Array, salt: Uint8Array, at: number, count: number) => boolean,
  ): Partial<Backend> => ({
    deriveMany: (root, salts, contexts, length) =>
      right
        .deriveMany(root, salts, contexts, length)
        .map((each, i) => (isSo(contexts[i] ?? root, salts[i] ?? root, i, contexts.length) ? flip(each, 9) : each)),
  });
  const wrongHkdf = (isSo: (info: Uint8Array, salt: Uint8Array) => boolean): Partial<Backend> => ({
    hkdfSha512: (ikm, salt, info, length) => {
      const derived = right.hkdfSha512(ikm, salt, info, length);
      return isSo(info, salt) ? flip(derived, 9) : derived;
    },
  });

  test.each([
    ['long contexts', (info: Uint8Array) => info.length > 300],
    ['contexts of more than one block', (info: Uint8Array) => info.length > 110],
    ['contexts that end in their first block', (info: Uint8Array) => info.length <= 110],
    ['the shortest contexts', (info: Uint8Array) => info.length < 40],
    ['contexts of the usual length', (info: Uint8Array) => info.length === 85],
    ['an empty salt', (_: Uint8Array, salt: Uint8Array) => salt.length === 0],
    ['salts longer than a block', (_: Uint8Array, salt: Uint8Array) => salt.length > 128],
    ['the last of a batch', (_: Uint8Array, __: Uint8Array, at: number, count: number) => at === count - 1],
    ['the first of a batch', (_: Uint8Array, __: Uint8Array, at: number) => at === 0],
    ['the fifth of equal form', (_: Uint8Array, __: Uint8Array, at: number) => at === 5],
    ['inputs whose top bit is set', (info: Uint8Array) => info.some((byte) => byte > 127)],
  ] as const)('a batch that is wrong for %s ⇒ refused', (_, isSo) => {
    expectRefused(wrongWhen(isSo), 'deriveMany');
  });

  test('an HKDF that is wrong for long contexts, for the usual ones or without a salt ⇒ refused', () => {
    expectRefused(
      wrongHkdf((info) => info.length > 300),
      'hkdfSha512',
    );
    expectRefused(
      wrongHkdf((info) => info.length === 85),
      'hkdfSha512',
    );
    expectRefused(
      wrongHkdf((_, salt) => salt.length === 0),
      'hkdfSha512',
    );
  });

  test('an HMAC that is wrong for long keys, long messages or short ones ⇒ refused', () => {
    const wrongHmac = (isSo: (key: Uint8Array, message: Uint8Array) => boolean): Partial<Backend> => ({
      hmacSha512: (key, message) => {
        const made = right.hmacSha512(key, message);
        return isSo(key, message) ? flip(made, 500) : made;
      },
    });
    expectRefused(
      wrongHmac((key) => key.length > 128),
      'hmacSha512',
    );
    expectRefused(
      wrongHmac((_, message) => message.length > 300),
      'hmacSha512',
    );
    expectRefused(
      wrongHmac((_, message) => message.length < 64),
      'hmacSha512',
    );
  });

  test('items of a batch in another order, or the first one for all ⇒ refused', () => {
    expectRefused({deriveMany: (...given) => right.deriveMany(...given).reverse()}, 'deriveMany');
    expectRefused(
      {deriveMany: (...given) => right.deriveMany(...given).map((_, __, all) => all[0] ?? _)},
      'deriveMany',
    );
  });
});

describe('another form', () => {
  test('one byte more or fewer, another array, a number or a promise ⇒ refused', () => {
    const forms: readonly ((bytes: Uint8Array) => unknown)[] = [
      (bytes) => bytes.subarray(1),
      (bytes) => concat(bytes, Uint8Array.of(0)),
      (bytes) => [...bytes],
      (bytes) => Promise.resolve(bytes),
      (bytes) => bytes.length,
      () => undefined,
      () => new Uint8Array(0),
    ];
    for (const form of forms) {
      const made = (bytes: Uint8Array) => form(bytes) as Uint8Array;
      expectRefused({hmacSha512: (key, message) => made(right.hmacSha512(key, message))}, 'hmacSha512');
      expectRefused({hkdfSha512: (...given) => made(right.hkdfSha512(...given))}, 'hkdfSha512');
      expectRefused({deriveMany: (...given) => right.deriveMany(...given).map(made)}, 'deriveMany');
      const keysOf = (...given: Parameters<typeof right.deriveKeys>) => right.deriveKeys(...given);
      expectRefused(
        {deriveKeys: (...given) => ({...keysOf(...given), keys: made(keysOf(...given).keys)})},
        'deriveKeys',
      );
      expectRefused(
        {deriveKeys: (...given) => ({...keysOf(...given), checks: made(keysOf(...given).checks)})},
        'deriveKeys',
      );
    }
  });

  test('a batch of one item fewer, or none ⇒ refused', () => {
    expectRefused({deriveMany: (...given) => right.deriveMany(...given).slice(1)}, 'deriveMany');
    expectRefused({deriveMany: () => undefined as unknown as Uint8Array[]}, 'deriveMany');
    expectRefused({deriveKeys: () => undefined as never}, 'deriveKeys');
  });
});

describe('a right backend', () => {
  function counted(): {readonly backend: Backend; readonly calls: string[]} {
    const calls: string[] = [];
    const count =
      <A extends unknown[], R>(name: string, f: (...given: A) => R) =>
      (...given: A): R => {
        calls.push(name);
        return f(...given);
      };
    const {hmacSha512: hmac, hkdfSha512: hkdf, deriveMany, deriveKeys} = rightBackend();
    const backend: Backend = {
      name: 'counted',
      hmacSha512: count('hmacSha512', hmac),
      hkdfSha512: count('hkdfSha512', hkdf),
      deriveMany: count('deriveMany', deriveMany),
      deriveKeys: count('deriveKeys', deriveKeys),
    };
    return {backend, calls};
  }

  test('used again and again ⇒ is tested at its first use only', () => {
    const {backend, calls} = counted();
    deriveDataKey({...settings, ...entry}, backend);
    expect(calls.slice(0, -1)).toEqual(
      expect.arrayContaining(['hmacSha512', 'hkdfSha512', 'deriveMany', 'deriveKeys']),
    );
    const before = calls.length;
    deriveDataKey({...settings, ...entry}, backend);
    deriveDataKeys(settings, [entry, {...entry, revision: 2}], backend);
    hkdfSha512(noise(32), noise(32), noise(32), 32, backend);
    expect(calls.slice(before)).toEqual(['deriveKeys', 'deriveKeys', 'hkdfSha512']);
  });

  test('proven when it was made ⇒ is not tested at its first use', () => {
    const {backend, calls} = counted();
    expect(proveBackend(backend)).toBe(backend);
    const before = calls.length;
    deriveDataKey({...settings, ...entry}, backend);
    expect(calls.slice(before)).toEqual(['deriveKeys']);
  });

  test('a copy of a proven one with another method ⇒ is tested itself', () => {
    expectRefused(
      {
        ...proveBackend(rightBackend()),
        name: 'a broken one',
        deriveKeys: () => ({keys: noise(288), checks: noise(72)}),
      },
      'deriveKeys',
    );
  });
});

describe('a method exchanged after the self-test', () => {
  const zeros = (length: number) => new Uint8Array(length);
  const exchanges: readonly (readonly [string, Partial<Backend>])[] = [
    ['hmacSha512', {hmacSha512: () => zeros(64)}],
    ['hkdfSha512', {hkdfSha512: (_, __, ___, length) => zeros(length)}],
    ['deriveMany', {deriveMany: (_, salts, __, length) => salts.map(() => zeros(length))}],
    ['deriveKeys', {deriveKeys: (_, salts) => ({keys: zeros(salts.length * 32), checks: zeros(salts.length * 8)})}],
  ];

  test.each(exchanges)('%s by a wrong one ⇒ refused at the next use', (method, wrong) => {
    const backend = {...right};
    deriveDataKey({...settings, ...entry}, backend);
    Object.assign(backend, wrong);
    expect(() => deriveDataKey({...settings, ...entry}, backend)).toThrow(`known answer of ${method}, got another`);
  });

  test("the cipher's by wrong ones, in its place or with it ⇒ refused at the next use", () => {
    const exchanged = {seal: () => zeros(53), open: () => zeros(37)};
    const backend = {...right, aes256gcm: {...right.aes256gcm}};
    for (const exchange of [
      () => Object.assign(backend.aes256gcm, exchanged),
      () => Object.assign(backend, {aes256gcm: exchanged}),
    ]) {
      backend.aes256gcm = {...right.aes256gcm};
      deriveDataKey({...settings, ...entry}, backend);
      exchange();
      expect(() => deriveDataKey({...settings, ...entry}, backend)).toThrow('known answer of aes256gcm.seal');
    }
  });

  test('by another right one ⇒ tested once more, and used', () => {
    const backend = {...right};
    const {name} = deriveDataKey({...settings, ...entry}, backend);
    let calls = 0;
    backend.deriveKeys = (...given) => {
      calls++;
      return right.deriveKeys(...given);
    };
    for (const wanted of [2, 3]) {
      expect(deriveDataKey({...settings, ...entry}, backend).name).toBe(name);
      expect(calls).toBe(wanted);
    }
  });
});

describe('what is no backend', () => {
  test.each([undefined, null, 7, 'noble', {}, {name: 'none'}, Promise.resolve(right)])(
    '%s ⇒ TypeError that names the first method that is missing',
    (given) => {
      const error = new TypeError('backend: expected a method hmacSha512, got none');
      expect(() => proveBackend(given as Backend)).toThrow(error);
      if (given !== undefined) expect(() => deriveDataKey({...settings, ...entry}, given as Backend)).toThrow(error);
    },
  );

  test.each(['hmacSha512', 'hkdfSha512', 'deriveMany'])('one without %s ⇒ TypeError that names it', (method) => {
    const error = new TypeError(`backend: expected a method ${method}, got none`);
    for (const missing of [undefined, {}, 7])
      expect(() => proveBackend({...right, [method]: missing} as Backend)).toThrow(error);
  });
});
