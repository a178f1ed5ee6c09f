// SeedBundles as an agent reads, accepts and keeps them.

import {fromBase64, hex, nextSeed, toBase64, utf8} from '@etcd-encryption/crypto';
import {sha256Hex} from '@etcd-encryption/crypto/sha256';
import {type FollowedBundle, historyPath, parseHistory, type Ring, refOf, statePath} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {
  AgentNode,
  bundleId,
  bundleOf,
  bytesOf,
  chain,
  derivation,
  group,
  idsOf,
  keysOf,
  otherRoot,
  ringWith,
  root,
  settings,
} from './agent-node.ts';

const two = chain(2);
const three = chain(3);
const otherId = Uint8Array.from({length: 16}, (_, at) => at + 100);
const forkSeed = Uint8Array.from({length: 32}, (_, at) => (at * 17 + 3) % 256);
/** Revision 2 with another seed than the chain's. */
const forked = [...two.slice(0, 1), {...(two[1] ?? failing()), seed: forkSeed}];

function failing(): never {
  throw new Error('expected an entry');
}

const bytesIn = (text: string): Uint8Array => {
  const read = fromBase64(text);
  if (read.outcome !== 'ok') throw new Error('expected base64');
  return read.bytes;
};
const hashOf = (text: string): string => sha256Hex(bytesIn(text));
const flipped = (text: string, at: number): string => {
  const bytes = bytesIn(text);
  bytes.set([(bytes[at] ?? 0) ^ 1], at);
  return toBase64(bytes);
};
const sorted = (ids: readonly string[]): readonly string[] => [...ids].sort();
const following = (text: string, generation: number): FollowedBundle => ({
  bundleId: hex(bundleId),
  generation,
  hash: hashOf(text),
  entries: [],
  sinceMs: 0,
});

const good = bytesOf(bundleOf(two));

describe('a bundle that opens', () => {
  test('⇒ told by reference, accepted, its keys and the chained next one held and kept', () => {
    const agent = new AgentNode({bundle: good});
    agent.run(2);
    const ref = {
      bundleId: hex(bundleId),
      generation: 2,
      hash: hashOf(good),
      entries: two.map(({revision, createdAtMs, activateAtMs}, at) => {
        const {id, check} = keysOf(two)[at] ?? failing();
        return {revision, key: id, check, createdAtMs, activateAtMs};
      }),
    };
    expect(agent.derivation).toMatchObject({
      bundle: {state: 'read', bundle: ref, acceptance: 'unchanged', detail: ''},
      accepted: ref,
      next: keysOf(three)[2],
      derived: sorted(idsOf(three)),
    });
    expect(agent.state).toMatchObject({generation: 2, bundle: good});
    expect(agent.report.held).toEqual(sorted(idsOf(three)));
    const kept = parseHistory(agent.disk.read(historyPath) ?? new Uint8Array()).keys;
    expect(sorted(kept.map((key) => refOf(key).id))).toEqual(sorted(idsOf(three)));
  });

  test('the same bundle again ⇒ opened once; the next one ⇒ opened too', () => {
    const agent = new AgentNode({bundle: good});
    agent.run(2);
    const opened = agent.memory.derivation?.opened.get(good);
    expect(opened).toBeDefined();
    agent.run(5);
    expect(agent.memory.derivation?.opened.get(good)).toBe(opened);
    const next = bytesOf(bundleOf(three));
    agent.putBundle(next);
    agent.run(2);
    expect([...(agent.memory.derivation?.opened.keys() ?? [])]).toEqual([next]);
    expect(agent.derivation.next).toEqual(keysOf(chain(4))[3]);
  });

  test('a chain of bundles ⇒ each next key is the one that was held before', () => {
    const agent = new AgentNode({bundle: bytesOf(bundleOf(chain(1)))});
    for (let length = 2; length <= 5; length++) {
      agent.run(2);
      const {next} = agent.derivation;
      agent.putBundle(bytesOf(bundleOf(chain(length))));
      agent.run(2);
      expect(agent.derivation.accepted?.entries.at(-1)?.key).toBe(next?.id);
    }
  });

  test('its newest revision is the last of all ⇒ there is no next key', () => {
    const last = {...(two[1] ?? failing()), revision: Number.MAX_SAFE_INTEGER};
    const agent = new AgentNode({bundle: bytesOf(bundleOf([...two.slice(0, 1), last]))});
    agent.run(2);
    expect(agent.derivation.accepted?.entries).toHaveLength(2);
    expect(agent.derivation).not.toHaveProperty('next');
  });
});

