// Both kernels and the fallback give OpenSSL's bytes, on both sides of every edge: blocks, batches, memory.
import type {Backend} from '@etcd-encryption/crypto';
import {createWasmBackendSync} from '@etcd-encryption/wasm';
import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {bytesOf, hexOf, hkdfOf, hmacOf} from './known.ts';

const root = bytesOf(32, 1);
const checkText = bytesOf(26, 2);
const edges = [0, 1, 55, 63, 64, 65, 110, 111, 112, 127, 128, 129, 255, 256, 257];

/** More than the kernel's memory and than the pieces that a message is taken in by. */
const longer = 100_000;
const pieceBytes = 99_840;

const manySalts = (count: number, length = 32) => Array.from({length: count}, (_, i) => bytesOf(length, i));
const derivedOf = (salts: readonly Uint8Array[], contexts: readonly Uint8Array[], length: number): string[] =>
  salts.map((salt, i) => hkdfOf(root, salt, contexts[i] ?? root, length));

function expectBatch(backend: Backend, salts: readonly Uint8Array[], contexts: readonly Uint8Array[]): void {
  const wanted = derivedOf(salts, contexts, 32);
  expect(backend.deriveMany(root, salts, contexts, 32).map(hexOf)).toEqual(wanted);
  const packed = backend.deriveKeys?.(root, salts, contexts, checkText);
  if (packed === undefined) return;
  expect(hexOf(packed.keys)).toBe(wanted.join(''));
  const checks = wanted.map((key) => hmacOf(Buffer.from(key, 'hex'), checkText).slice(0, 16));
  expect(hexOf(packed.checks)).toBe(checks.join(''));
}

