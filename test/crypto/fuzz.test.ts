// Bytes and texts from outside, random and mutated: the readers answer, take nothing that the writers would not write,
// and do work that grows with the input and no faster. Configuration files have their own in configuration-reading.
import {
  type Backend,
  concat,
  DataKey,
  decodeSeedBundle,
  encodeSeedBundle,
  fromBase64,
  keyName,
  nobleBackend,
  parseKeyName,
  readUnverifiedSeedBundle,
  toBase64,
  utf8,
} from '@etcd-encryption/crypto';
import {openStoredValue, sealStoredValue} from '@etcd-encryption/crypto/stored-value';
import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {bundleOf, seedOf, settings} from './bundle-arbitraries.ts';

/** Cuts, inserts, overwrites and repeats, one to three times. */
type Change = {readonly at: number; readonly cut: number; readonly insert: Uint8Array};
const change: fc.Arbitrary<Change> = fc.record({
  at: fc.nat(),
  cut: fc.oneof(fc.nat({max: 3}), fc.constantFrom(8, 32, 56, 64)),
  insert: fc.oneof(
    fc.uint8Array({maxLength: 4}),
    fc.constantFrom(56, 32, 8).chain((length) => fc.uint8Array({minLength: length, maxLength: length})),
  ),
});
const changes = fc.array(change, {minLength: 1, maxLength: 3});

function mutate(bytes: Uint8Array, all: readonly Change[]): Uint8Array {
  return all.reduce((now, {at, cut, insert}) => {
    const start = at % (now.length + 1);
    return concat(now.subarray(0, start), insert, now.subarray(start + cut));
  }, bytes);
}

const isSame = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** How often the hashing was asked, and over how many bytes. */
function counting(): {readonly backend: Backend; readonly asked: {hmacs: number; bytes: number; derived: number}} {
  const asked = {hmacs: 0, bytes: 0, derived: 0};
  const backend: Backend = {
    name: 'counting',
    hmacSha512(key, message) {
      asked.hmacs++;
      asked.bytes += key.length + message.length;
      return nobleBackend.hmacSha512(key, message);
    },
    hkdfSha512: (ikm, salt, info, length) => nobleBackend.hkdfSha512(ikm, salt, info, length),
    deriveMany(root, salts, contexts, length) {
      asked.derived += contexts.length;
      return nobleBackend.deriveMany(root, salts, contexts, length);
    },
  };
  decodeSeedBundle(new Uint8Array(), settings, backend); // its self-test
  Object.assign(asked, {hmacs: 0, bytes: 0, derived: 0});
  return {backend, asked};
}

describe('seed bundles', () => {
  const good = [bundleOf([1]), bundleOf([3, 4, 9]), bundleOf(Array.from({length: 64}, (_, i) => i + 1))].map((bundle) =>
    encodeSeedBundle(bundle, settings),
  );
  const words = /^(malformed|unsupported|root-key-mismatch|group-mismatch|dimension-mismatch|tampered)$/;

  test('any bytes, also behind a good header ⇒ an outcome and a detail, never ok', () => {
    const start = fc.constantFrom(0, 4, 6, 32, 64).map((length) => (good[0] ?? new Uint8Array()).subarray(0, length));
    fc.assert(
      fc.property(start, fc.uint8Array({maxLength: 200}), (header, rest) => {
        const decoded = decodeSeedBundle(concat(header, rest), settings);
        expect(decoded.outcome).toMatch(words);
        expect('detail' in decoded && decoded.detail).toBeTruthy();
      }),
      {numRuns: 1000, endOnFailure: true},
    );
  });

  test('any change of a good one ⇒ never ok, unless nothing changed', () => {
    fc.assert(
      fc.property(fc.constantFrom(...good), changes, (bytes, all) => {
        const changed = mutate(bytes, all);
        const {outcome} = decodeSeedBundle(changed, settings);
        if (isSame(changed, bytes)) expect(outcome).toBe('ok');
        else expect(outcome).toMatch(words);
      }),
      {numRuns: 600, endOnFailure: true},
    );
  });

  test('parts of two good ones under one id ⇒ never ok', () => {
    const [a, b] = [bundleOf([3, 4]), bundleOf([3, 5], {generation: 6})].map((one) => encodeSeedBundle(one, settings));
    if (a === undefined || b === undefined) throw new Error('expected two bundles');
    for (let at = 1; at < a.length; at++) {
      const joined = concat(a.subarray(0, at), b.subarray(at));
      if (!isSame(joined, a) && !isSame(joined, b)) expect(decodeSeedBundle(joined, settings).outcome).toMatch(words);
    }
  });

  test('what is read without a key ⇒ written again it differs in tags and MAC at most', () => {
    fc.assert(
      fc.property(fc.constantFrom(...good), changes, (bytes, all) => {
        const changed = mutate(bytes, all);
        const read = readUnverifiedSeedBundle(changed);
        if (read.outcome !== 'ok') return;
        const again = encodeSeedBundle(read.bundle, settings);
        expect(again).toHaveLength(changed.length);
        expect(again.subarray(0, 32)).toEqual(changed.subarray(0, 32));
        expect(again.subarray(64, -32)).toEqual(changed.subarray(64, -32));
      }),
      {numRuns: 400, endOnFailure: true},
    );
  });

  test('of any length, honest and hostile ⇒ at most four derivations and one HMAC over the bytes before the MAC', () => {
    const {backend, asked} = counting();
    const expectWork = (bytes: Uint8Array, derived: number, hmacs: number) => {
      Object.assign(asked, {hmacs: 0, bytes: 0, derived: 0});
      decodeSeedBundle(bytes, settings, backend);
      expect(asked).toEqual({derived, hmacs, bytes: hmacs * (64 + bytes.length - 32)});
    };
    for (const bytes of good) expectWork(bytes, 4, 1);
    for (const count of [0, 65, 1000, 65_535]) {
      const [template = new Uint8Array()] = good;
      const bytes = concat(template.subarray(0, 64), new Uint8Array(56 * count + 32));
      bytes.set([count >> 8, count & 255], 6);
      expectWork(bytes, 4, 1);
      // A foreign tag: known before the MAC is asked for.
      bytes[32] = (bytes[32] ?? 0) ^ 1;
      expectWork(bytes, 4, 0);
      // A length that does not fit: known before anything is derived.
      expectWork(bytes.subarray(1), 0, 0);
    }
  });

  test('far longer than any bundle ⇒ malformed, and the input is not copied whole', () => {
    const bytes = new Uint8Array(2 ** 28);
    bytes.set(good[0]?.subarray(0, 64) ?? []);
    const copied: number[] = [];
    const watched = Object.defineProperty(bytes, 'subarray', {
      value: (start: number, end: number) => {
        copied.push(end - start);
        return Uint8Array.prototype.subarray.call(bytes, start, end);
      },
    });
    expect(decodeSeedBundle(watched, settings)).toMatchObject({outcome: 'malformed'});
    expect(copied).toEqual([3_670_057]);
  });
});

