// The SeedBundle codec: properties, then every way to be wrong. Known answers are in known-answers.test.ts.
import {createHmac} from 'node:crypto';
import {
  type Backend,
  concat,
  decodeSeedBundle,
  encodeContext,
  encodeSeedBundle,
  hkdfSha512,
  nobleBackend,
  readUnverifiedSeedBundle,
  type SeedBundle,
} from '@etcd-encryption/crypto';
import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {anyBundle, bundleOf, entryOf, rootKey, settings, wrongBundles} from './bundle-arbitraries.ts';
import {expectNoTrace} from './no-trace.ts';

const empty = new Uint8Array();

test('any bundle ⇒ it is read as it was written, and written again as the same bytes', () => {
  fc.assert(
    fc.property(anyBundle, (bundle) => {
      const bytes = encodeSeedBundle(bundle, settings);
      expect(bytes).toHaveLength(96 + 56 * bundle.entries.length);
      const decoded = decodeSeedBundle(bytes, settings);
      expect(decoded).toEqual({outcome: 'ok', bundle});
      if (decoded.outcome === 'ok') expect(encodeSeedBundle(decoded.bundle, settings)).toEqual(bytes);
      expect(readOk(bytes).bundle).toEqual(bundle);
    }),
    {numRuns: 60},
  );
});

test('each bit of a bundle is changed ⇒ never ok, and the outcome is the one of its field', () => {
  const bytes = encodeSeedBundle(bundleOf([3, 4]), settings);
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = bytes.slice();
    const place = bit >> 3;
    changed[place] = (changed[place] ?? 0) ^ (1 << (bit & 7));
    expect(decodeSeedBundle(changed, settings).outcome, `byte ${place}`).toBe(outcomeAt(place));
  }
});

/** derivation.md's table of offsets, as outcomes. */
function outcomeAt(place: number): string {
  if (place < 4) return 'malformed';
  if (place < 6) return 'unsupported';
  if (place < 8) return 'malformed';
  if (place >= 32 && place < 40) return 'root-key-mismatch';
  if (place >= 40 && place < 56) return 'group-mismatch';
  return place >= 56 && place < 64 ? 'dimension-mismatch' : 'tampered';
}

test('a bundle is cut or lengthened anywhere ⇒ malformed', () => {
  const bytes = encodeSeedBundle(bundleOf([3, 4]), settings);
  for (let length = 0; length < bytes.length; length++)
    expect(decodeSeedBundle(bytes.subarray(0, length), settings).outcome).toBe('malformed');
  for (const more of [1, 55, 56, 57]) {
    const longer = concat(bytes, new Uint8Array(more));
    expect(decodeSeedBundle(longer, settings).outcome).toBe('malformed');
  }
});

test('bytes that are no bundle in several ways ⇒ the first in the order of derivation.md', () => {
  const bytes = encodeSeedBundle(bundleOf([1]), settings);
  const decode = (...changes: readonly [at: number, value: number][]) => {
    const changed = bytes.slice();
    for (const [at, value] of changes) changed[at] = value;
    return decodeSeedBundle(changed, settings).outcome;
  };
  expect(decode([0, 0], [4, 2])).toBe('malformed');
  expect(decode([4, 2], [6, 9])).toBe('unsupported');
  expect(decode([5, 2], [6, 9])).toBe('unsupported');
  expect(decode([6, 9], [32, 0xff])).toBe('malformed');
  const unknown = Uint8Array.from(bytes, (byte, at) => (at === 4 ? 2 : byte));
  for (const length of [4, 8, 63])
    expect(decodeSeedBundle(unknown.subarray(0, length), settings).outcome).toBe('malformed');
  expect(decodeSeedBundle(unknown.subarray(0, 64), settings).outcome).toBe('unsupported');
});

describe('a bundle with one wrong field', () => {
  test.each(wrongBundles)('%s ⇒ the writer refuses it and names the field', (_, bundle, words) => {
    const encode = () => encodeSeedBundle(bundle, settings);
    expect(encode).toThrow(RangeError);
    expect(encode).toThrow(words);
  });

  test.each(wrongBundles)('%s, with a good MAC ⇒ malformed with the same words', (_, bundle, words) => {
    const bytes = signed(bundle);
    const decoded = decodeSeedBundle(bytes, settings);
    expect(decoded).toEqual({outcome: 'malformed', detail: expect.stringContaining(words)});
    expect(readUnverifiedSeedBundle(bytes)).toEqual(decoded);
  });

  test('the largest count of its two bytes, with a good MAC ⇒ malformed by its count', () => {
    const many = bundleOf([], {entries: Array.from({length: 65_535}, () => entryOf(1))});
    expect(decodeSeedBundle(signed(many), settings)).toMatchObject({detail: 'entries: expected 1 to 64, got 65535'});
    expect(decodeSeedBundle(new Uint8Array(3_670_057), settings)).toMatchObject({
      outcome: 'malformed',
      detail: 'expected "EESB" at the start, got other bytes',
    });
  });
});

