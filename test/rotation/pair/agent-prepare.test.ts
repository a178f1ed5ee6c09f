// The next bundle, made by an agent at the ring's request: what is in it, that it is made once, and what is refused.

import {acceptSeedBundle, decodeSeedBundle, fromBase64, hex, nextSeed, type SeedBundle} from '@etcd-encryption/crypto';
import {sha256Hex} from '@etcd-encryption/crypto/sha256';
import {ok, type PublishRequest, type Ring} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {
  AgentNode,
  bundleId,
  bundleOf,
  bytesOf,
  chain,
  derivedKey,
  idsOf,
  keysOf,
  ringWith,
  settings,
} from './agent-node.ts';

const delay = 1_800_000;
const request = (kind: PublishRequest['kind'], revision: number, id = 'publish-1'): PublishRequest => ({
  id,
  node: 'n1',
  kind,
  revision,
  approvalDelayMs: delay,
});
const asking = (publishing: PublishRequest, changes: Partial<Ring> = {}): Ring =>
  ringWith({version: 71, publishing, ...changes});

const chained = (length: number): string => bytesOf(bundleOf(chain(length)));

/** What a node that accepted `length` chained revisions makes of a request. */
function prepared(length: number, publishing: PublishRequest, changes: Partial<Ring> = {}): AgentNode {
  const agent = new AgentNode(length === 0 ? {} : {bundle: chained(length)});
  agent.run(2);
  agent.putRing(asking(publishing, changes));
  agent.run();
  return agent;
}

function madeBy(agent: AgentNode): SeedBundle {
  const {prepared: made} = agent.derivation;
  if (made === undefined) throw new Error(`nothing was made: ${JSON.stringify(agent.report.problems)}`);
  const bytes = fromBase64(made.bytes);
  const read = bytes.outcome === 'ok' ? decodeSeedBundle(bytes.bytes, settings) : bytes;
  if (read.outcome !== 'ok') throw new Error(`it does not open: ${read.outcome}`);
  expect(made).toMatchObject({
    hash: bytes.outcome === 'ok' ? sha256Hex(bytes.bytes) : '',
    bundleId: hex(read.bundle.bundleId),
    generation: read.bundle.generation,
    entries: keysOf(read.bundle.entries).map(({id, check, revision}) => ({key: id, check, revision})),
  });
  return read.bundle;
}

const revisionsOf = ({entries}: SeedBundle): readonly number[] => entries.map(({revision}) => revision);

