// HMAC and HKDF with SHA-512 against answers that are not ours: RFC 4231, the inputs of RFC 5869, edges of every size,
// each from the file, from OpenSSL and from Python's standard library.
import {hkdfSync} from 'node:crypto';
import {type Backend, encodeContext, hex, hkdfSha512, hmacSha512, nobleBackend} from '@etcd-encryption/crypto';
import {nodeBackend} from '@etcd-encryption/crypto/node';
import {createWasmBackendSync} from '@etcd-encryption/wasm';
import {describe, expect, test} from 'vitest';
import {fromHex} from './bundle-arbitraries.ts';
import {noise, range, referenceHmac} from './reference.ts';
import {askPython, hasPython, orWhyNot, type PythonCase} from './second-opinion.ts';
import {publishedVectors} from './vectors.ts';

const backends: readonly (readonly [string, Backend])[] = [
  ['noble', nobleBackend],
  ['node:crypto', nodeBackend],
  ...(['simd', 'scalar'] as const).map((path) => [`wasm ${path}`, createWasmBackendSync({path})] as const),
];
const macs = publishedVectors.hmac.map(({title, key, message, answer}) => ({
  title,
  key: fromHex(key),
  message: fromHex(message),
  answer,
}));
const derivations = publishedVectors.hkdf.map(({title, ikm, salt, info, length, ending}) => ({
  title,
  ikm: fromHex(ikm),
  salt: fromHex(salt),
  info: fromHex(info),
  length,
  ending,
}));

describe.each(backends)('%s', (_, backend) => {
  test.each(macs)('$title ⇒ its HMAC', ({key, message, answer}) => {
    expect(hex(backend.hmacSha512(key, message)).slice(0, answer.length)).toBe(answer);
  });

  test.each(derivations)('HKDF of $title ⇒ $length bytes with this ending', ({ikm, salt, info, length, ending}) => {
    const derived = backend.hkdfSha512(ikm, salt, info, length);
    expect(derived).toHaveLength(length);
    expect(hex(derived).slice(-ending.length)).toBe(ending);
  });

  test('63, 64 and 65 bytes ⇒ each is the beginning of the next', () => {
    const ofLength = (length: number) => hex(backend.hkdfSha512(noise(32), noise(32), noise(85), length));
    expect([ofLength(65).slice(0, 126), ofLength(65).slice(0, 128)]).toEqual([ofLength(63), ofLength(64)]);
  });
});

test('the functions of the library without a backend ⇒ the same answers', () => {
  for (const {key, message, answer} of macs) expect(hex(hmacSha512(key, message)).slice(0, answer.length)).toBe(answer);
  for (const {ikm, salt, info, length, ending} of derivations)
    expect(hex(hkdfSha512(ikm, salt, info, length)).slice(-ending.length)).toBe(ending);
});

test('the answers of the file ⇒ those of the HKDF and HMAC of OpenSSL', () => {
  for (const {key, message, answer} of macs)
    expect(hex(referenceHmac(key, message)).slice(0, answer.length)).toBe(answer);
  for (const {ikm, salt, info, length, ending} of derivations.filter((one) => one.info.length <= 1024))
    expect(
      Buffer.from(hkdfSync('sha512', ikm, salt, info, length))
        .toString('hex')
        .slice(-ending.length),
    ).toBe(ending);
});

test.skipIf(!hasPython)(orWhyNot('the answers of the file, made again by Python ⇒ the same'), () => {
  const made = askPython([...macs, ...derivations].map(withoutAnswer));
  expect(made.slice(0, macs.length).map((mac, i) => mac.slice(0, macs[i]?.answer.length))).toEqual(
    macs.map(({answer}) => answer),
  );
  expect(made.slice(macs.length).map((whole, i) => whole.slice(-(derivations[i]?.ending.length ?? 0)))).toEqual(
    derivations.map(({ending}) => ending),
  );
});

/** Around the ends of blocks, where the padding of SHA-512 needs one more (FIPS 180-4, section 5.1.2). */
const blockEdges = range(3, 33).flatMap((block) => [-18, -17, -16, -1, 0, 1].map((by) => block * 128 + by));

test.skipIf(!hasPython)(
  orWhyNot('messages of 0 to 300 bytes and around every end of a block ⇒ as Python hashes them'),
  () => {
    const cases = [...range(0, 300), ...blockEdges].map((length) => ({key: noise(32, 1), message: noise(length, 2)}));
    const made = askPython(cases);
    for (const [name, backend] of backends)
      expect(
        cases.map(({key, message}) => hex(backend.hmacSha512(key, message))),
        name,
      ).toEqual(made);
  },
);

// Words above 2^53 are where whole numbers of JavaScript end; ones and top bits alone are where shifts go wrong.
test.skipIf(!hasPython)(
  orWhyNot('words above 2^53, of ones and of top bits at 111 to 129 bytes ⇒ as Python hashes them'),
  () => {
    const words = [
      'ffffffffffffffff',
      '0020000000000001',
      '8000000000000000',
      '7fffffffffffffff',
      '00000000ffffffff',
      '8080808080808080',
    ];
    const cases = words.flatMap((word) =>
      [111, 112, 127, 128, 129].flatMap((length): PythonCase[] => {
        const bytes = fromHex(word.repeat(17)).subarray(0, length);
        const key = bytes.subarray(0, 32);
        return [
          {key, message: bytes},
          {ikm: key, salt: bytes, info: bytes, length: 64},
        ];
      }),
    );
    const made = askPython(cases);
    for (const [name, backend] of backends)
      expect(
        cases.map((one) => hex(answerOf(backend, one))),
        name,
      ).toEqual(made);
  },
);

// HMAC pads its key with zeros to a block of 128 bytes (RFC 2104, section 2), so nothing is kept apart by such salts.
// Separation of derived values rests on the context alone, which is injective and never empty.
test('salts of 0, 16, 64 and 128 zero bytes ⇒ one and the same key, 129 zero bytes ⇒ another', () => {
  const zeros = (count: number) => hex(hkdfSha512(range32, new Uint8Array(count), new Uint8Array(0), 32));
  const one = 'f5def084b086c3aea7c1ea1693f66dc54d414765f65467e0ff0bf1e7fed491c9';
  expect([0, 16, 64, 128].map(zeros)).toEqual([one, one, one, one]);
  expect(zeros(129)).not.toBe(one);
  const named = {replicationGroupId: 'group', dimension: 'default', revision: 0, length: 8};
  const contexts = ['group-tag', 'seed-bundle-mac'].map((purpose) => encodeContext({...named, purpose}));
  const derived = contexts.map((context) => hex(hkdfSha512(range32, new Uint8Array(16), context, 8)));
  expect(derived).toEqual(contexts.map((context) => hex(hkdfSha512(range32, new Uint8Array(0), context, 8))));
  expect(new Set(derived).size).toBe(2);
});

const range32 = Uint8Array.from(range(0, 31));

function withoutAnswer(one: PythonCase): PythonCase {
  if ('length' in one) return {ikm: one.ikm, salt: one.salt, info: one.info, length: one.length};
  return {key: one.key, message: one.message};
}

function answerOf(backend: Backend, one: PythonCase): Uint8Array {
  if ('length' in one) return backend.hkdfSha512(one.ikm, one.salt, one.info, one.length);
  return backend.hmacSha512(one.key, one.message);
}
