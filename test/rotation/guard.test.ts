// The agent's guard: each refusal by hand, and what it never lets through on random files.

import {
  type GuardInput,
  guardFile,
  type KeyId,
  type KeyRef,
  type RenderedBlock,
  type Ring,
} from '@etcd-encryption/rotation';
import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {ring as anyRing, blocks, key, runs} from './arbitraries.ts';
import {blockOf, cluster, found, layoutOf, loadedOf, now, ours, r1, r2, restingRing, ringAt} from './fixtures.ts';

const held = (...keys: readonly KeyRef[]): ReadonlyMap<KeyId, KeyRef> => new Map(keys.map((each) => [each.id, each]));
const file = (...order: readonly string[]): readonly RenderedBlock[] => [blockOf(order)];
const certificateOf = ({id, check}: KeyRef): Ring['certificates'][number] => ({
  key: id,
  check,
  stoppedWritingAtMs: 0,
  cleanBy: 's',
  cleanRevision: '1',
  compactedBy: 'etcd',
  atMs: now,
});

const input = (changes: Partial<GuardInput>): GuardInput => ({
  current: file(r1.id, 'identity'),
  next: file(r1.id, 'identity'),
  loaded: loadedOf(changes.current ?? file(r1.id, 'identity')),
  serverDown: false,
  ring: restingRing([r2, r1]),
  ringAgeMs: 100,
  clusterId: cluster,
  stateClusterId: cluster,
  stateEpoch: 4,
  held: held(r1, r2),
  history: new Set([r1.id, r2.id]),
  ...changes,
});

const added = file(r1.id, r2.id, 'identity');
const reordered = file(r2.id, r1.id, 'identity');
const dropped = file(r2.id, 'identity');

