// Each promise L1 – L8 can be broken: by hands that write what an engine would that does not keep it, beside the nearest
// that keep it.

import {
  createLiveness,
  createSimPorts,
  createSimulation,
  type Liveness,
  type Pair,
  type PromiseName,
  type Simulation,
  type SimulationOptions,
  secretResource,
} from '@etcd-encryption/host-sim';
import {
  annotation,
  type CompletedRotation,
  configResource,
  emptyLayout,
  type Ring,
  type StoredObject,
} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {expectValue} from '../ports/answers.ts';
import {distribute} from './deeds.ts';
import {file, testKey} from './files.ts';
import {hourMs, minuteMs, pairOf} from './pairs.ts';
import {following, makeBundle, ProtocolObjects, ringKeyOf} from './protocol-objects.ts';

const [k1, k2, k3] = [testKey(1), testKey(2), testKey(3)];
const epochMs = 1_767_225_600_000;

const condition = (type: string, status: string, reason: string, message = '') => ({type, status, reason, message});
const calm = {conditions: [condition('Progressing', 'False', 'Scheduled')]};

const completed = (revision: number, more: Partial<CompletedRotation> = {}): CompletedRotation => ({
  revision,
  key: `r${revision}`,
  reason: 'schedule',
  startedAtMs: epochMs,
  completedAtMs: epochMs,
  rewritten: 0,
  outcome: 'Complete',
  ...more,
});

/** A ring at rest: r2 writes, r1 is read, the last rotation has just completed. */
const restful: Partial<Ring> = {
  keys: [k2, k1].map((key) => ringKeyOf(key)),
  layout: {...emptyLayout, keys: [k2.name, k1.name], resources: [{resource: 'secrets', write: k2.name}]},
  history: [completed(2)],
};

const rotation = (more: Partial<NonNullable<Ring['rotation']>> = {}): NonNullable<Ring['rotation']> => ({
  revision: 3,
  reason: 'schedule',
  startedAtMs: epochMs,
  migration: [],
  ...more,
});

class Alone {
  readonly simulation: Simulation;
  readonly objects: ProtocolObjects;
  readonly liveness: Liveness;

