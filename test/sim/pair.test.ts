// Two simulated clusters and a mirror between them: the Active publishes and rotates, the Standby follows with its own
// objects, and after a failover by the book the Standby goes on by itself. Each cluster runs the shipped engine.

import {toBase64} from '@etcd-encryption/crypto';
import {createSimPorts, faultActor, secretResource} from '@etcd-encryption/host-sim';
import {annotation, deploymentResource, namespaceResource, ourNamespace, ringResource} from '@etcd-encryption/rotation';
import {expect, test} from 'vitest';
import {expectValue} from '../ports/answers.ts';
import {EngineCluster} from './engine-cluster.ts';

const minuteMs = 60_000;
const rootKey = Uint8Array.from({length: 32}, (_, at) => (at * 37 + 11) % 256);
const spec = {
  keyStrategy: 'deterministic',
  deterministic: {replicationGroupId: 'g', approvalDelay: '5m', promotionGrace: '30m'},
  rotationInterval: '1h0m0s',
};

/** What the mirror copies; `shop` stands for every namespace that it does not leave alone. */
const mirrored = [
  '/registry/namespaces/shop',
  '/registry/secrets/shop/',
  '/registry/cluster.alauda.io/seedbundles/kube-system/default',
];

class Side {
  readonly cluster: EngineCluster;
  readonly #ports;

  constructor(seed: number) {
    const users = {writesPerSecond: 0.02, readsPerSecond: 0.02, listsPerSecond: 0.002};
    this.cluster = new EngineCluster({simulation: {seed, users, objects: {secrets: 6, configmaps: 4}}, spec});
    this.#ports = createSimPorts(this.cluster.simulation.cluster, {program: 'operator', as: 'user'});
    this.create('etcd-derivation-root', ourNamespace, {'root-key': toBase64(rootKey)});
  }