describe('guard', () => {
  test.each([
    ['nothing changes', {}],
    ['a read key is added', {next: added}],
    ['a read key is added by an old ring', {next: added, ringAgeMs: 900_000}],
    ['a read key is added without the API', {next: added, ring: undefined}],
    ['a read key is added beside a state that cannot be read', {next: added, stateUnknown: true}],
    ['a block is added in clear', {next: [...file(r1.id, 'identity'), blockOf(['identity', r1.id], ['events'])]}],
    ['a loaded key becomes the write key', {current: added, next: reordered}],
    ['a key becomes the write key where no server runs', {next: reordered, serverDown: true}],
    [
      'a certified key leaves',
      {current: reordered, next: dropped, ring: restingRing([r2], {certificates: [certificateOf(r1)]})},
    ],
    ['the epoch is the one it saw', {stateEpoch: 4}],
    ['this node belongs to no cluster yet', {stateClusterId: undefined}],
  ] as [string, Partial<GuardInput>][])('%s ⇒ passes', (_, changes) => {
    expect(guardFile(input(changes))).toBeUndefined();
  });

  const leaving = restingRing([r1], {
    layout: {
      ...layoutOf([r1], r1.id, ['secrets']),
      resources: [
        {resource: 'secrets', write: 'identity', leaving: true},
        {resource: 'configmaps', write: 'identity', leaving: true},
      ],
    },
  });
  test('a resource on its way out is written in clear ⇒ passes', () => {
    expect(guardFile(input({next: file('identity', r1.id), ring: leaving}))).toBeUndefined();
  });

  test.each([
    ['the ring of another cluster', {ring: {...restingRing(), clusterId: 'c2'}}, /ring belongs to cluster c2/],
    ['the API of another cluster', {clusterId: 'c2', ring: undefined}, /this node belongs to cluster c1/],
    ['a lower epoch', {stateEpoch: 5, next: added}, /epoch 4 is below 5/],
    ['a key lost without certificate', {current: reordered, next: dropped}, /no certificate for dropping r1/],
    ['a key lost without the API', {current: reordered, next: dropped, ring: undefined}, /without the API/],
    [
      'a certified key that the history lacks',
      {
        current: reordered,
        next: dropped,
        ring: restingRing([r2], {certificates: [certificateOf(r1)]}),
        history: new Set([r2.id]),
      },
      /history lacks r1/,
    ],
    [
      'a certified key that the file writes with',
      {current: added, next: dropped, ring: restingRing([r2], {certificates: [certificateOf(r1)]})},
      /r1-[0-9a-f]+ is this node's write key/,
    ],
    [
      'a certified key that its server writes with',
      {
        current: reordered,
        next: dropped,
        loaded: loadedOf(added),
        ring: restingRing([r2], {certificates: [certificateOf(r1)]}),
      },
      /r1-[0-9a-f]+ is this node's write key/,
    ],
    [
      'a key lost for one resource only',
      {
        current: file(r1.id, r2.id, 'identity'),
        next: [blockOf([r1.id, r2.id, 'identity'], ['secrets']), blockOf([r1.id, 'identity'], ['configmaps'])],
      },
      /no certificate/,
    ],
    [
      'a resource that loses its block while a key writes it',
      {next: [blockOf([r1.id, 'identity'], ['secrets'])]},
      /configmaps/,
    ],
    ['plain values that could no longer be read', {next: file(r1.id)}, /identity/],
    ['a KMS provider lost', {current: file(r1.id, 'kms:{}', 'identity'), next: file(r1.id, 'identity')}, /kms/],
    ['a write key that its server has not loaded', {next: reordered}, /has not loaded r2/],
    [
      'a write key while nothing is known of what is loaded',
      {current: added, next: reordered, loaded: {state: 'unknown', why: 'x'}},
      /has not loaded r2/,
    ],
    [
      'a write key that is loaded for another resource only',
      {
        current: added,
        next: reordered,
        loaded: loadedOf([blockOf([r1.id, r2.id, 'identity'], ['secrets']), blockOf([r1.id], ['configmaps'])]),
      },
      /configmaps: .*has not loaded r2/,
    ],
    ['an encrypted resource in clear', {next: file('identity', r1.id)}, /would be written in clear/],
    [
      'no file, and what the ring encrypts in clear',
      {current: [], next: file('identity', r1.id, r2.id)},
      /would be written in clear/,
    ],
    ['a key that is not held', {next: added, held: held(r1)}, /r2-[0-9a-f]+ is not held/],
    [
      'two keys of one name',
      {next: file(r1.id, 'other', 'identity'), held: held(r1, {...ours(1, 3), id: 'other', name: r1.name})},
      /two keys are named/,
    ],
    [
      'one key of two names',
      {next: file(r1.id, 'other', 'identity'), held: held(r1, {...r2, id: 'other', check: r1.check})},
      /one key has two names/,
    ],
    ['a reorder by a ring read 10 s ago', {current: added, next: reordered, ringAgeMs: 10_001}, /read 10001 ms ago/],
    ['a reorder by a ring read in the future', {current: added, next: reordered, ringAgeMs: -1}, /read -1 ms ago/],
    [
      'a reorder beside a state that cannot be read',
      {current: added, next: reordered, stateUnknown: true},
      /state file .* only additions/,
    ],
    [
      'a drop beside a state that cannot be read',
      {
        current: reordered,
        next: dropped,
        ring: restingRing([r2], {certificates: [certificateOf(r1)]}),
        stateUnknown: true,
      },
      /state file .* only additions/,
    ],
    ['a reorder without the API', {current: added, next: reordered, ring: undefined}, /without the API only additions/],
  ] as [string, Partial<GuardInput>, RegExp][])('%s ⇒ refused', (_, changes, why) => {
    expect(guardFile(input(changes))).toMatch(why);
  });

  test('adopted keys share a name ⇒ passes', () => {
    const twins = [found('aescbc', 'key1', 1), found('aescbc', 'key1', 2)] as const;
    expect(
      guardFile(input({next: file(r1.id, twins[0].id, twins[1].id, 'identity'), held: held(r1, ...twins)})),
    ).toBeUndefined();
  });
});

const keyIds = (each: readonly RenderedBlock[]): ReadonlySet<string> =>
  new Set(each.flatMap(({order}) => order.filter((entry) => entry !== 'identity' && !entry.startsWith('kms:'))));
const firstOf = (each: readonly RenderedBlock[], resource: string): readonly string[] =>
  each.find(({resources}) => resources.includes(resource))?.order ?? [];
const resourcesOf = (each: readonly RenderedBlock[]): readonly string[] => each.flatMap(({resources}) => resources);

/** The first block that names a resource is the one in force. */
const writesIn = (each: readonly RenderedBlock[]): readonly (string | undefined)[] =>
  resourcesOf(each).map((resource) => firstOf(each, resource)[0]);