/** A bundle with a MAC that verifies, whatever stands in it, written without the writer. */
function signed({bundleId, generation, entries}: SeedBundle): Uint8Array {
  const good = encodeSeedBundle(bundleOf([1], {bundleId}), settings);
  const body = Buffer.alloc(64 + 56 * entries.length);
  body.set(good.subarray(0, 64));
  body.writeUInt16BE(entries.length, 6);
  body.writeBigUInt64BE(BigInt(generation), 24);
  entries.forEach(({revision, createdAtMs, activateAtMs, seed}, i) => {
    [revision, createdAtMs, activateAtMs].forEach((value, j) => {
      body.writeBigUInt64BE(BigInt(value), 64 + 56 * i + 8 * j);
    });
    body.set(seed, 88 + 56 * i);
  });
  const context = encodeContext({
    purpose: 'seed-bundle-mac',
    replicationGroupId: settings.replicationGroupId,
    dimension: 'default',
    revision: 0,
    length: 64,
  });
  const macKey = hkdfSha512(rootKey, bundleId, context, 64);
  const mac = createHmac('sha512', macKey).update(body).digest().subarray(0, 32);
  return Uint8Array.from([...body, ...mac]);
}

describe('misuse', () => {
  const good = bundleOf([1]);
  const wrongTypes: readonly (readonly [string, unknown])[] = [
    ['bundleId: expected a Uint8Array, got a undefined', null],
    ['bundleId: expected a Uint8Array, got a undefined', 'EESB'],
    ['bundleId: expected a Uint8Array, got a string', {...good, bundleId: 'abc'}],
    ['entries: expected an array, got an object', {...good, entries: {}}],
    ['entries[0].seed: expected a Uint8Array, got a undefined', {...good, entries: [1]}],
    ['entries[0].seed: expected a Uint8Array, got an array', {...good, entries: [{...entryOf(1), seed: [1]}]}],
  ];

  test.each(wrongTypes)('%s ⇒ TypeError', (words, bundle) => {
    const encode = () => encodeSeedBundle(bundle as SeedBundle, settings);
    expect(encode).toThrow(TypeError);
    expect(encode).toThrow(words);
  });

  const wrongNumbers: readonly (readonly [string, SeedBundle])[] = [
    ['generation: expected a whole number from 1 to 2^53 - 1, got a string', {...good, generation: '1' as never}],
    [
      'entries[0].revision: expected a whole number from 1 to 2^53 - 1, got a bigint',
      {...good, entries: [entryOf(1, {revision: 1n as never})]},
    ],
    [
      'entries[0].createdAtMs: expected a whole number from 0 to 2^53 - 1, got null',
      {...good, entries: [entryOf(1, {createdAtMs: null as never})]},
    ],
    ['bundleId: expected 16 bytes, got 15', {...good, bundleId: new Uint8Array(15)}],
    [
      'entries[0].seed: expected 32 bytes, got 31',
      {...good, entries: [entryOf(1, {seed: new Uint8Array(31).fill(1)})]},
    ],
    ['generation: expected a whole number from 1 to 2^53 - 1, got 1.5', {...good, generation: 1.5}],
    [
      'entries[0].createdAtMs: expected a whole number from 0 to 2^53 - 1, got -1',
      {...good, entries: [entryOf(1, {createdAtMs: -1})]},
    ],
    [
      'entries[0].activateAtMs: expected a whole number from 1780000001000 to 2^53 - 1, got NaN',
      {...good, entries: [entryOf(1, {activateAtMs: Number.NaN})]},
    ],
  ];

  test.each(wrongNumbers)('%s ⇒ RangeError', (words, bundle) => {
    const encode = () => encodeSeedBundle(bundle, settings);
    expect(encode).toThrow(RangeError);
    expect(encode).toThrow(words);
  });

  test('bytes of another type, or other settings ⇒ thrown, whatever the bytes', () => {
    for (const bytes of ['RUVT', [69], null, new ArrayBuffer(96), new Uint16Array(96)])
      expect(() => decodeSeedBundle(bytes as never, settings)).toThrow('bytes: expected a Uint8Array');
    expect(() => decodeSeedBundle(empty, {...settings, replicationGroupId: 'a\n'})).toThrow(RangeError);
    expect(() => decodeSeedBundle(empty, {...settings, rootKey: new Uint8Array(31)})).toThrow('got 31');
    expect(() => encodeSeedBundle(good, {...settings, dimension: ''})).toThrow(RangeError);
  });
});