describe('a bundle that does not open', () => {
  const truncated = toBase64(bytesIn(good).subarray(0, 100));
  test.each([
    ['no base64', '*', 'malformed', sha256Hex(utf8('*'))],
    ['nothing', '', 'malformed', sha256Hex(new Uint8Array())],
    ['cut', truncated, 'malformed', hashOf(truncated)],
    ['another version', flipped(good, 4), 'unsupported', hashOf(flipped(good, 4))],
    ['another root key', bytesOf(bundleOf(two), {...settings, rootKey: otherRoot}), 'root-key-mismatch', undefined],
    ['another group', bytesOf(bundleOf(two), {...settings, replicationGroupId: 'g2'}), 'group-mismatch', undefined],
    ['another dimension', bytesOf(bundleOf(two), {...settings, dimension: 'd2'}), 'dimension-mismatch', undefined],
    ['one bit changed in a seed', flipped(good, 64 + 30), 'tampered', hashOf(flipped(good, 64 + 30))],
  ] as const)('%s ⇒ %s%s named; what was accepted stays', (_, bundle, outcome, hash) => {
    const agent = new AgentNode({bundle: good});
    agent.run(2);
    agent.putBundle(bundle);
    agent.run(2);
    expect(agent.derivation.bundle).toMatchObject({state: 'refused', outcome, hash: hash ?? hashOf(bundle)});
    expect(agent.derivation.accepted?.hash).toBe(hashOf(good));
    expect(agent.state).toMatchObject({generation: 2, bundle: good});
    expect(agent.report.held).toEqual(sorted(idsOf(three)));
    expect(JSON.stringify(agent.derivation)).not.toContain(group);
  });

  test('an object without a text ⇒ malformed, by the hash of nothing', () => {
    const agent = new AgentNode();
    agent.putBundle(7 as never);
    agent.run();
    expect(agent.derivation.bundle).toMatchObject({state: 'refused', outcome: 'malformed'});
  });
});

