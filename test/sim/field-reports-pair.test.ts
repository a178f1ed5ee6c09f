// What went wrong for people who rotate keys elsewhere and a rehearsal file cannot say, tried on a pair: things deleted by
// accident, names of keys, clear values, a server that no longer reads its file, and what histories are for.

import {parseKeyName} from '@etcd-encryption/crypto';
import {createSimPorts, type Disk, faultActor} from '@etcd-encryption/host-sim';
import {
  configResource,
  configurationPath,
  defaultRootSecret,
  historyPath,
  ourGroup,
  ourNamespace,
  parseHistory,
  type StoredObject,
  seedBundleResource,
} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {openProofRun} from '../../scripts/proof-run.ts';
import {expectValue} from '../ports/answers.ts';
import {EnginePair} from './engine-pair.ts';
import type {EngineSide} from './engine-side.ts';
import {hourMs, minuteMs} from './pairs.ts';

const run = openProofRun();

/** Nobody noticed, and everything that must be there is there. */
function expectUnnoticed({pair}: EnginePair): void {
  expect(pair.users.failures).toEqual([]);
  expect(pair.users.verifyAll()).toBe(true);
}

const paths = {
  config: `/registry/${ourGroup}/etcdencryptionconfigs/default`,
  bundle: `/registry/${ourGroup}/${seedBundleResource.plural}/${ourNamespace}/default`,
  root: `/registry/secrets/${ourNamespace}/${defaultRootSecret}`,
} as const;

/** Takes a value out of etcd past every server; answers how to put the same bytes back, as an operator with a copy would. */
function remove({cluster: {etcd}}: EngineSide, path: string): () => void {
  const item = etcd.get(path);
  if (item === undefined) throw new Error(`there is nothing at ${path}`);
  expect(etcd.delete(path, item.modRevision, 'user/operator')).toBe(true);
  return () => {
    if (etcd.get(path) === undefined) etcd.put(path, item.value, 0, 'user/operator');
  };
}

/** A revision's key as the simulator knows it. */
function tagOf({ring}: EngineSide, revision: number): string {
  const key = ring.keys.find((each) => each.revision === revision);
  return `aesgcm/${key?.name}/${key?.check}`;
}

/** Names of the keys that a node's history holds. */
function historyOf(disk: Disk): readonly string[] {
  const file = disk.find(historyPath);
  if (file?.kind !== 'file') return [];
  const {keys} = parseHistory(file.now.bytes);
  for (const {secret} of keys) secret.wipe();
  return keys.map(({name}) => name);
}

const editConfig = (side: EngineSide, change: (spec: Readonly<Record<string, unknown>>) => unknown): void => {
  const operator = createSimPorts(side.cluster, {program: 'editor', as: 'user'});
  const object = expectValue(operator['store.get']({resource: configResource, name: 'default'})) as StoredObject;
  const spec = change(object.spec as Readonly<Record<string, unknown>>);
  expectValue(operator['store.replace']({resource: configResource, object: {...object, spec}}));
};

/** Entries of every file of both sides that would write in clear although its ring encrypts, from now on. */
function watchClear({east, west}: EnginePair): string[] {
  const clear: string[] = [];
  for (const side of [east, west]) {
    side.cluster.observe({
      onFile(node, _before, actor) {
        if (node.file.state === 'loadable' && node.file.transformers.of('secrets')[0]?.tag === 'clear')
          clear.push(`${node.name} by ${actor}`);
      },
    });
  }
  return clear;
}

describe('something of ours is deleted by accident after r1', () => {
  interface Loss {
    readonly name: string;
    /** What people put back later. */
    readonly lose: (side: EngineSide) => () => void;
  }
  const nothing = (): void => {};
  const file = (path: string) => (side: EngineSide) => {
    side.cluster.nodes[0]?.disk.remove(path, faultActor);
    return nothing;
  };
  const losses: readonly Loss[] = [
    {name: 'the configuration object', lose: (side) => remove(side, paths.config)},
    {name: 'the SeedBundle', lose: (side) => remove(side, paths.bundle)},
    {name: 'the root Secret', lose: (side) => remove(side, paths.root)},
    {name: 'a node’s file', lose: file(configurationPath)},
    {name: 'a node’s history', lose: file(historyPath)},
  ];
  const sides = ['east', 'west'] as const;
  const single = losses.flatMap((loss) =>
    sides.map((side) => ({title: `${loss.name} of ${side}`, side, lost: [loss]})),
  );
  const double = losses.flatMap((first, at) =>
    losses
      .slice(at + 1)
      .flatMap((second) =>
        sides.map((side) => ({title: `${first.name} and ${second.name} of ${side}`, side, lost: [first, second]})),
      ),
  );

  test.each(run.long ? [...single, ...double] : single)(
    '$title ⇒ no key lost, nothing in clear, one lineage, and r2 completes on both sides once it is back',
    ({side, lost}) => {
      const both = new EnginePair({pair: {east: {nodes: 3}, west: {nodes: 3}}});
      const {east, west} = both;
      both.begin();
      const clear = watchClear(both);
      const before = [east, west].map((each) => each.files().flat());
      const putBack = lost.map(({lose}) => lose(both[side]));
      both.runFor(10 * minuteMs);
      for (const [at, each] of [east, west].entries())
        for (const files of each.files()) expect(files).toEqual(expect.arrayContaining(before[at] ?? []));
      for (const back of putBack) back();
      both.until('r2 completes on both sides', () => both.isAt(2), 6 * hourMs);
      expect(west.writeKey).toBe(east.writeKey);
      expect(west.ring.keys.map(({id}) => id)).toEqual(expect.arrayContaining(east.ring.keys.map(({id}) => id)));
      expect(clear).toEqual([]);
      expectUnnoticed(both);
    },
    120_000,
  );

  test('the root Secret of the Active comes back with other bytes ⇒ named, no rotation, every key stays', () => {
    const both = new EnginePair();
    const {east} = both;
    both.begin();
    const before = east.files();
    remove(east, paths.root);
    east.createRoot(Uint8Array.from({length: 32}, (_, at) => (at * 5 + 3) % 256));
    both.until('it is named', () => /Root(ChangeNotAnnounced|SecretsDiffer|SecretNotReady)/.test(east.said));
    both.runFor(4 * hourMs);
    expect(east.completed).toEqual([1]);
    expect(east.files()).toEqual(before);
    expectUnnoticed(both);
  }, 120_000);
});

