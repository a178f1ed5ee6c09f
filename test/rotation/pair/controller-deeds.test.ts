// The controller's deeds in a pair: the SeedBundle is written only in place of what was seen, and a Standby rewrites its
// own namespaces alone.

import {
  driveSync,
  type MigrationMark,
  newControllerMemory,
  newLeaseMemory,
  ok,
  type Ring,
  type Rotation,
  type StoredObject,
  type SyncPorts,
  seedBundleResource,
  seen,
} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {migratePage} from '../../../rotation/src/act/migrate.ts';
import {publishBundle} from '../../../rotation/src/act/publish-bundle.ts';
import {planController} from '../../../rotation/src/plan/controller.ts';
import {FakeStore} from '../fake-store.ts';
import {markOf, now, observe, ringAt} from '../fixtures.ts';

const metadata = {name: 'default', namespace: 'kube-system'};

describe('publishing', () => {
  const write = (store: FakeStore, resourceVersion?: string) =>
    driveSync(
      publishBundle({do: 'publishBundle', bytes: 'bmV3', ...(resourceVersion === undefined ? {} : {resourceVersion})}),
      store.ports,
    );
  const stored = (store: FakeStore): unknown => store.get(seedBundleResource, 'default')?.spec;

  test('there was none ⇒ created', () => {
    const store = new FakeStore();
    expect(write(store).ok).toBe(true);
    expect(store.get(seedBundleResource, 'default')).toMatchObject({
      apiVersion: 'cluster.alauda.io/v1alpha1',
      kind: 'SeedBundle',
      metadata,
      spec: {bundle: 'bmV3'},
    });
  });

  test('there was none, and there is one now ⇒ left alone, a conflict', () => {
    const store = new FakeStore();
    store.put(seedBundleResource, {metadata, spec: {bundle: 'b2xk'}});
    expect(write(store)).toMatchObject({ok: false, error: {code: 'conflict'}});
    expect(stored(store)).toEqual({bundle: 'b2xk'});
  });

  test('the version that was seen ⇒ replaced, labels stay', () => {
    const store = new FakeStore();
    const labels = {mirror: 'exact'};
    const {metadata: seenThen} = store.put(seedBundleResource, {
      metadata: {...metadata, labels},
      spec: {bundle: 'b2xk'},
    });
    expect(write(store, seenThen.resourceVersion).ok).toBe(true);
    expect(stored(store)).toEqual({bundle: 'bmV3'});
    expect(store.get(seedBundleResource, 'default')?.metadata.labels).toEqual(labels);
  });

  test('another version ⇒ left alone, a conflict', () => {
    const store = new FakeStore();
    const {metadata: seenThen} = store.put(seedBundleResource, {metadata, spec: {bundle: 'b2xk'}});
    store.put(seedBundleResource, {metadata, spec: {bundle: 'bWlycm9y'}});
    expect(write(store, seenThen.resourceVersion)).toMatchObject({ok: false, error: {code: 'conflict'}});
    expect(stored(store)).toEqual({bundle: 'bWlycm9y'});
  });

  test('the version that was seen is gone ⇒ nothing is made, a conflict', () => {
    const store = new FakeStore();
    expect(write(store, '7')).toMatchObject({ok: false, error: {code: 'conflict'}});
    expect(stored(store)).toBeUndefined();
  });
});

describe('a page of a Standby', () => {
  const item = (name: string, namespace?: string): StoredObject => ({
    metadata: {name, uid: `uid-${name}`, resourceVersion: '10', ...(namespace === undefined ? {} : {namespace})},
  });

  function page(namespaces?: readonly string[]): {readonly written: readonly string[]; readonly mark?: MigrationMark} {
    const base = ringAt('converged');
    const ring: Ring = {...base, rotation: {...base.rotation, migration: [markOf('secrets')]} as Rotation};
    const observation = observe({ring, facts: {ring: seen(ring, '7000')}});
    const memory = newControllerMemory(newLeaseMemory('me'), function* () {
      yield {op: 'clock.now', args: {}} as const;
      return seen([]);
    });
    memory.ringObject = {metadata: {name: 'default', resourceVersion: '7000'}, spec: ring};
    const written: string[] = [];
    let after: Ring | undefined;
    const ports: Partial<SyncPorts> = {
      'clock.now': () => ok({wallMs: now, monotonicMs: 1}),
      'clock.sleep': () => ok('slept'),
      'store.list': () =>
        ok({
          items: [item('a', 'kube-system'), item('b', 'shop'), item('c', 'default'), item('d')],
          resourceVersion: '900',
        }),
      'store.rewrite': ({name}) => {
        written.push(name);
        return ok({resourceVersion: '11'});
      },
      'store.replace': ({object}) => {
        after = object.spec as Ring;
        return ok(object);
      },
    };
    const plan = planController(observation);
    driveSync(migratePage({memory, observation, plan}, 'rotation', namespaces), ports);
    const mark = after?.rotation?.migration[0];
    return {written: written.sort(), ...(mark === undefined ? {} : {mark})};
  }

  test('only the namespaces that are named ⇒ written; others, and what has none, are left to the mirror', () => {
    const {written, mark} = page(['default', 'kube-system']);
    expect(written).toEqual(['a', 'c']);
    expect(mark).toMatchObject({state: 'done', seen: 2, rewritten: 2});
  });

  test('nothing of it is local ⇒ done without a write', () => {
    const {written, mark} = page(['operators']);
    expect(written).toEqual([]);
    expect(mark).toMatchObject({state: 'done', seen: 0, rewritten: 0});
  });

  test('no namespaces are named ⇒ everything', () => {
    expect(page().written).toEqual(['a', 'b', 'c', 'd']);
  });
});