describe('a bundle beside the accepted one', () => {
  const later = chain(2, undefined, {activateAtMs: 9e12});
  test.each([
    ['one more revision', bundleOf(three), 'accepted', true, idsOf(chain(4))],
    ['a lower generation', bundleOf(two, {generation: 1}), 'rollback', false, idsOf(three)],
    [
      'another seed for a revision',
      bundleOf(forked, {generation: 3}),
      'fork',
      false,
      [...idsOf(three), idsOf(forked)[1]],
    ],
    ['other times', bundleOf(later, {generation: 3}), 'changed-entry', false, idsOf(three)],
    ['another id', bundleOf(forked, {bundleId: otherId}), 'other-bundle', false, [...idsOf(three), idsOf(forked)[1]]],
  ] as const)('%s ⇒ all its keys are held; %s', (_, bundle, acceptance, isKept, held) => {
    const agent = new AgentNode({bundle: good});
    agent.run(2);
    agent.putBundle(bytesOf(bundle));
    agent.run();
    const told = agent.derivation.bundle.state === 'read' ? agent.derivation.bundle.acceptance : '';
    expect(told).toBe(isKept ? 'unchanged' : acceptance);
    expect(agent.state.bundle).toBe(isKept ? bytesOf(bundle) : good);
    expect(agent.report.held).toEqual(sorted(held as readonly string[]));
  });

  test('a lower generation, though the ring follows exactly these bytes ⇒ not accepted: both may come from a restore', () => {
    const agent = new AgentNode({bundle: good});
    agent.run(2);
    const older = bytesOf(bundleOf(two, {generation: 1}));
    agent.putBundle(older);
    agent.putRing(ringWith({version: 71, following: following(older, 1)}));
    agent.run(2);
    expect(agent.state).toMatchObject({generation: 2, bundle: good});
  });

  test('a fork that a restored ring follows ⇒ accepted only once the histories are in the ring', () => {
    const agent = new AgentNode({bundle: good});
    agent.run(2);
    const fork = bytesOf(bundleOf(forked, {generation: 3}));
    agent.putBundle(fork);
    const restored = (version: number, merged: boolean): Ring =>
      ringWith({version, following: following(fork, 3), restored: {atMs: 0, merged}});
    agent.putRing(restored(71, false));
    agent.run(2);
    expect(agent.state.bundle).toBe(good);
    agent.putRing(restored(72, true));
    agent.run(2);
    expect(agent.state.bundle).toBe(fork);
  });

  test.each([
    ['other times', bytesOf(bundleOf(later, {generation: 3})), 3],
    ['a fork', bytesOf(bundleOf(forked, {generation: 3})), 3],
    ['another id', bytesOf(bundleOf(forked, {bundleId: otherId})), 2],
  ])('%s, and the ring follows exactly these bytes ⇒ accepted', (_, bundle, generation) => {
    const agent = new AgentNode({bundle: good});
    agent.run(2);
    agent.putRing(ringWith({version: 71, following: following(good, 2)}));
    agent.putBundle(bundle);
    agent.run(2);
    expect(agent.state.bundle).toBe(good);
    agent.putRing(ringWith({version: 72, following: following(bundle, generation)}));
    agent.run(2);
    expect(agent.state).toMatchObject({generation, bundle});
    expect(agent.derivation.bundle).toMatchObject({state: 'read', acceptance: 'unchanged'});
  });

  test('one that went on from a fork ⇒ the chained key of what was accepted is told, not the fork’s', () => {
    const agent = new AgentNode({bundle: good});
    agent.run(2);
    agent.putBundle(bytesOf(bundleOf(forked, {generation: 5})));
    agent.run(2);
    expect(agent.derivation.next).toEqual(keysOf(three)[2]);
    const newest = forked[1] ?? failing();
    const foreign = {...newest, revision: 3, seed: nextSeed(settings, newest)};
    expect(agent.report.held).not.toContain(keysOf([foreign])[0]?.id);
  });

  test('the state file has another root key’s bundle ⇒ another id is another bundle, followed only when the ring says so', () => {
    const agent = new AgentNode({bundle: good});
    agent.run(2);
    agent.putSecret({'root-key': toBase64(otherRoot)});
    const under = {...settings, rootKey: otherRoot};
    const bundle = bytesOf(bundleOf(chain(1, forkSeed), {bundleId: otherId}), under);
    agent.putBundle(bundle);
    agent.run(2);
    expect(agent.derivation.bundle).toMatchObject({state: 'read', acceptance: 'other-bundle'});
    expect(agent.report.held).toContain(keysOf(chain(1, forkSeed), under)[0]?.id);
    expect(agent.state.bundle).toBe(good);
    agent.putRing(ringWith({version: 71, following: following(bundle, 1)}));
    agent.run(2);
    expect(agent.state).toMatchObject({generation: 1, bundle});
    expect(agent.derivation.accepted?.hash).toBe(hashOf(bundle));
  });
});