test('bytes are a view in a larger buffer, and change after the call ⇒ the answer stands on its own', () => {
  const bytes = encodeSeedBundle(bundleOf([3, 4]), settings);
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length + 10)).subarray(7, 7 + bytes.length);
  shared.set(bytes);
  const decoded = decodeSeedBundle(shared, settings);
  shared.fill(0xff);
  expect(decoded).toEqual({outcome: 'ok', bundle: bundleOf([3, 4])});
});

test('bytes that another thread changes while they are looked at ⇒ MAC and content are of one copy', () => {
  const bytes = encodeSeedBundle(bundleOf([3, 4]), settings);
  // The MAC is asked for exactly once; then the buffer that was given becomes another bundle.
  const other = encodeSeedBundle(bundleOf([8, 9]), settings);
  const backend: Backend = {
    ...nobleBackend,
    hmacSha512(key, message) {
      const mac = nobleBackend.hmacSha512(key, message);
      if (message.length === bytes.length - 32) bytes.set(other);
      return mac;
    },
  };
  expect(decodeSeedBundle(bytes, settings, backend)).toEqual({outcome: 'ok', bundle: bundleOf([3, 4])});
  expect(bytes).toEqual(other);
});

test('a bundle that another thread changes while it is written ⇒ content and MAC are of one copy', () => {
  const bundle = structuredClone(bundleOf([3, 4]));
  const backend: Backend = {
    ...nobleBackend,
    deriveMany(root, salts, contexts, length) {
      // Not in the self-test, which comes before.
      const writing = contexts.length === 4;
      if (writing) for (const bytes of [bundle.bundleId, ...bundle.entries.map(({seed}) => seed)]) bytes.fill(1);
      return nobleBackend.deriveMany(root, salts, contexts, length);
    },
  };
  expect(encodeSeedBundle(bundle, settings, backend)).toEqual(encodeSeedBundle(bundleOf([3, 4]), settings));
});

test('a bundle that was read ⇒ its arrays have memory of their own', () => {
  const decoded = decodeSeedBundle(encodeSeedBundle(bundleOf([3, 4]), settings), settings);
  if (decoded.outcome !== 'ok') throw new Error(decoded.detail);
  const {bundleId, entries} = decoded.bundle;
  const arrays = [bundleId, ...entries.map(({seed}) => seed)];
  expect(arrays.map(({buffer}) => buffer.byteLength)).toEqual([16, 32, 32]);
});

test.each(['read', 'written'] as const)('a bundle is %s by another backend ⇒ the MAC key is wiped', (way) => {
  const macKeys: Uint8Array[] = [];
  const backend: Backend = {
    ...nobleBackend,
    hmacSha512(key, message) {
      if (message[0] === 0x45 && message[3] === 0x42) macKeys.push(key);
      return nobleBackend.hmacSha512(key, message);
    },
  };
  const bytes = encodeSeedBundle(bundleOf([1]), settings);
  if (way === 'read') expect(decodeSeedBundle(bytes, settings, backend).outcome).toBe('ok');
  else expect(encodeSeedBundle(bundleOf([1]), settings, backend)).toEqual(bytes);
  expect(macKeys).toEqual([new Uint8Array(64)]);
});

test('every refusal ⇒ no four bytes of root key, seed or group id in its words', () => {
  const bytes = encodeSeedBundle(bundleOf([3, 4]), settings);
  const texts: string[] = [];
  for (let place = 0; place < bytes.length; place++) {
    const changed = bytes.slice();
    changed[place] = (changed[place] ?? 0) ^ 0x80;
    texts.push(JSON.stringify(decodeSeedBundle(changed, settings)));
  }
  for (const [, bundle] of wrongBundles) {
    texts.push(JSON.stringify(decodeSeedBundle(signed(bundle), settings)));
    texts.push(String(caught(() => encodeSeedBundle(bundle, settings)).stack));
  }
  for (const group of [` ${settings.replicationGroupId}`, `${settings.replicationGroupId}\n`])
    texts.push(String(caught(() => decodeSeedBundle(bytes, {...settings, replicationGroupId: group})).message));
  expectNoTrace(texts.join('\n'), [rootKey, entryOf(3).seed, entryOf(4).seed], [settings.replicationGroupId]);
});

function caught(f: () => unknown): Error {
  try {
    f();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('expected an error');
}

function readOk(bytes: Uint8Array) {
  const read = readUnverifiedSeedBundle(bytes);
  if (read.outcome !== 'ok') throw new Error(read.detail);
  return read;
}