  create(name: string, namespace: string, data: Readonly<Record<string, string>>): void {
    const object = {metadata: {name, namespace}, data};
    expectValue(this.#ports['store.create']({resource: secretResource, object}));
  }

  /** The namespace `shop` with its Secrets. */
  openShop(): void {
    const object = {metadata: {name: 'shop'}};
    expectValue(this.#ports['store.create']({resource: namespaceResource, object}));
    for (const name of ['a', 'b', 'c']) this.create(name, 'shop', {text: toBase64(new Uint8Array([1, 2, 3]))});
  }

  install(isInstalled: boolean): void {
    const {etcd} = this.cluster.simulation.cluster;
    if (isInstalled) {
      const object = {metadata: {name: 'cpaas-system'}};
      expectValue(this.#ports['store.create']({resource: namespaceResource, object}));
      const deployment = {metadata: {name: 'etcd-sync', namespace: 'cpaas-system'}};
      expectValue(this.#ports['store.create']({resource: deploymentResource, object: deployment}));
      return;
    }
    const key = '/registry/deployments/cpaas-system/etcd-sync';
    const item = etcd.get(key);
    if (item !== undefined) etcd.delete(key, item.modRevision, faultActor);
  }

  say(name: string, text: string): void {
    const address = {resource: ringResource, namespace: ourNamespace, name: 'default'};
    const object = expectValue(this.#ports['store.get'](address));
    if (object === undefined) throw new Error('there is no ring');
    const annotations = {...object.metadata.annotations, [name]: text};
    const changed = {...object, metadata: {...object.metadata, annotations}};
    expectValue(this.#ports['store.replace']({resource: ringResource, object: changed}));
  }

  /** The stored values of the namespace `shop`, by name. */
  shop(): readonly unknown[] {
    const prefix = '/registry/secrets/shop/';
    return this.cluster.simulation.cluster.etcd.range({prefix, limit: 1_000}).items.map(({value}) => value);
  }

  condition(type: string): string {
    const found = this.cluster.status.conditions?.find((each) => each.type === type);
    return `${found?.status} ${found?.reason} ${found?.message}`;
  }
}

class Pair {
  readonly left = new Side(41);
  readonly right = new Side(43);
  readonly #copied = new Map<string, number>();
  mirror: {readonly from: Side; readonly to: Side} | undefined;

  /** Both go on for a while, and what changed is copied. */
  runFor(ms: number): void {
    for (let passed = 0; passed < ms; passed += 5_000) {
      for (const {cluster} of [this.left, this.right]) cluster.simulation.runFor(5_000);
      this.#copy();
    }
  }

  until(what: string, isSo: () => boolean, limitMs = 180 * minuteMs): void {
    for (let passed = 0; passed < limitMs && !isSo(); passed += 5_000) this.runFor(5_000);
    const seen = [this.left, this.right].map(({cluster}) => JSON.stringify([cluster.status, cluster.ring], null, 1));
    expect(isSo(), `not in time: ${what}\n${seen.join('\n')}`).toBe(true);
  }

  #copy(): void {
    if (this.mirror === undefined) return;
    const [from, to] = [this.mirror.from, this.mirror.to].map(({cluster}) => cluster.simulation.cluster.etcd);
    if (from === undefined || to === undefined) return;
    for (const prefix of mirrored) {
      for (const {key, value, modRevision} of from.range({prefix, limit: 1_000}).items) {
        if (this.#copied.get(key) === modRevision) continue;
        to.put(key, value, to.get(key)?.modRevision ?? 0, 'mirror');
        this.#copied.set(key, modRevision);
      }
    }
  }
}

const revisions = ({cluster}: Side): readonly number[] => (cluster.status.history ?? []).map(({revision}) => revision);
const roleOf = ({cluster}: Side): unknown => (cluster.status as {readonly role?: string}).role;

test('a pair ⇒ the Standby follows every key, its own objects alone are rewritten, and it goes on after a failover', () => {
  const pair = new Pair();
  const {left, right} = pair;
  right.install(true);
  left.openShop();
  pair.mirror = {from: left, to: right};
  pair.until('r1 waits for the proof of the Standby', () => left.condition('Ready').includes('StandbyUnproven'));
  expect([roleOf(left), roleOf(right)]).toEqual(['Active', 'Standby']);
  pair.until('the Standby has loaded r1', () => right.cluster.files().every((keys) => keys.length >= 2));

  const [entry] = left.cluster.ring.following?.entries ?? [];
  const {bundleId} = left.cluster.ring.following ?? {};
  const revision = {revision: 1, name: entry?.key, checkValue: entry?.check};
  left.say(annotation.standbyProof, JSON.stringify({bundleId, revisions: [revision], adopted: []}));
  pair.until('both wrote everything under r1', () => revisions(left)[0] === 1 && revisions(right)[0] === 1);
  pair.until('both wrote everything under r2', () => revisions(left)[0] === 2 && revisions(right)[0] === 2);
  pair.until('r3 is in every file of both sides', () =>
    [left, right].every(({cluster}) => cluster.files().every((keys) => keys.some((key) => key.includes('/r3-')))),
  );
  expect(right.cluster.ring.publications).toBeUndefined();
  expect(right.shop()).toEqual(left.shop());
  expect(right.cluster.ring.history[0]?.reason).toBe('follow');
  pair.until('a failover is ready', () => right.condition('FailoverReady').startsWith('True'));

  pair.mirror = undefined;
  right.install(false);
  pair.until('the role of the Standby is not known', () => roleOf(right) === 'Unknown');
  pair.until(
    'it rotates on by itself',
    () => revisions(right)[0] === 3 && (right.cluster.ring.publications ?? []).length > 0,
  );
  expect(roleOf(right)).toBe('Active');
  const names = (side: Side): readonly string[] => side.cluster.ring.following?.entries.map(({key}) => key) ?? [];
  pair.until('the old Active publishes the same key', () => names(left).length >= 4);
  expect(names(right).slice(0, 4)).toEqual(names(left).slice(0, 4));

  left.install(true);
  pair.mirror = {from: right, to: left};
  pair.until('the old Active follows', () => roleOf(left) === 'Standby');
  const last = revisions(right)[0] ?? 0;
  pair.until('both write everything under the next key', () =>
    [left, right].every((side) => (revisions(side)[0] ?? 0) > last),
  );
  expect(names(left)).toEqual(names(right));
  expect(left.cluster.ring.history[0]?.reason).toBe('follow');
  for (const {cluster} of [left, right]) {
    expect(cluster.simulation.users.failures).toEqual([]);
    expect(cluster.simulation.users.verifyAll()).toBe(true);
  }
}, 240_000);
