// What a side shows of itself, and how two sides are compared: the first cause and no secret.
import {
  adoptKey,
  type Backend,
  compareFingerprints,
  DataKey,
  deriveDataKeys,
  type Fingerprint,
  fingerprint,
  hex,
  nobleBackend,
  Secret,
  type Settings,
} from '@etcd-encryption/crypto';
import fc from 'fast-check';
import {describe, expect, test, vi} from 'vitest';
import {anyBundle, bundleOf, entryOf, fromHex, rootKey, seedOf, settings} from './bundle-arbitraries.ts';
import {expectNoTrace} from './no-trace.ts';
import {derivedVector, hkdfVectors} from './vectors.ts';

const bundle = bundleOf([3, 4]);
const own = fingerprint(settings, bundle);
const bytesOf = (first: number): Uint8Array => Uint8Array.from({length: 32}, (_, i) => (first + i * 7) & 255);

test('the bundle of a known lineage ⇒ its tags, id, generation, names and check values', () => {
  const {rootKey, replicationGroupId, dimension, bundleId, generation, revisions, bundle: text} = derivedVector;
  const bytes = Uint8Array.from(Buffer.from(text, 'base64'));
  const entries = revisions.map(({seed, ...rest}) => ({...rest, seed: fromHex(seed)}));
  const known = {bundleId: fromHex(bundleId), generation, entries};
  expect(fingerprint({rootKey: fromHex(rootKey), replicationGroupId, dimension}, known)).toEqual({
    rootCheck: hex(bytes.subarray(32, 40)),
    groupTag: hex(bytes.subarray(40, 56)),
    dimensionTag: hex(bytes.subarray(56, 64)),
    bundleId,
    generation,
    revisions: revisions.map(({revision, name, checkValue}) => ({revision, name, checkValue})),
    adopted: [],
  });
});

test.each(hkdfVectors.bundles)('bundle of generation $generation ⇒ the names that the other program gave', (vector) => {
  const {bundleId, generation, entries, replicationGroupId, dimension} = vector;
  const given = entries.map(({revision, createdAt, activateAt, seed}) => ({
    revision,
    createdAtMs: createdAt,
    activateAtMs: activateAt,
    seed: fromHex(seed),
  }));
  const made = fingerprint(
    {rootKey: fromHex(vector.rootKey), replicationGroupId, dimension},
    {bundleId: fromHex(bundleId), generation, entries: given},
  );
  expect(made.revisions.map(({name}) => name)).toEqual(entries.map(({keyName}) => keyName));
  expect(made).toMatchObject({bundleId, generation});
});

describe('keys instead of a bundle', () => {
  const keys = [new DataKey({revision: 2, key: bytesOf(2)}), new DataKey({revision: 1, key: bytesOf(1)})];
  const adopted = [
    adoptKey({provider: 'aescbc', name: 'key1', key: bytesOf(3)}),
    adoptKey({provider: 'secretbox', name: 'key1', key: bytesOf(4)}),
    adoptKey({provider: 'aescbc', name: 'old', key: bytesOf(5)}),
  ];

  test('random strategy ⇒ no tags; ours by revision, adopted ones by name and number alone', () => {
    expect(fingerprint(undefined, [...adopted, ...keys, ...keys])).toEqual({
      revisions: [
        {revision: 1, name: keys[1]?.name, checkValue: keys[1]?.checkValue},
        {revision: 2, name: keys[0]?.name, checkValue: keys[0]?.checkValue},
      ],
      adopted: [
        {name: 'key1', number: 1},
        {name: 'key1', number: 2},
        {name: 'old', number: 1},
      ],
    });
  });

  test('with settings ⇒ their tags and no bundle', () => {
    const {rootCheck, groupTag, dimensionTag} = own;
    const made = fingerprint(settings, deriveDataKeys(settings, bundle.entries));
    expect(made).toEqual({rootCheck, groupTag, dimensionTag, revisions: own.revisions, adopted: []});
  });

  test('two keys of one revision whose names are the same by chance ⇒ both, told apart by all 64 bits', () => {
    // Found by a search: their check values begin with the same 8 digits.
    const [one, other] = [8_430, 79_391].map((last) => {
      const key = new Uint8Array(32);
      new DataView(key.buffer).setUint32(28, last);
      return new DataKey({revision: 1, key});
    });
    if (one === undefined || other === undefined) throw new Error('expected two keys');
    expect(one.name).toBe(other.name);
    const {revisions} = fingerprint(undefined, [one, other, one]);
    expect(revisions.map(({checkValue}) => checkValue)).toEqual(['e998e59e87191b5b', 'e998e59efabf6584']);
    expect(fingerprint(undefined, [other, one]).revisions).toEqual(revisions);
    expect(compareFingerprints(fingerprint(undefined, [one]), fingerprint(undefined, [other])).same).toBe(false);
  });

  test('the keys that were given ⇒ still usable', () => {
    fingerprint(undefined, keys);
    expect(keys[0]?.secret.equals(bytesOf(2))).toBe(true);
  });
});