const anyInput: fc.Arbitrary<GuardInput> = fc
  .record({
    current: blocks,
    next: blocks,
    near: fc.boolean(),
    loaded: fc.option(blocks, {nil: undefined}),
    serverDown: fc.boolean(),
    ring: fc.option(fc.oneof(anyRing, fc.constant(ringAt('activated'))), {nil: undefined}),
    ringAgeMs: fc.constantFrom(0, 100, 10_000, 10_001, -1, 1e9),
    clusterId: fc.constantFrom(cluster, cluster, 'c2', undefined),
    stateClusterId: fc.constantFrom(cluster, cluster, undefined),
    stateEpoch: fc.constantFrom(0, 4, 5),
    held: fc.uniqueArray(key, {selector: ({id}) => id, minLength: 4}),
    history: fc.uniqueArray(key.map(({id}) => id)),
    certified: fc.uniqueArray(key, {selector: ({id}) => id}),
  })
  .map(({near, loaded, ring, held: some, history, certified, ...rest}) => ({
    ...rest,
    // Half of the time the next file is the present one with its first block turned around.
    next: near
      ? rest.current.map((each, at) => (at === 0 ? {...each, order: [...each.order].reverse()} : each))
      : rest.next,
    loaded: loaded === undefined ? {state: 'unknown' as const, why: 'x'} : loadedOf(near ? rest.current : loaded),
    ring: ring === undefined ? undefined : {...ring, certificates: certified.map(certificateOf)},
    held: held(...some),
    history: new Set(history),
  }));

describe('whatever the guard lets through', () => {
  const passing = (law: (each: GuardInput) => void): void => {
    let passed = 0;
    const property = fc.property(anyInput, (each) => {
      if (guardFile(each) !== undefined) return;
      passed++;
      law(each);
    });
    fc.assert(property, runs(6_000));
    expect(passed).toBeGreaterThan(100);
  };

  test('any key that is lost ⇒ has a certificate, is kept in the history and written with by nobody here', () => {
    passing(({current, next, ring, history, loaded}) => {
      const lost = resourcesOf(current).flatMap((resource) => {
        const after = firstOf(next, resource);
        return after.length === 0
          ? []
          : firstOf(current, resource).filter((entry) => keyIds(current).has(entry) && !after.includes(entry));
      });
      for (const each of [...lost, ...[...keyIds(current)].filter((id) => !keyIds(next).has(id))]) {
        expect(ring?.certificates.map((certificate) => certificate.key)).toContain(each);
        expect(history.has(each)).toBe(true);
        expect(writesIn(current)).not.toContain(each);
        if (loaded.state === 'known') expect(writesIn(loaded.blocks)).not.toContain(each);
      }
    });
  });

  test('any new write key ⇒ its running server has it loaded for that resource', () => {
    passing(({current, next, loaded, serverDown}) => {
      if (serverDown) return;
      for (const resource of resourcesOf(next)) {
        const [write] = firstOf(next, resource);
        if (write === undefined || write === 'identity' || write === firstOf(current, resource)[0]) continue;
        expect(loaded.state === 'known' && firstOf(loaded.blocks, resource)).toContain(write);
      }
    });
  });

  test('any ring ⇒ is of this cluster and not of a lower epoch', () => {
    passing(({ring, clusterId, stateEpoch}) => {
      if (ring === undefined) return;
      expect(ring.epoch).toBeGreaterThanOrEqual(stateEpoch);
      if (clusterId !== undefined) expect(ring.clusterId).toBe(clusterId);
    });
  });

  test('an old ring, or none ⇒ every present entry is still there, each write entry as it was', () => {
    passing(({current, next, ring, ringAgeMs}) => {
      if (ring !== undefined && ringAgeMs >= 0 && ringAgeMs <= 10_000) return;
      for (const resource of resourcesOf(current)) {
        const before = firstOf(current, resource);
        const after = firstOf(next, resource);
        expect(after[0]).toBe(before[0]);
        expect(before.filter((entry) => !after.includes(entry))).toEqual([]);
      }
    });
  });

  test('any key ⇒ is held, and no name of ours stands for two', () => {
    passing(({next, held: refs}) => {
      for (const id of keyIds(next)) expect(refs.has(id)).toBe(true);
    });
  });
});