describe('a bundle is asked for', () => {
  test('first ⇒ an id and a seed at random, generation 1, not before the delay', () => {
    const agent = prepared(0, request('first', 1));
    const {bundleId: id, generation, entries} = madeBy(agent);
    expect([id.length, generation, entries.length]).toEqual([16, 1, 1]);
    expect(entries[0]).toMatchObject({revision: 1, createdAtMs: agent.wallMs, activateAtMs: agent.wallMs + delay});
    expect(agent.derivation.prepared?.id).toBe('publish-1');
    expect(madeBy(prepared(0, request('first', 1))).entries[0]?.revision).toBe(1);
  });

  test('first, above what other keys had ⇒ of that revision', () => {
    expect(revisionsOf(madeBy(prepared(0, request('first', 7))))).toEqual([7]);
  });

  test('first, where another bundle was accepted ⇒ a new id with one revision', () => {
    const made = madeBy(prepared(3, request('first', 4)));
    expect(hex(made.bundleId)).not.toBe(hex(bundleId));
    expect([made.generation, ...revisionsOf(made)]).toEqual([1, 4]);
  });

  test('next ⇒ the same id, one generation more, and the seed that follows from the newest', () => {
    const agent = prepared(3, request('next', 4));
    const made = madeBy(agent);
    expect(hex(made.bundleId)).toBe(hex(bundleId));
    expect(made.generation).toBe(4);
    expect(made.entries.slice(0, 3)).toEqual(chain(3));
    const [, , newest] = chain(3);
    if (newest === undefined) throw new Error('expected three entries');
    expect(hex(made.entries[3]?.seed ?? new Uint8Array())).toBe(hex(nextSeed(settings, newest)));
    expect(agent.derivation.prepared?.entries[3]?.key).toBe(agent.derivation.next?.id);
    expect(acceptSeedBundle(bundleOf(chain(3)), made)).toMatchObject({outcome: 'accepted', added: [4]});
  });

  test('two nodes that do not see each other ⇒ the same next key', () => {
    const [a, b] = [prepared(3, request('next', 4, 'a')), prepared(3, request('next', 4, 'b'))].map(madeBy);
    expect(keysOf(a?.entries ?? [])).toEqual(keysOf(b?.entries ?? []));
  });

  test('fresh ⇒ the same id and another seed than the chain’s', () => {
    const made = madeBy(prepared(3, request('fresh', 4)));
    expect(hex(made.bundleId)).toBe(hex(bundleId));
    expect(revisionsOf(made)).toEqual([1, 2, 3, 4]);
    expect(idsOf(made.entries)[3]).not.toBe(idsOf(chain(4))[3]);
    expect(acceptSeedBundle(bundleOf(chain(3)), made).outcome).toBe('accepted');
  });

  test('raise, after a restore ⇒ the same entries, above every generation that is known', () => {
    const publications = [{bundleId: hex(bundleId), generation: 9, hash: 'ff', atMs: 0}];
    const other = {bundleId: 'ee'.repeat(16), generation: 50, hash: 'ff', atMs: 0};
    const agent = new AgentNode({bundle: chained(3)});
    agent.run(2);
    agent.putBundle(chained(2));
    agent.putRing(asking(request('raise', 3), {publications: [...publications, other]}));
    agent.run();
    const made = madeBy(agent);
    expect(made.generation).toBe(10);
    expect(made.entries).toEqual(chain(3));
  });

  test('a bundle of a higher generation is stored and not accepted ⇒ one above it', () => {
    const agent = new AgentNode({bundle: chained(3)});
    agent.run(2);
    const later = chain(3, undefined, {activateAtMs: 9e12});
    agent.putBundle(bytesOf(bundleOf(later, {generation: 20})));
    agent.putRing(asking(request('next', 4)));
    agent.run();
    expect(madeBy(agent).generation).toBe(21);
  });
});

describe('revisions that stay in a bundle', () => {
  const keys = keysOf(chain(20)).map(derivedKey);
  const made = (length: number, held: readonly number[]): readonly number[] => {
    const ring = {keys: keys.filter(({revision}) => held.includes(revision))};
    return revisionsOf(madeBy(prepared(length, request('next', length + 1), ring)));
  };
  const from = (first: number, last: number): readonly number[] =>
    Array.from({length: last - first + 1}, (_, at) => first + at);

  test.each([
    ['no key of the ring is older ⇒ the 8 newest and the new one', 12, [11, 12], from(5, 13)],
    ['the ring holds none ⇒ the same', 12, [], from(5, 13)],
    ['the ring holds revision 3 ⇒ from it on, without a gap', 12, [3, 12], from(3, 13)],
    ['fewer than 8 ⇒ all', 4, [], from(1, 5)],
  ] as const)('%s', (_, length, held, expected) => {
    expect(made(length, held)).toEqual(expected);
  });

  test('the oldest keys are proven clean, with history gone ⇒ they are let go, whatever the ring still holds', () => {
    const keys = keysOf(chain(12)).map(derivedKey);
    const proofOf = (index: number, more: object = {}) => ({
      key: keys[index]?.id ?? '',
      by: 'scan-1',
      revision: '900',
      atMs: 1,
      ...more,
    });
    const compacted = {compactedBy: 'etcd'};
    const clean = [proofOf(0, compacted), proofOf(1, compacted), proofOf(2)];
    expect(revisionsOf(madeBy(prepared(12, request('next', 13), {keys, clean})))).toEqual(from(3, 13));
  });

  test('64 are there and all are needed ⇒ the oldest leaves', () => {
    const all = {keys: keysOf(chain(64)).map(derivedKey)};
    expect(revisionsOf(madeBy(prepared(64, request('next', 65), all)))).toEqual(from(2, 65));
  });
});