describe('base64', () => {
  const characters = fc.string({
    unit: fc.constantFrom(...'ABab09+/=-_ \n\r\t', '\u0000', '\u00e9', '\u{1f511}'),
    maxLength: 24,
  });

  test('any change of a good text ⇒ the same bytes, or refused at a place within it', () => {
    fc.assert(
      fc.property(fc.uint8Array({maxLength: 40}), fc.nat(), fc.nat({max: 3}), characters, (bytes, at, cut, insert) => {
        const text = toBase64(bytes);
        const start = at % (text.length + 1);
        const changed = text.slice(0, start) + insert + text.slice(start + cut);
        const read = fromBase64(changed);
        if (read.outcome === 'ok') expect(toBase64(read.bytes)).toBe(changed.replace(/[\r\n]/g, ''));
        else expect(read.at).toBeLessThanOrEqual(changed.length);
      }),
      {numRuns: 2000, endOnFailure: true},
    );
  });

  test.each(['A', '=', '\n', 'AA=', 'AAA\n', '\u{1f511}'])('4 MB of %j ⇒ answered', (piece) => {
    const text = piece.repeat(Math.ceil(4_000_000 / piece.length));
    const read = fromBase64(text);
    if (read.outcome === 'ok') expect(toBase64(read.bytes)).toBe(text.replaceAll('\n', ''));
    else expect(read.at).toBeLessThanOrEqual(text.length);
  });
});

describe('key names', () => {
  test('any text ⇒ read only if it is exactly what would be written', () => {
    const near = fc
      .tuple(
        fc.constantFrom('r', 'R', ' r', ''),
        fc.bigInt({min: 0n, max: 10n ** 17n}),
        fc.constantFrom('-', '--', ''),
        fc.string({unit: fc.constantFrom(...'0123456789abcdefA\n'), minLength: 7, maxLength: 9}),
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.oneof(near, fc.string({unit: 'binary', maxLength: 30})), (text) => {
        const parsed = parseKeyName(text);
        if (parsed === undefined) return;
        expect(`r${parsed.revision}-${parsed.checkPrefix}`).toBe(text);
        expect(Number.isSafeInteger(parsed.revision)).toBe(true);
        expect(keyName(parsed.revision, seedOf(1))).toHaveLength(text.length);
      }),
      {numRuns: 3000, endOnFailure: true},
    );
  });

  test.each(['r1', '1', 'r', '-', 'r1-00000000'])('1 MB of %j ⇒ none of ours', (piece) => {
    expect(parseKeyName(piece.repeat(Math.ceil(1_000_000 / piece.length)))).toBeUndefined();
  });
});

describe('stored values', () => {
  const key = new DataKey({revision: 3, key: seedOf(7)});
  const path = '/registry/secrets/default/a';
  const plaintext = utf8('k8s\0a secret value');
  const value = sealStoredValue(plaintext, path, key, (n) => seedOf(50).subarray(0, n));

  test('any change of a good one ⇒ opened only if nothing changed', () => {
    fc.assert(
      fc.property(changes, (all) => {
        const changed = mutate(value, all);
        const opened = openStoredValue(changed, path, [key]);
        if (isSame(changed, value)) expect(opened).toMatchObject({outcome: 'opened', plaintext});
        else expect(opened.outcome).not.toBe('opened');
      }),
      {numRuns: 1000, endOnFailure: true},
    );
  });
});