test('a fingerprint is made ⇒ the keys that were derived for it are wiped, and so is the key of the MAC', () => {
  const wipe = vi.spyOn(Secret.prototype, 'wipe');
  const derived: Uint8Array[] = [];
  const backend: Backend = {
    ...nobleBackend,
    deriveMany(root, salts, contexts, length) {
      const answer = nobleBackend.deriveMany(root, salts, contexts, length);
      if (length === 64) derived.push(answer[3] ?? new Uint8Array());
      return answer;
    },
  };
  // Proven before, so that the self-test is not counted.
  fingerprint(settings, [], backend);
  derived.length = 0;
  wipe.mockClear();
  expect(fingerprint({...settings, rootKey: new Secret(rootKey)}, bundle, backend)).toEqual(own);
  expect(wipe).toHaveBeenCalledTimes(bundle.entries.length);
  expect(derived).toEqual([new Uint8Array(64)]);
  wipe.mockRestore();
});

test('misuse ⇒ TypeError that names the argument', () => {
  expect(() => fingerprint(undefined as never, bundle)).toThrow('settings: expected an object, got a undefined');
  expect(() => fingerprint(settings, null as never)).toThrow(TypeError);
  expect(() => fingerprint(settings, {...bundle, entries: null as never})).toThrow(
    'entries: expected an array, got null',
  );
  expect(() => fingerprint({...settings, replicationGroupId: ''}, bundle)).toThrow(RangeError);
});

test('any bundle ⇒ plain data that JSON carries, without four bytes of root key, seed, data key or group id', () => {
  // Letters that hex does not have.
  const own = {...settings, replicationGroupId: 'Replica.Pair_zurich-und-genf'};
  fc.assert(
    fc.property(anyBundle, (any) => {
      const made = fingerprint(own, any);
      expect(JSON.parse(JSON.stringify(made))).toEqual(made);
      const {bundleId: _, ...derived} = made;
      const keys = deriveDataKeys(own, any.entries).map(({secret}) => secret.withBytes((bytes) => bytes.slice()));
      const seeds = any.entries.map(({seed}) => seed).filter(isVaried);
      expectNoTrace(
        JSON.stringify(derived),
        [rootKey, ...keys.slice(0, 3), ...seeds.slice(0, 3)],
        [own.replicationGroupId],
      );
    }),
    {numRuns: 20, endOnFailure: true},
  );
});

/** Seeds of mostly equal bytes make windows like 00000000, which any number may hold. */
const isVaried = (bytes: Uint8Array): boolean => new Set(bytes).size > 16;

