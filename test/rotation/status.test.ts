// Status is for people: it is written from plans, never read back into one.

import {
  type ConfigStatus,
  configResource,
  driveSync,
  makeStatus,
  newControllerMemory,
  newLeaseMemory,
  nodeReportResource,
  observeCluster,
  ok,
  type Plan,
  planController,
  type Ring,
  ringResource,
  type SyncPorts,
  seen,
  unknown,
} from '@etcd-encryption/rotation';
import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {writeStatus} from '../../rotation/src/act/controller-deeds.ts';
import {ring as anyRing, knownObservation, observation, runs} from './arbitraries.ts';
import {FakeStore} from './fake-store.ts';
import {deepFreeze, names, now, observe, reportOf, restingRing} from './fixtures.ts';

/** The plan of a controller that reads a store with this ring, and these words as everybody's status. */
function planWith(ring: Ring, status: unknown): Plan {
  const store = new FakeStore();
  store.put(configResource, {
    metadata: {name: 'default', uid: 'u'},
    spec: {resources: ['secrets', 'configmaps']},
    status,
  });
  store.put(ringResource, {metadata: {name: 'default', namespace: 'kube-system'}, spec: ring, status});
  for (const node of names) store.put(nodeReportResource, {metadata: {name: node}, status: reportOf(node, ring)});
  const memory = newControllerMemory(newLeaseMemory('me'), function* () {
    yield {op: 'clock.now', args: {}} as const;
    return seen([]);
  });
  memory.ownEpoch = ring.epoch;
  const clock: Partial<SyncPorts> = {'clock.now': () => ok({wallMs: now, monotonicMs: 1_000})};
  return planController(driveSync(observeCluster(memory, true), {...store.ports, ...clock}));
}

describe('status', () => {
  test('any text in its place, or none ⇒ the same plan', () => {
    fc.assert(
      fc.property(anyRing, fc.jsonValue(), (ring, status) => {
        expect(planWith(ring, status)).toEqual(planWith(ring, undefined));
      }),
      runs(200),
    );
  });

  test('any observation, known or not ⇒ a status of plain values; neither plan nor observation is touched', () => {
    fc.assert(
      fc.property(observation, (o) => {
        const plan = planController(deepFreeze(o));
        const status = makeStatus(deepFreeze(plan), o, undefined);
        expect(JSON.parse(JSON.stringify(status))).toEqual(status);
        const types = status.conditions.map(({type}) => type);
        expect(new Set(types).size).toBe(types.length);
      }),
      runs(1_000),
    );
  });

  test('the same condition a second time ⇒ keeps the time at which it became so', () => {
    fc.assert(
      fc.property(knownObservation, (o) => {
        const first = makeStatus(planController(o), o, undefined);
        const later = {...o, now: {wallMs: o.now.wallMs + 500, monotonicMs: o.now.monotonicMs + 500}};
        const second = makeStatus(planController(later), later, first);
        for (const condition of second.conditions) {
          const before = first.conditions.find(({type}) => type === condition.type);
          if (before?.status === condition.status) expect(condition.lastTransitionTime).toBe(before.lastTransitionTime);
        }
      }),
      runs(),
    );
  });

  test('nothing can be planned ⇒ what this cluster said before stays; what another one said is not repeated', () => {
    const o = {...observe({ring: restingRing()}), ring: unknown('the API did not answer')};
    const own = makeStatus(planController(observe({ring: restingRing()})), o, undefined);
    const repeated = makeStatus(planController(o), o, own);
    expect(repeated).toMatchObject({clusterId: own.clusterId, revision: 1, deployStatus: own.deployStatus});
    const mirrored = makeStatus(planController(o), o, {...own, clusterId: 'cluster-of-the-active'});
    expect(Object.keys(mirrored).sort()).toEqual(['clusterId', 'conditions', 'phase']);
    expect(mirrored.clusterId).toBe(own.clusterId);
  });

  test('at rest ⇒ Ready, converged, encrypted, not degraded', () => {
    const o = observe({ring: restingRing()});
    const status: ConfigStatus = makeStatus(planController(o), o, undefined);
    const words = Object.fromEntries(status.conditions.map(({type, status: word}) => [type, word]));
    expect(words).toMatchObject({
      Ready: 'True',
      Progressing: 'False',
      Degraded: 'False',
      Encrypted: 'True',
      NodesConverged: 'True',
      MigrationComplete: 'True',
      WriteBudgetOK: 'True',
    });
    expect(status.phase).toBe('Idle');
    expect(status.revision).toBe(1);
    expect(status.deployStatus).toEqual({
      '10.0.0.1': {revision: 1, state: 'Success'},
      '10.0.0.2': {revision: 1, state: 'Success'},
      '10.0.0.3': {revision: 1, state: 'Success'},
    });
  });
});

describe('a status in which only encryptions are counted on', () => {
  const ring = restingRing();
  const [key = ''] = ring.keys.map(({name}) => name);

  /** A controller that looks at one store at the times it is told, and tells what it found. */
  function telling(): {
    readonly tell: (atMs: number, encryptions: number) => string | undefined;
    readonly counted: () => unknown;
  } {
    const store = new FakeStore();
    store.put(configResource, {metadata: {name: 'default', uid: 'u'}, spec: {resources: ['secrets', 'configmaps']}});
    store.put(ringResource, {metadata: {name: 'default', namespace: 'kube-system'}, spec: ring});
    const memory = newControllerMemory(newLeaseMemory('me'), function* () {
      yield {op: 'clock.now', args: {}} as const;
      return seen([]);
    });
    memory.ownEpoch = ring.epoch;
    const stored = () => store.get(configResource, 'default');
    return {
      tell(atMs, encryptions) {
        for (const node of names) {
          const report = {...reportOf(node, ring), sequence: atMs, encryptions: {[key]: encryptions}};
          store.put(nodeReportResource, {metadata: {name: node}, status: report});
        }
        const clock: Partial<SyncPorts> = {'clock.now': () => ok({wallMs: now + atMs, monotonicMs: atMs})};
        const ports = {...store.ports, ...clock};
        const o = driveSync(observeCluster(memory, true), ports);
        driveSync(writeStatus({memory, observation: o, plan: planController(o)}), ports);
        return stored()?.metadata.resourceVersion;
      },
      counted: () => (stored()?.status as ConfigStatus | undefined)?.keys,
    };
  }

  test('a minute later ⇒ not written; an hour later ⇒ written once', () => {
    const {tell, counted} = telling();
    tell(1_000, 10);
    const settled = tell(120_000, 10);
    expect(tell(180_000, 20)).toBe(settled);
    expect(counted()).toContainEqual(expect.objectContaining({name: key, encryptions: 10 * names.length}));
    const later = tell(3_720_000, 20);
    expect(later).not.toBe(settled);
    expect(counted()).toContainEqual(expect.objectContaining({name: key, encryptions: 20 * names.length}));
    expect(tell(3_780_000, 30)).toBe(later);
  });
});