describe('the state file', () => {
  const placed = (agent: AgentNode, changes: object): void =>
    agent.disk.place(statePath, utf8(`${JSON.stringify({...agent.state, ...changes})}\n`));

  test('its bundle is damaged ⇒ its generation still holds', () => {
    const agent = new AgentNode({bundle: bytesOf(bundleOf(three))});
    agent.run(2);
    placed(agent, {bundle: 'AAAA'});
    agent.putBundle(good);
    agent.run(2);
    expect(agent.derivation.bundle).toMatchObject({state: 'read', acceptance: 'rollback'});
    expect(agent.state).toMatchObject({generation: 3, bundle: 'AAAA'});
    agent.putBundle(bytesOf(bundleOf(three)));
    agent.run(2);
    expect(agent.state).toMatchObject({generation: 3, bundle: bytesOf(bundleOf(three))});
  });

  test('a newer release wrote it ⇒ the bundle is read and its keys are held, and nothing is accepted', () => {
    const agent = new AgentNode({bundle: good});
    agent.run(2);
    placed(agent, {v: 2});
    agent.restart();
    agent.putBundle(bytesOf(bundleOf(three)));
    agent.run(2);
    expect(agent.derivation.bundle).toMatchObject({state: 'unknown', why: expect.stringContaining('newer release')});
    expect(agent.report.held).toEqual(sorted(idsOf(three)));
    expect(agent.state).toMatchObject({v: 2, generation: 2, bundle: good});
  });

  test('the agent begins anew beside an older bundle ⇒ it knows the newer one and does not go back', () => {
    const agent = new AgentNode({bundle: bytesOf(bundleOf(three))});
    agent.run(2);
    agent.restart();
    agent.putBundle(good);
    agent.run(2);
    expect(agent.derivation.bundle).toMatchObject({state: 'read', acceptance: 'rollback'});
    expect(agent.derivation.accepted?.generation).toBe(3);
    expect(agent.derivation.next).toEqual(keysOf(chain(4))[3]);
  });
});

describe('without the API', () => {
  test('with the root key in memory ⇒ the accepted bundle is still known; after a restart the history has its keys', () => {
    const agent = new AgentNode({bundle: good});
    agent.run(2);
    agent.api = false;
    agent.run(2);
    expect(agent.memory.derivation?.root?.report.state).toBe('ready');
    expect([...agent.memory.keys.keys()].sort()).toEqual(sorted(idsOf(three)));
    agent.restart();
    agent.run();
    expect(agent.memory.derivation).toBeUndefined();
    expect([...agent.memory.keys.keys()].sort()).toEqual(sorted(idsOf(three)));
    agent.api = true;
    agent.run(2);
    expect(agent.derivation.accepted?.hash).toBe(hashOf(good));
  });

  test('the state file’s bundle is one that memory has not opened ⇒ opened with the root key in memory', () => {
    const agent = new AgentNode({bundle: good});
    agent.run(2);
    agent.api = false;
    agent.disk.place(
      statePath,
      utf8(JSON.stringify({...agent.state, bundle: bytesOf(bundleOf(three)), generation: 3})),
    );
    agent.run();
    expect([...agent.memory.keys.keys()].sort()).toEqual(sorted(idsOf(chain(4))));
  });

  test('the bundle cannot be read ⇒ unknown, with the cause; what was accepted is told', () => {
    const agent = new AgentNode({bundle: good});
    agent.run(2);
    const get = agent.store.ports['store.get'] ?? failing();
    agent.ports = {
      'store.get': (args) =>
        args.resource.kind === 'SeedBundle' ? {ok: false, error: {code: 'unavailable', message: '503'}} : get(args),
    };
    agent.run();
    expect(agent.derivation.bundle).toEqual({state: 'unknown', why: 'unavailable: 503'});
    expect(agent.derivation.accepted?.hash).toBe(hashOf(good));
  });
});

test('a dimension of its own ⇒ keys of that dimension', () => {
  const ring = ringWith({settings: {writeMode: 'rename', derivation: {...derivation, dimension: 'd2'}}});
  const under = {rootKey: root, replicationGroupId: group, dimension: 'd2'};
  const agent = new AgentNode({ring, bundle: bytesOf(bundleOf(two), under)});
  agent.run(2);
  expect(agent.derivation.accepted?.entries.map(({key}) => key)).toEqual(keysOf(two, under).map(({id}) => id));
});