describe('two sides', () => {
  const compare = (other: Fingerprint) => compareFingerprints(own, other);
  const whats = (other: Fingerprint) => compare(other).differences.map(({what}) => what);
  const under = (more: Partial<Settings>, of = bundle) => fingerprint({...settings, ...more}, of);

  test('equal, also after JSON ⇒ same', () => {
    expect(compare(JSON.parse(JSON.stringify(own)))).toEqual({same: true, differences: []});
  });

  test('another root key ⇒ only the root key is named, with both checks', () => {
    const other = under({rootKey: seedOf(0xb3), replicationGroupId: 'another', dimension: 'd'}, bundleOf([9]));
    expect(compare(other)).toEqual({
      same: false,
      differences: [
        {
          what: 'root key',
          a: own.rootCheck,
          b: other.rootCheck,
          meaning: 'the root Secrets differ: no revision has the same key on both sides',
        },
      ],
    });
  });

  test('another group id ⇒ only that, also with another dimension', () => {
    const other = under({replicationGroupId: 'another', dimension: 'd'});
    expect(compare(other).differences).toEqual([
      {
        what: 'replication group id',
        a: own.groupTag,
        b: other.groupTag,
        meaning: expect.stringContaining('two groups'),
      },
    ]);
  });

  test('another dimension ⇒ only that', () => {
    const other = under({dimension: 'd'}, bundleOf([9]));
    expect(compare(other).differences).toMatchObject([{what: 'dimension', a: own.dimensionTag, b: other.dimensionTag}]);
  });

  test('another bundle id ⇒ the seed bundle, not its revisions', () => {
    const bundleId = new Uint8Array(16).fill(7);
    const other = fingerprint(settings, bundleOf([8, 9], {bundleId, generation: 9}));
    expect(compare(other).differences).toMatchObject([{what: 'seed bundle', a: own.bundleId, b: '07'.repeat(16)}]);
  });

  test('one revision with two keys ⇒ that revision with both names, not the generation', () => {
    const entries = [entryOf(3), entryOf(4, {seed: seedOf(99)}), entryOf(5)];
    const other = fingerprint(settings, bundleOf([], {entries, generation: 6}));
    const shown = ({revisions}: Fingerprint) => `${revisions[1]?.name} (check ${revisions[1]?.checkValue})`;
    expect(compare(other).differences).toEqual([
      {what: 'revision 4', a: shown(own), b: shown(other), meaning: expect.stringContaining('two keys')},
    ]);
  });

  test('one side is behind ⇒ the generations, not the revisions that follow from it', () => {
    const other = fingerprint(settings, bundleOf([3, 4, 5], {generation: 6}));
    expect(compare(other).differences).toMatchObject([{what: 'seed bundle', a: 'generation 5', b: 'generation 6'}]);
  });

  test('only a revision is missing ⇒ that revision', () => {
    const other = fingerprint(settings, bundleOf([3, 5]));
    expect(whats(other)).toEqual(['revision 4', 'revision 5']);
    expect(compare(other).differences).toMatchObject([{b: 'none'}, {a: 'none'}]);
  });

  test('one side has no root key or no bundle ⇒ none, under the first that is missing', () => {
    const keys = deriveDataKeys(settings, bundle.entries);
    expect(compare(fingerprint(undefined, keys)).differences).toMatchObject([{what: 'root key', b: 'none'}]);
    expect(compare(fingerprint(settings, keys)).differences).toMatchObject([{what: 'seed bundle', b: 'none'}]);
  });

  test('adopted keys differ ⇒ by name and how many', () => {
    const key = (name: string, first: number) => adoptKey({provider: 'aescbc', name, key: bytesOf(first)});
    const a = fingerprint(undefined, [key('x', 1), key('x', 2), key('y', 3)]);
    const b = fingerprint(undefined, [key('x', 1), key('y', 4)]);
    expect(compareFingerprints(a, b).differences).toMatchObject([{what: 'adopted key x', a: '2', b: '1'}]);
    expect(compareFingerprints(a, a).same).toBe(true);
  });

  test('any two ⇒ the answer turned around has a and b exchanged; same exactly without differences', () => {
    const side = fc
      .tuple(fc.constantFrom('g', 'h'), fc.constantFrom('d', 'e'), fc.subarray([1, 2, 3], {minLength: 1}), fc.boolean())
      .map(([replicationGroupId, dimension, revisions, later]) =>
        fingerprint({...settings, replicationGroupId, dimension}, bundleOf(revisions, {generation: later ? 2 : 1})),
      );
    fc.assert(
      fc.property(side, side, (a, b) => {
        const there = compareFingerprints(a, b);
        const back = compareFingerprints(b, a);
        expect(back.differences.map((one) => ({...one, a: one.b, b: one.a}))).toEqual(there.differences);
        expect(there.same).toBe(there.differences.length === 0);
        expect(there.same).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
      {numRuns: 60},
    );
  });
});