describe('a request is answered once', () => {
  test('period after period ⇒ the same bytes', () => {
    const agent = prepared(0, request('first', 1));
    const {bytes} = agent.derivation.prepared ?? {};
    agent.run(5);
    expect(agent.derivation.prepared?.bytes).toBe(bytes);
  });

  test('the agent begins anew after its report ⇒ the same bytes', () => {
    const agent = prepared(0, request('first', 1));
    const {bytes} = agent.derivation.prepared ?? {};
    agent.restart();
    agent.run(3);
    expect(agent.derivation.prepared?.bytes).toBe(bytes);
  });

  test('the agent ends before its report ⇒ made anew, and nothing else was told', () => {
    const agent = new AgentNode();
    agent.run(2);
    agent.putRing(asking(request('first', 1)));
    const cut = new Error('killed');
    agent.ports = {
      'store.replace': () => {
        throw cut;
      },
    };
    expect(() => agent.run()).toThrow(cut);
    const lost = agent.memory.derivation?.prepared?.bytes;
    expect(lost).toBeDefined();
    expect(agent.derivation).not.toHaveProperty('prepared');
    agent.ports = {};
    agent.restart();
    agent.run();
    expect(agent.derivation.prepared?.bytes).toBeDefined();
    expect(agent.derivation.prepared?.bytes).not.toBe(lost);
    expect(agent.report.held).toEqual([]);
  });

  test('its report was changed to bytes that do not open ⇒ not believed, made anew', () => {
    const agent = prepared(0, request('first', 1));
    const [object] = [...agent.store.objects.values()].filter(({kind}) => kind === 'EtcdEncryptionNode');
    const {bytes} = agent.derivation.prepared ?? {};
    const status = structuredClone(object?.status) as {derivation: {prepared: {bytes: string}}};
    status.derivation.prepared.bytes = 'AAAA';
    agent.store.objects.set('etcdencryptionnodes/n1', {...object, metadata: object?.metadata ?? {name: 'n1'}, status});
    agent.restart();
    agent.run();
    const again = agent.derivation.prepared?.bytes;
    expect(again).toBeDefined();
    expect([bytes, 'AAAA']).not.toContain(again);
    expect(madeBy(agent).generation).toBe(1);
  });

  test('the ring asks anew under another id ⇒ made for that one; asks no more ⇒ no longer told', () => {
    const agent = prepared(0, request('first', 1));
    const {bytes} = agent.derivation.prepared ?? {};
    agent.putRing(asking(request('first', 1, 'publish-2'), {version: 72}));
    agent.run();
    expect(agent.derivation.prepared).toMatchObject({id: 'publish-2', bytes: expect.not.stringMatching(bytes ?? '')});
    agent.putRing(ringWith({version: 73}));
    agent.run();
    expect(agent.derivation).not.toHaveProperty('prepared');
  });

  test.each([
    ['another node is asked', {node: 'n2'}],
    [
      'the ring has the bytes already',
      {prepared: {id: 'x', bytes: '', bundleId: '', generation: 1, hash: '', entries: []}},
    ],
  ])('%s ⇒ nothing is made', (_, changes) => {
    const agent = prepared(0, {...request('first', 1), ...changes});
    expect(agent.derivation).not.toHaveProperty('prepared');
    expect(agent.report.problems).toEqual([]);
  });

  test('a newer bundle was read in the same period ⇒ first accepted, then gone on from', () => {
    const agent = new AgentNode({bundle: chained(3)});
    agent.run(2);
    agent.putBundle(chained(4));
    agent.putRing(asking(request('next', 5)));
    agent.run();
    expect(agent.derivation).not.toHaveProperty('prepared');
    expect(agent.problem('Minting')).toBeUndefined();
    agent.run();
    expect(revisionsOf(madeBy(agent))).toEqual([1, 2, 3, 4, 5]);
  });
});

