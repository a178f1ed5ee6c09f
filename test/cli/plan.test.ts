// `plan` on a simulated cluster: the engine's own decision, told in words, without a write.

import {annotation, ringResource} from '@etcd-encryption/rotation';
import {expect, test} from 'vitest';
import {changeAnnotation} from '../../cli/src/annotation.ts';
import type {ClusterClient} from '../../cli/src/cluster-client.ts';
import {configAddress} from '../../cli/src/cluster-state.ts';
import {readOnlyPorts} from '../../cli/src/read-only.ts';
import {planVerb} from '../../cli/src/verbs/plan.ts';
import {runVerb} from './command.ts';
import {installed, runRotations} from './simulated-cluster.ts';

const storeOf = (open: () => ClusterClient) => open().store;

test('nothing to do ⇒ until when it rests', async () => {
  const cluster = installed();
  runRotations(cluster, 1);
  const {code, out} = await runVerb(planVerb(cluster.open));
  expect(code).toBe(0);
  expect(out).toMatch(/^phase +Idle$/m);
  expect(out).toMatch(/^waits +next rotation at \S+Z \(Scheduled: waiting for the next rotation\)$/m);
  expect(out).toMatch(/^controller +controller-a leads$/m);
});

test('a server that has not loaded its file ⇒ whom it waits for, why, since when, and the steps after', async () => {
  const {open, simulation} = installed();
  simulation.runFor(30_000);
  const {out} = await runVerb(planVerb(open));
  expect(out).toMatch(/^rotation +to r1 \(first\), begun \d+s ago$/m);
  expect(out).toMatch(/^waits +node-1: has not loaded its file yet \(.*\), since \S+Z \(\d+s\)$/m);
  expect(out).toMatch(/^then +Activating → Converging → Migrating → Verifying → Dropping$/m);
});

test('a request that nobody has begun ⇒ the first action, as JSON', async () => {
  const cluster = installed();
  runRotations(cluster, 1);
  const store = storeOf(cluster.open as () => ClusterClient);
  await changeAnnotation(store, {on: configAddress, name: annotation.rotate, value: 'now'});
  const {out} = await runVerb(planVerb(cluster.open), '-o', 'json');
  expect(JSON.parse(out)).toMatchObject({
    next: [{does: 'list secrets, configmaps once, to find values that cannot be read', reason: 'CheckingValues'}],
    waits: [],
  });
});

test('paused ⇒ the operator’s word and since when', async () => {
  const cluster = installed();
  runRotations(cluster, 1);
  const store = storeOf(cluster.open as () => ClusterClient);
  await changeAnnotation(store, {on: configAddress, name: annotation.pause, value: 'audit'});
  cluster.simulation.runFor(5_000);
  const {out} = await runVerb(planVerb(cluster.open));
  expect(out).toMatch(/^waits +audit \(Paused: an operator paused the dangerous deeds\), since \S+Z \(\d+s\)$/m);
});

test('no controller ⇒ the plan is told and so is that nobody does it', async () => {
  const {open, simulation} = installed({}, {controller: false});
  simulation.runFor(5_000);
  const {out} = await runVerb(planVerb(open));
  expect(out).toMatch(/^next +make the ring: epoch 1 begins \(EpochRaised\)$/m);
  expect(out).toContain('no controller holds the lease: nothing happens until one runs');
});

test('an onlooker’s ports ⇒ every write is denied and changes nothing', async () => {
  const {open} = installed({}, {controller: false});
  const client = (open as () => ClusterClient)();
  const ports = readOnlyPorts(client);
  const object = {metadata: {name: 'default', namespace: 'kube-system', resourceVersion: '1'}};
  const address = {resource: ringResource, name: 'default', namespace: 'kube-system', uid: 'u', resourceVersion: '1'};
  const denied = {ok: false, error: {code: 'denied'}};
  expect(await ports['store.create']?.({resource: ringResource, object})).toMatchObject(denied);
  expect(await ports['store.replace']?.({resource: ringResource, object})).toMatchObject(denied);
  expect(await ports['store.replaceStatus']?.({resource: ringResource, object})).toMatchObject(denied);
  expect(await ports['store.delete']?.(address)).toMatchObject(denied);
  expect(await ports['store.rewrite']?.(address)).toMatchObject(denied);
  expect(await client.store['store.get'](address)).toEqual({ok: true, value: undefined});
});
