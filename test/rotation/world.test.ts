// Plans against a world that obeys: first installation, rotations and drops settle within a bounded number of rounds,
// and at every moment, whatever stopped half-way, no value is unreadable and no key is written with or dropped too early.

import {controllerRules, planController, type Ring, type Rule} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {long, seed} from './arbitraries.ts';
import {createRandom, filesOf, findBroken, ObedientWorld} from './obedient-world.ts';

const maxRounds = 1_500;

/** Lets rounds pass until `done`, and checks what must always hold after each. */
function runUntil(world: ObedientWorld, what: string, done: () => boolean): number {
  for (let round = 1; round <= maxRounds; round++) {
    const before = filesOf(world);
    world.round();
    const broken = findBroken(world, before);
    if (broken !== undefined) throw new Error(`${what}, round ${round}: ${broken}`);
    if (done()) return round;
  }
  throw new Error(
    `${what}: not within ${maxRounds} rounds; ${JSON.stringify(planController(world.observe()).reasons)}`,
  );
}

const isSettled = (world: ObedientWorld): boolean => {
  const plan = planController(world.observe());
  return (
    plan.actions.length === 0 && plan.phase === 'Idle' && plan.notes.every(({reason}) => reason === 'ValuesNotChecked')
  );
};

const worlds = Array.from({length: long ? 400 : 8}, (_, at) => seed * 1_000 + at);

describe.each(worlds)('world %i', (worldSeed) => {
  test('installation, three rotations, drops, a resource out and in ⇒ each settles, nothing is ever broken', () => {
    const spec = {retention: {revisions: 1, minAgeMs: 0}, rotationIntervalMs: 90 * 24 * 3_600_000};
    const world = new ObedientWorld(createRandom(worldSeed), spec);
    runUntil(world, 'installation', () => world.ring?.history.length === 1 && isSettled(world));
    for (const request of ['one', 'two', 'three']) {
      world.spec = {...world.spec, rotateRequest: request};
      runUntil(world, request, () => world.ring?.history[0]?.requestedBy === request && isSettled(world));
      expect(world.ring?.keys.length).toBe(1);
      expect(world.nodes.every(({file}) => file.every(({order}) => order.length === 2))).toBe(true);
    }
    world.spec = {...world.spec, resources: ['secrets']};
    runUntil(world, 'a resource leaves', () => world.ring?.layout.resources.length === 1 && isSettled(world));
    world.spec = {...world.spec, resources: ['secrets', 'configmaps']};
    runUntil(
      world,
      'a resource enters',
      () =>
        world.ring?.layout.resources.every(({write}) => write === world.ring?.keys[0]?.id) === true &&
        world.ring.layout.resources.length === 2 &&
        isSettled(world),
    );
  });
});

const ruleNamed = (name: string): Rule => {
  const rule = controllerRules.find((each) => each.name === name);
  if (rule === undefined) throw new RangeError(`no rule ${name}`);
  return rule;
};

/** The shipped rules with one in another's place. */
const rulesWith = (name: string, apply: Rule['apply']): readonly Rule[] =>
  controllerRules.map((rule) => (rule.name === name ? {name, apply} : rule));

const certificateFor = (key: Ring['keys'][number]): Ring['certificates'][number] => ({
  key: key.id,
  check: key.check,
  stoppedWritingAtMs: 0,
  cleanBy: '',
  cleanRevision: '',
  compactedBy: '',
  atMs: 0,
});

describe('a rule is broken on purpose ⇒ the world notices', () => {
  const spec = {retention: {revisions: 1, minAgeMs: 0}};
  const rotate = (world: ObedientWorld) => (): void => {
    runUntil(world, 'installation', () => world.ring?.history.length === 1 && world.ring.rotation === undefined);
    world.spec = {...spec, rotateRequest: 'x'};
    runUntil(world, 'rotation', () => false);
  };

  test('the key is activated as soon as it is in the layout', () => {
    const activate: Rule['apply'] = (view) => {
      const {rotation, layout} = view.ring;
      const key = rotation?.key;
      if (
        rotation === undefined ||
        key === undefined ||
        rotation.activatedAtMs !== undefined ||
        !layout.keys.includes(key) ||
        view.ring.history.length === 0
      )
        return ruleNamed('activate').apply(view);
      const ring: Ring = {
        ...view.ring,
        version: view.ring.version + 1,
        layout: {...layout, resources: layout.resources.map((each) => ({...each, write: key}))},
        rotation: {...rotation, activatedAtMs: view.observation.now.wallMs},
      };
      return {kind: 'act', action: {do: 'replaceRing', ring}, reason: {reason: 'Activating', message: ''}};
    };
    const world = new ObedientWorld(createRandom(5), spec, rulesWith('activate', activate));
    expect(rotate(world)).toThrow(/S2/);
  });

  test('the old key is dropped as soon as the new one writes', () => {
    const verify: Rule['apply'] = (view) => {
      const [newest, ...older] = view.ring.keys;
      if (older.length === 0 || newest === undefined || view.ring.rotation?.convergedAtMs === undefined)
        return ruleNamed('migrate').apply(view);
      const ring: Ring = {
        ...view.ring,
        version: view.ring.version + 1,
        keys: [newest],
        layout: {...view.ring.layout, keys: [newest.id]},
        certificates: older.map(certificateFor),
      };
      return {kind: 'act', action: {do: 'replaceRing', ring}, reason: {reason: 'Dropping', message: ''}};
    };
    const world = new ObedientWorld(createRandom(5), spec, rulesWith('migrate', verify));
    expect(rotate(world)).toThrow(/S[13]/);
  });
});