describe.each(['simd', 'scalar', 'noble'] as const)('%s', (path) => {
  const backend = createWasmBackendSync({path});

  test('contexts of 1 to 600 bytes under salts of 0 to 200 ⇒ the derivation of OpenSSL', () => {
    for (let length = 1; length <= 600; length++) {
      const [salt, context] = [bytesOf(length % 201, length), bytesOf(length, 3)];
      expect(hexOf(backend.hkdfSha512(root, salt, context, 32)), `${length}`).toBe(hkdfOf(root, salt, context, 32));
    }
  });

  test('1 to 64 bytes wanted ⇒ as many, alone and in a batch', () => {
    const salts = manySalts(4);
    const contexts = salts.map((_, i) => bytesOf(85, i));
    for (let length = 1; length <= 64; length++) {
      const wanted = derivedOf(salts, contexts, length);
      expect(backend.deriveMany(root, salts, contexts, length).map(hexOf)).toEqual(wanted);
      expect(hexOf(backend.hkdfSha512(root, bytesOf(32, 0), bytesOf(85, 0), length))).toBe(wanted[0]);
    }
  });

  test.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 254, 255, 256, 257, 511, 513])(
    'a batch of %i ⇒ all of them',
    (count) => {
      expectBatch(
        backend,
        manySalts(count),
        manySalts(count).map((_, i) => bytesOf(85, i)),
      );
    },
  );

  test('a batch whose contexts take one to five blocks in turn, some salts longer than a block ⇒ all of them', () => {
    const salts = Array.from({length: 60}, (_, i) => bytesOf(i % 7 === 0 ? 129 + i : i, i));
    expectBatch(
      backend,
      salts,
      salts.map((_, i) => bytesOf(((i >> 2) * 37) % 600, i)),
    );
  });

  test('a batch of contexts that hardly fit the memory, fit it alone, or do not fit it ⇒ all of them', () => {
    const lengths = [300, 49_000, 49_000, 49_000, 20_000, 20_000, 20_000, 20_000, 99_800, 99_840, longer, 85];
    expectBatch(
      backend,
      lengths.map((_, i) => bytesOf(32, i)),
      lengths.map((length, i) => bytesOf(length, i)),
    );
  });

  test('roots on both sides of a block ⇒ the derivations of OpenSSL', () => {
    for (const length of [...edges, longer]) {
      const ikm = bytesOf(length, 5);
      const salts = manySalts(3);
      const wanted = salts.map((salt) => hkdfOf(ikm, salt, bytesOf(85, 6), 40));
      const contexts = salts.map(() => bytesOf(85, 6));
      expect(backend.deriveMany(ikm, salts, contexts, 40).map(hexOf), `${length}`).toEqual(wanted);
    }
  });

  test('check texts of 0 to 64 bytes ⇒ the check values of OpenSSL', () => {
    const [salts, contexts] = [manySalts(4), manySalts(4, 85)];
    const keys = derivedOf(salts, contexts, 32).map((key) => Buffer.from(key, 'hex'));
    for (let length = 0; length <= 64; length++) {
      const text = bytesOf(length, 7);
      const wanted = keys.map((key) => hmacOf(key, text).slice(0, 16)).join('');
      expect(hexOf(backend.deriveKeys?.(root, salts, contexts, text).checks ?? Buffer.from(wanted, 'hex'))).toBe(
        wanted,
      );
    }
  });

  test('HMAC of keys and messages on both sides of blocks, pieces and the memory ⇒ that of OpenSSL', () => {
    const lengths = [...edges, pieceBytes - 1, pieceBytes, pieceBytes + 1, longer, 2 * pieceBytes, 2 * pieceBytes + 1];
    for (const length of lengths) {
      const bytes = bytesOf(length, 8);
      expect(hexOf(backend.hmacSha512(bytes, checkText)), `key of ${length}`).toBe(hmacOf(bytes, checkText));
      expect(hexOf(backend.hmacSha512(root, bytes)), `message of ${length}`).toBe(hmacOf(root, bytes));
    }
  });

  test('HKDF of 1 to 16,320 bytes ⇒ that of OpenSSL', () => {
    for (const length of [1, 63, 64, 65, 127, 128, 129, 1000, 8192, 16_319, 16_320]) {
      for (const info of edges) {
        const parts = [bytesOf(200, 9), bytesOf(info, 10), bytesOf(info, 11), length] as const;
        expect(hexOf(backend.hkdfSha512(...parts)), `${length} of ${info}`).toBe(hkdfOf(...parts));
      }
    }
  });

  test('HKDF whose parts do not fit the memory, alone or together ⇒ the same as by HMACs', () => {
    const sizes = [
      [longer, 32, 85],
      [32, longer, 85],
      [32, 32, longer],
      [40_000, 40_000, 40_000],
      [33_000, 33_000, 33_000],
    ] as const;
    for (const [salt, ikm, info] of sizes) {
      const parts = [bytesOf(ikm, 12), bytesOf(salt, 13), bytesOf(info, 14), 200] as const;
      expect(hexOf(backend.hkdfSha512(...parts)), `${salt} ${ikm} ${info}`).toBe(hkdfOf(...parts));
    }
  });

  test('any batch of any lengths ⇒ as one by one, and inputs stay as they were', () => {
    const item = fc.tuple(fc.uint8Array({maxLength: 200}), fc.uint8Array({maxLength: 400}));
    const batch = fc.array(item, {maxLength: 12});
    fc.assert(
      fc.property(fc.uint8Array({maxLength: 150}), batch, fc.integer({min: 1, max: 64}), (ikm, items, length) => {
        const copies = items.map(([salt, context]) => [Uint8Array.from(salt), Uint8Array.from(context)]);
        const [salts, contexts] = [items.map(([salt]) => salt), items.map(([, context]) => context)];
        const wanted = items.map(([salt, context]) => hkdfOf(ikm, salt, context, length));
        expect(backend.deriveMany(ikm, salts, contexts, length).map(hexOf)).toEqual(wanted);
        expect(items).toEqual(copies);
      }),
      {numRuns: 150},
    );
  });

  test('inputs that are views with offsets, some on shared memory ⇒ the same bytes', () => {
    const view = (bytes: Uint8Array, buffer: ArrayBuffer | SharedArrayBuffer) => {
      const shifted = new Uint8Array(buffer, 5, bytes.length);
      shifted.set(bytes);
      return shifted;
    };
    const places = [new ArrayBuffer(1000), new SharedArrayBuffer(1000)];
    for (const length of [32, 130]) {
      const [ikm, salt, context] = [root, bytesOf(length, 15), bytesOf(85, 16)];
      for (const place of places) {
        expect(hexOf(backend.hkdfSha512(view(ikm, place), salt, context, 32))).toBe(hkdfOf(ikm, salt, context, 32));
        const many = backend.deriveMany(ikm, [view(salt, place)], [context], 32);
        expect(many.map(hexOf)).toEqual([hkdfOf(ikm, salt, context, 32)]);
        expect(backend.deriveMany(ikm, [salt], [view(context, place)], 32)).toEqual(many);
        expect(hexOf(backend.hmacSha512(view(salt, place), context))).toBe(hmacOf(salt, context));
        expect(hexOf(backend.hmacSha512(salt, view(context, place)))).toBe(hmacOf(salt, context));
      }
    }
  });

  test('every answer ⇒ has a buffer of its own, which nothing else fills', () => {
    const answers = [
      backend.hmacSha512(root, root),
      backend.hkdfSha512(root, root, root, 32),
      backend.hkdfSha512(root, root, root, 100),
      ...backend.deriveMany(root, [root, root], [root, root], 32),
      ...Object.values(backend.deriveKeys?.(root, [root, root], [root, root], checkText) ?? {}),
    ];
    expect(new Set(answers.map(({buffer}) => buffer)).size).toBe(answers.length);
    for (const answer of answers) expect(answer.buffer.byteLength).toBe(answer.length);
  });
});