describe('a request that is not answered', () => {
  test.each([
    ['next, with no bundle to go on from', 0, request('next', 1), {}, 'accepted no bundle'],
    ['next, a revision too far', 3, request('next', 5), {}, 'revision 5 does not go on from 3'],
    ['next, of a revision that exists', 3, request('next', 3), {}, 'revision 3 does not go on from 3'],
    ['fresh, of a revision that exists', 3, request('fresh', 3), {}, 'revision 3 does not go on from 3'],
    ['raise, of another newest', 3, request('raise', 2), {}, 'revision 2 does not go on from 3'],
    [
      'the ring follows another bundle',
      3,
      request('next', 4),
      {following: {bundleId: 'ee'.repeat(16), generation: 1, hash: 'ff', entries: [], sinceMs: 0}},
      'the ring follows eeee',
    ],
    [
      'the ring follows a generation that this node has not accepted',
      3,
      request('fresh', 5),
      {following: {bundleId: hex(bundleId), generation: 4, hash: 'ff', entries: [], sinceMs: 0}},
      'accepted generation 3, the ring follows 4',
    ],
  ] as const)('%s ⇒ told why', (_, length, publishing, changes, why) => {
    const agent = prepared(length, publishing, changes);
    expect(agent.derivation).not.toHaveProperty('prepared');
    expect(agent.problem('Minting')).toContain(why);
  });

  test('there is no root key ⇒ told, and made as soon as there is one', () => {
    const agent = new AgentNode({secret: null, ring: asking(request('first', 1))});
    agent.run(2);
    expect(agent.problem('Minting')).toBe('prepareBundle: the root key is not held');
    agent.putSecret(new AgentNode().store.get({plural: 'secrets'} as never, 'etcd-derivation-root')?.data as never);
    agent.run();
    expect(madeBy(agent).generation).toBe(1);
  });

  test.each([
    ['zeros', new Uint8Array(64)],
    ['one byte again and again', new Uint8Array(64).fill(5)],
    ['too few bytes', Uint8Array.of(1, 2, 3)],
  ])('randomness gives %s ⇒ nothing is made of it', (_, bytes) => {
    const agent = new AgentNode();
    agent.run(2);
    agent.putRing(asking(request('first', 1)));
    const entropy = agent.disk.ports['entropy.bytes'];
    agent.ports = {
      'entropy.bytes': (args) =>
        args.length === 8 && entropy !== undefined ? entropy(args) : ok(bytes.slice(0, args.length)),
    };
    agent.run();
    expect(agent.derivation).not.toHaveProperty('prepared');
    expect(agent.problem('Minting')).toContain('the random bytes are constant');
  });

  test('randomness gives a seed that stands in the bundle ⇒ nothing is made of it', () => {
    const agent = new AgentNode({bundle: chained(3)});
    agent.run(2);
    agent.putRing(asking(request('fresh', 4)));
    const seed = chain(3)[1]?.seed ?? new Uint8Array();
    agent.ports = {'entropy.bytes': () => ok(seed.slice())};
    agent.run();
    expect(agent.problem('Minting')).toContain('those of a seed that exists');
  });

  test('the clock stands before 1970 ⇒ nothing is made, told', () => {
    const agent = new AgentNode();
    agent.run(2);
    agent.wallMs = -10_000;
    agent.putRing(asking(request('first', 1)));
    agent.run();
    expect(agent.problem('Minting')).toContain('createdAtMs');
  });
});