  constructor(promise: PromiseName, options: Partial<SimulationOptions> = {}, spec: object = {}) {
    this.simulation = createSimulation({
      seed: 8,
      nodes: 2,
      file: file([k2, k1, 'identity']),
      oracles: [],
      epochMs,
      ...options,
    });
    const {cluster} = this.simulation;
    this.objects = new ProtocolObjects(cluster);
    const object = {metadata: {name: 'default'}, spec: {resources: ['secrets'], rotationInterval: '1h', ...spec}};
    expectValue(this.#operator['store.create']({resource: configResource, object}));
    this.objects.status(calm);
    this.objects.ring(restful);
    this.liveness = createLiveness({
      simulation: this.simulation,
      clusters: [{cluster, ring: () => undefined, status: () => calm, role: () => 'single'}],
      healedAtMs: 0,
      promises: [promise],
    });
  }

  get broken(): string {
    return this.liveness.judge()?.explanation ?? 'kept';
  }

  annotate(annotations: Readonly<Record<string, string>>): void {
    const address = {resource: configResource, name: 'default'};
    const object = expectValue(this.#operator['store.get'](address)) as StoredObject;
    const metadata = {...object.metadata, annotations};
    expectValue(this.#operator['store.replace']({resource: configResource, object: {...object, metadata}}));
  }

  runFor(ms: number): void {
    this.simulation.runFor(ms);
  }

  get #operator() {
    return createSimPorts(this.simulation.cluster, {program: 'operator', as: 'user'});
  }
}

describe('L1', () => {
  test('a rotation is due and nothing happens ⇒ broken after three polls; not yet due ⇒ kept', () => {
    const alone = new Alone('L1 rotates');
    alone.runFor(59 * minuteMs);
    expect(alone.broken).toBe('kept');
    alone.objects.status({...calm, phase: 'Idle'});
    alone.runFor(2 * minuteMs);
    alone.objects.status(calm);
    alone.runFor(6 * minuteMs);
    expect(alone.broken).toContain('a rotation is due');
  });

  test.each(['WaitingForApproval', 'Migrating', 'Paused'])(
    'it is under way, and the status says %s ⇒ kept',
    (reason) => {
      const alone = new Alone('L1 rotates');
      alone.objects.ring({rotation: rotation()});
      alone.objects.status({conditions: [condition('Progressing', 'True', reason)]});
      alone.runFor(hourMs);
      expect(alone.broken).toBe('kept');
      alone.objects.status({conditions: [condition('Progressing', 'True', 'Converging')]});
      alone.runFor(6 * minuteMs);
      expect(alone.broken).toContain('r3 is under way');
    },
  );

  test('a trouble is named ⇒ another promise’s', () => {
    const alone = new Alone('L1 rotates');
    alone.objects.ring({rotation: rotation()});
    alone.objects.status({conditions: [condition('Degraded', 'True', 'ServerDown', 'n1: it is down')]});
    alone.runFor(hourMs);
    expect(alone.broken).toBe('kept');
  });
});

describe('L2', () => {
  test('a rotation that never ends ⇒ broken after four hours, and named', () => {
    const alone = new Alone('L2 settles');
    alone.objects.ring({rotation: rotation()});
    alone.runFor(3 * hourMs);
    expect(alone.broken).toBe('kept');
    alone.runFor(hourMs);
    expect(alone.broken).toContain('rotation is under way');
  });

  test('a file that is not the ring’s, a server that has not loaded it, an agent of another epoch ⇒ never at rest', () => {
    const faults: readonly (readonly [string, (alone: Alone) => void])[] = [
      [
        'its file lacks',
        ({objects}) =>
          objects.ring({
            keys: [k3, k2, k1].map((key) => ringKeyOf(key)),
            layout: {...emptyLayout, keys: [k3.name, k2.name, k1.name], resources: []},
          }),
      ],
      [
        'does not write secrets',
        ({objects}) =>
          objects.ring({
            layout: {...emptyLayout, keys: [k2.name, k1.name], resources: [{resource: 'secrets', write: k1.name}]},
          }),
      ],
      ['does not serve', ({simulation}) => simulation.cluster.node('n2').stop()],
      ['epoch 7', ({objects}) => objects.state('n1', {epoch: 7})],
      [
        'not loaded its file',
        ({simulation}) => {
          simulation.runFor(minuteMs);
          simulation.cluster.node('n1').settings.automaticReload = false;
          distribute(simulation.cluster, [k2, k1, k3, 'identity']);
        },
      ],
    ];
    for (const [word, fault] of faults) {
      const alone = new Alone('L2 settles');
      fault(alone);
      alone.runFor(4 * hourMs);
      expect(alone.broken).toContain(word);
    }
  });

  test('at rest, and then a new epoch, a file, or changes of the ring all the time ⇒ broken', () => {
    const unrests: readonly (readonly [string, (alone: Alone) => void])[] = [
      ['epoch 2 began', ({objects}) => objects.ring({epoch: 2})],
      ['the file of n1 changed', ({simulation}) => distribute(simulation.cluster, [k2, k1])],
      [
        'within 600000 ms',
        (alone) => {
          for (let count = 0; count < 130; count++) {
            alone.objects.ring({});
            alone.runFor(1_000);
          }
        },
      ],
    ];
    for (const [word, unrest] of unrests) {
      const alone = new Alone('L2 settles');
      alone.objects.status({...calm, phase: 'Idle'});
      unrest(alone);
      expect(alone.broken).toContain(word);
    }
  });

  test('at rest, and a rotation begins or an operator edits ⇒ kept, and it may rest again', () => {
    const alone = new Alone('L2 settles');
    alone.objects.status({...calm, phase: 'Idle'});
    alone.runFor(11 * minuteMs);
    expect(alone.liveness.settled()).toBe(true);
    alone.objects.ring({rotation: rotation()});
    expect(alone.liveness.settled()).toBe(false);
    alone.objects.ring({epoch: 2});
    alone.annotate({note: 'x'});
    expect(alone.broken).toBe('kept');
  });

  test('two sides that follow different bundles, or have not the next key ⇒ never at rest', () => {
    const made = makeBundle({generation: 2, revisions: 2});
    const older = makeBundle({generation: 1, revisions: 1});
    const apart = (west: Partial<Ring>, keys = made.dataKeys): string => {
      const pair = still();
      const promise = watchPair(pair, 'L2 settles');
      const [one, other] = sidesOf(pair);
      one.ring({...following(made), history: [completed(1)], layout: layoutOf(made, 'r1')});
      other.ring({...following(made), history: [completed(1)], layout: layoutOf(made, 'r1'), ...west});
      distribute(pair.cluster('west'), [...keys, 'identity']);
      pair.simulation.runFor(4 * hourMs);
      return promise.judge()?.explanation ?? 'kept';
    };
    expect(apart(following(older, {keys: made.keys}))).toContain('different bundles');
    expect(apart({layout: layoutOf(older, 'r1')}, older.dataKeys)).toContain('has not r2');
    expect(apart({})).toBe('kept');
  });
});

const still = (): Pair =>
  pairOf({
    users: {writesPerSecond: 0, readsPerSecond: 0, listsPerSecond: 0},
    oracles: [],
    epochMs,
    file: file([...makeBundle({generation: 2, revisions: 2}).dataKeys, 'identity']),
  });

function sidesOf(pair: Pair): readonly [ProtocolObjects, ProtocolObjects] {
  return [new ProtocolObjects(pair.cluster('east')), new ProtocolObjects(pair.cluster('west'))];
}

function layoutOf({keys}: ReturnType<typeof makeBundle>, write: string): Ring['layout'] {
  const ids = keys.map(({id}) => id);
  const resources = ids.filter((id) => id.startsWith(`${write}-`)).map((id) => ({resource: 'secrets', write: id}));
  return {...emptyLayout, keys: ids, resources};
}

function watchPair(pair: Pair, promise: PromiseName): Liveness {
  const clusters = (['east', 'west'] as const).map((name) => {
    const cluster = pair.cluster(name);
    const role = () => (cluster.active ? ('Active' as const) : ('Standby' as const));
    return {cluster, ring: () => undefined, status: () => undefined, role};
  });
  const {simulation} = pair;
  return createLiveness({simulation, clusters, healedAtMs: 0, promises: [promise]});
}

describe('L3', () => {
  test('a failover to a side that cannot read a copied value ⇒ broken, with node and key; one that can ⇒ kept', () => {
    const [r1, r2] = makeBundle({generation: 2, revisions: 2}).dataKeys;
    if (r1 === undefined || r2 === undefined) throw new Error('no keys');
    const failOver = (isKnown: boolean) => {
      const pair = still();
      const promise = watchPair(pair, 'L3 new Active');
      const odd = testKey(9);
      for (const name of ['east', ...(isKnown ? ['west' as const] : [])] as const) {
        distribute(pair.cluster(name as 'east' | 'west'), [r1, r2, odd, 'identity']);
      }
      pair.simulation.runFor(minuteMs);
      distribute(pair.cluster('east'), [odd, r1, r2, 'identity']);
      pair.simulation.runFor(minuteMs);
      const user = createSimPorts(pair.cluster('east'), {program: 'someone', as: 'user'});
      const object = {metadata: {name: 'new', namespace: 'apps'}, data: {}};
      expectValue(user['store.create']({resource: secretResource, object}));
      pair.simulation.runFor(minuteMs);
      pair.failover('west');
      return promise.judge();
    };
    expect(failOver(false)).toMatchObject({name: 'L3 new Active', cluster: 'west', node: 'w1'});
    expect(failOver(true)).toBeUndefined();
  });
});

describe('L4', () => {
  /** A node comes back with a file that lacks a key of the ring. */
  const returned = (repair: (alone: Alone) => void): string => {
    const alone = new Alone('L4 returned node', {file: file([k2, k1, 'identity'])});
    alone.runFor(minuteMs);
    alone.simulation.powerLoss('n2', 0);
    alone.objects.ring({
      keys: [k3, k2, k1].map((key) => ringKeyOf(key)),
      layout: {...emptyLayout, keys: [k3.name, k2.name, k1.name], resources: [{resource: 'secrets', write: k2.name}]},
    });
    alone.simulation.boot('n2');
    alone.runFor(20_000);
    repair(alone);
    alone.runFor(10 * minuteMs);
    return alone.broken;
  };

  test('it serves and has not loaded a key of the ring after a poll and a period ⇒ broken; loaded by then ⇒ kept', () => {
    expect(returned(() => {})).toContain('has not loaded a key of the ring');
    expect(returned(({simulation}) => distribute(simulation.cluster, [k2, k1, k3, 'identity']))).toBe('kept');
  });

  test('what holds it up is named ⇒ kept', () => {
    const degraded = {conditions: [condition('Degraded', 'True', 'CannotWriteFile', 'n2: no space')]};
    expect(returned(({objects}) => objects.status(degraded))).toBe('kept');
  });
});

describe('L5', () => {
  const old = (stoppedAtMs: number): Partial<Ring> => {
    const keys = [3, 2, 1].map((revision) => ringKeyOf(testKey(revision)));
    return {
      keys,
      layout: {...emptyLayout, keys: keys.map(({id}) => id), resources: [{resource: 'secrets', write: k3.name}]},
      stoppedWriting: {[k1.name]: stoppedAtMs, [k2.name]: stoppedAtMs},
    };
  };
  const kept = (options: Partial<SimulationOptions>, ring: Partial<Ring>, spec: object): string => {
    const alone = new Alone('L5 shrinks', {file: file([k3, k2, k1, 'identity']), ...options}, spec);
    alone.objects.ring(ring);
    alone.runFor(3 * hourMs);
    return alone.broken;
  };
  const spec = {retention: {revisions: 2, minAge: '10m'}};

  test('a key beyond the newest that nothing needs stays for hours ⇒ broken', () => {
    expect(kept({}, old(epochMs), spec)).toContain('it is in the files still');
  });

  test('among the newest, too young, in the bundle’s window, or needed by a value ⇒ kept', () => {
    expect(kept({}, old(epochMs), {retention: {revisions: 8}})).toBe('kept');
    expect(kept({}, old(epochMs + 2 * hourMs), spec)).toBe('kept');
    const made = makeBundle({generation: 1, revisions: 1});
    const windowed = {
      ...made.ref,
      entries: [
        {...made.ref.entries[0], revision: 1, key: k1.name, check: k1.checkValue, createdAtMs: 0, activateAtMs: 0},
      ],
      sinceMs: 0,
    };
    expect(kept({}, {...old(epochMs), following: windowed}, spec)).toBe('kept');
    expect(kept({objects: {secrets: 2}, file: file([k1, k2, k3, 'identity'])}, old(epochMs), spec)).toBe('kept');
  });
});

describe('L6', () => {
  const away = (said: Readonly<Record<string, unknown>>): string => {
    const alone = new Alone('L6 obstacle named');
    alone.objects.ring({members: [{node: 'n2', identity: '', address: '10.0.0.2'}]});
    alone.simulation.cluster.node('n2').stop();
    alone.runFor(minuteMs);
    alone.objects.status(said);
    alone.runFor(2 * minuteMs);
    return alone.broken;
  };

  test('a member’s server is away and no status names it ⇒ broken; named as a node or an address ⇒ kept', () => {
    expect(away({...calm, phase: 'Idle'})).toContain('no status names it');
    expect(away({conditions: [condition('Degraded', 'True', 'ServerDown', 'n2: down')]})).toBe('kept');
    expect(away({...calm, deployStatus: {'10.0.0.2': {revision: 2, state: 'RestartFailed'}}})).toBe('kept');
  });

  test('it is back within the period ⇒ kept', () => {
    const alone = new Alone('L6 obstacle named');
    alone.objects.ring({members: [{node: 'n2', identity: '', address: '10.0.0.2'}]});
    alone.simulation.cluster.node('n2').restart();
    alone.runFor(10 * minuteMs);
    expect(alone.broken).toBe('kept');
  });
});

describe('L7', () => {
  const activated = {...emptyLayout, keys: [k2.name, k1.name], resources: [{resource: 'secrets', write: k1.name}]};

  test('a dangerous deed begins during a pause ⇒ broken; within a step of it, or after the pause ⇒ kept', () => {
    for (const [waitMs, isOver, word] of [
      [minuteMs, false, 'paused'],
      [1_000, false, 'kept'],
      [minuteMs, true, 'kept'],
    ] as const) {
      const alone = new Alone('L7 pause and resume');
      alone.annotate({[annotation.pause]: 'audit'});
      alone.runFor(waitMs);
      if (isOver) alone.annotate({});
      alone.objects.ring({layout: activated});
      expect(alone.broken).toContain(word);
    }
  });

  test('a second rotation by the schedule before an interval has passed ⇒ broken; after it ⇒ kept', () => {
    for (const [waitMs, word] of [
      [10 * minuteMs, 'the interval is 3600000'],
      [hourMs, 'kept'],
    ] as const) {
      const alone = new Alone('L7 pause and resume');
      alone.runFor(3 * hourMs);
      alone.objects.ring({rotation: rotation()});
      alone.objects.ring({
        rotation: undefined,
        history: [completed(3, {completedAtMs: epochMs + 3 * hourMs})],
      });
      alone.runFor(waitMs);
      alone.objects.ring({rotation: rotation({revision: 4})});
      expect(alone.broken).toContain(word);
    }
  });

  test('a request that was handled begins a rotation once more ⇒ broken; a new text ⇒ kept', () => {
    const handled = (): Alone => {
      const alone = new Alone('L7 pause and resume');
      alone.annotate({[annotation.rotate]: 'a drill'});
      alone.objects.ring({rotation: rotation({reason: 'request', request: 'a drill'})});
      const done = completed(3, {completedAtMs: epochMs + 1, requestedBy: 'a drill', reason: 'request'});
      alone.objects.ring({rotation: undefined, history: [done]});
      return alone;
    };
    const again = handled();
    again.objects.ring({rotation: rotation({revision: 4, reason: 'request', request: 'a drill'})});
    expect(again.broken).toContain('handled before');
    const other = handled();
    other.annotate({[annotation.rotate]: 'another'});
    other.objects.ring({rotation: rotation({revision: 4, reason: 'request', request: 'another'})});
    expect(other.broken).toBe('kept');
  });
});

describe('L8', () => {
  const silent = (status: Readonly<Record<string, unknown>>, isPublished = false): string => {
    const pair = still();
    const promise = watchPair(pair, 'L8 alarm');
    const [, west] = sidesOf(pair);
    const operator = createSimPorts(pair.cluster('east'), {program: 'operator', as: 'user'});
    const object = {metadata: {name: 'default'}, spec: {resources: ['secrets'], rotationInterval: '1h'}};
    expectValue(operator['store.create']({resource: configResource, object}));
    pair.simulation.runFor(minuteMs);
    west.ring(following(makeBundle({generation: 2, revisions: 2})));
    west.status(status);
    pair.simulation.runFor(2 * hourMs);
    if (isPublished) sidesOf(pair)[0].bundle(makeBundle({generation: 3, revisions: 3}).text);
    pair.simulation.runFor(hourMs / 2);
    return promise.judge()?.explanation ?? 'kept';
  };

  test('no bundle for two intervals and no word of it ⇒ broken; ActiveSilent, or itself the Active ⇒ kept', () => {
    expect(silent({role: 'Standby', conditions: []})).toContain('no condition says so');
    expect(silent({role: 'Standby', conditions: [condition('Degraded', 'True', 'ActiveSilent')]})).toBe('kept');
    expect(silent({role: 'Active', conditions: []})).toBe('kept');
  });

  test('a bundle arrives in time ⇒ kept', () => {
    expect(silent({role: 'Standby', conditions: []}, true)).toBe('kept');
  });
});