test('clocks, nodes and names of the two sides differ ⇒ eight revisions with the same names and bytes, none ever renamed', () => {
  const west = [{name: 'far-1', address: '10.9.0.1', clockSkewMs: 13 * hourMs}];
  const both = new EnginePair({pair: {west: {nodes: west}}});
  both.begin();
  const seen = new Map<number, string>();
  for (const last of run.long ? [2, 3, 4, 5, 6, 7, 8] : [2, 3]) {
    both.until(`r${last} on both sides`, () => both.isAt(last), 6 * hourMs);
    for (const side of [both.east, both.west]) {
      for (const {revision, name, check} of side.ring.keys) {
        expect(seen.get(revision) ?? `${name}/${check}`).toBe(`${name}/${check}`);
        seen.set(revision, `${name}/${check}`);
        expect(parseKeyName(name)?.revision).toBe(revision);
      }
    }
  }
  expectUnnoticed(both);
}, 600_000);

test('off, on, rotated, a resource added and removed ⇒ every file on the way reads the clear values that are stored', () => {
  const both = new EnginePair();
  const {east, west} = both;
  const unread: string[] = [];
  for (const {cluster} of [east, west]) {
    const look = (name: string): void => {
      const {file} = cluster.node(name);
      if (file.state !== 'loadable') return;
      for (const resource of ['secrets', 'configmaps', 'leases.coordination.k8s.io']) {
        const live = cluster.need.of(resource).get('clear')?.live ?? 0;
        const order = file.transformers.of(resource);
        if (live > 0 && order.length > 0 && !order.some(({tag}) => tag === 'clear')) unread.push(`${name} ${resource}`);
      }
    };
    cluster.observe({onFile: ({name}) => look(name)});
  }
  both.begin();
  const resources = ['secrets', 'configmaps'];
  editConfig(east, (spec) => ({...spec, resources: [...resources, 'leases.coordination.k8s.io']}));
  const leases = (side: EngineSide): readonly string[] =>
    [...side.cluster.need.of('leases.coordination.k8s.io')].flatMap(([tag, {live}]) => (live > 0 ? [tag] : []));
  both.until('leases are under a key on the Active', () => leases(east).every((tag) => tag !== 'clear'), 6 * hourMs);
  both.until('r3 completes', () => both.isAt(3), 9 * hourMs);
  editConfig(east, (spec) => ({...spec, resources}));
  both.until('leases are in clear on the Active', () => leases(east).join() === 'clear', 6 * hourMs);
  both.until('r4 completes', () => both.isAt(4), 9 * hourMs);
  expect(unread).toEqual([]);
  expectUnnoticed(both);
}, 600_000);

test('a server of the Active no longer reads its file ⇒ named, the old key stays everywhere until it started again', () => {
  const both = new EnginePair();
  const {east} = both;
  both.begin();
  const r1 = tagOf(east, 1);
  const stuck = east.cluster.node('e2');
  stuck.settings.automaticReload = false;
  both.until('e2 is named', () => /(NotLoaded|ReloadDisabled|WaitingForLoad)[^\n]*e2/.test(east.said), 6 * hourMs);
  both.runFor(2 * hourMs);
  expect(east.completed.length).toBeLessThanOrEqual(2);
  for (const files of east.files()) expect(files).toContain(r1);
  stuck.settings.automaticReload = true;
  stuck.restart();
  both.until('it goes on', () => both.isAt(3), 9 * hourMs);
  expectUnnoticed(both);
}, 600_000);

test('twelve rotations with two revisions kept ⇒ the files are short, and every history names all that ever wrote', () => {
  const both = new EnginePair({interval: '1h0m0s', pair: {east: {nodes: 1}, west: {nodes: 1}}});
  both.begin();
  editConfig(both.east, (spec) => ({...spec, retention: {revisions: 2, minAge: '30m0s'}}));
  const last = 12;
  both.until(`r${last} on both sides`, () => both.isAt(last), 60 * hourMs);
  both.until(
    'old keys left the files',
    () => [...both.east.files(), ...both.west.files()].every((file) => file.length < last),
    24 * hourMs,
  );
  for (const {cluster} of [both.east, both.west]) {
    for (const {disk} of cluster.nodes) {
      const revisions = new Set(historyOf(disk).map((name) => parseKeyName(name)?.revision));
      expect(revisions).toEqual(new Set(Array.from({length: last + 2}, (_, at) => at + 1)));
    }
  }
  expectUnnoticed(both);
}, 600_000);
