// Bugs that show on one cluster: a rotation that is asked for, and what happens in it.

import {type Aim, type AimedWorld, after, minuteMs, passing, rotate, secondMs, single, when} from './worlds.ts';

/** A rotation, and nothing else. */
const rotation =
  (world: AimedWorld = {}): Aim =>
  (draws) =>
    single([after(draws.integer(0, 20 * secondMs), rotate)], world);

/** One node's agent hears late of the activation, and the node goes away with the older write key in its file. */
const lostAtActivation =
  (minutes: number): Aim =>
  (draws) =>
    single([
      after(
        draws.integer(0, 20 * secondMs),
        {
          kind: 'missedEvents',
          target: {node: 'e2', program: 'agent'},
          forMs: 2 * minuteMs,
        },
        rotate,
      ),
      when('east', 'Activate', passing(draws.integer(500, 3_000)), {
        kind: 'down',
        node: 'e2',
        forMs: minutes * minuteMs,
      }),
    ]);

/** Many new objects are committed nearly as late as the engine is told that they can be. */
const lateWorld: AimedWorld = {
  nodes: 1,
  writes: {count: 30, per: 's'},
  lateWrites: {percent: 90, maxMs: 55 * secondMs},
};
/** A rotation once many objects wait for their commit. */
const lateRotation =
  (world: AimedWorld = {}): Aim =>
  (draws) =>
    single([after(draws.integer(30, 45) * secondMs, rotate)], {...lateWorld, ...world});

/** Servers load no file of ours. */
const refusing = {world: {prepared: false}, refusesAesGcm: true};

/** By the mutant's name. */
export const singleAims: Readonly<Record<string, Aim>> = {
  'activate without convergence': rotation(),
  '"file written" counts as loaded': rotation(),
  'majority instead of all': rotation({nodes: 3}),
  'new key first when first distributed': rotation(),
  'reorder and drop in one file': rotation(),
  'drop = keep newest 8': rotation({nodes: 1}),
  'drop trusts status': rotation({nodes: 1}),
  'drop ignores history and compaction': rotation({nodes: 1}),
  'distribute before persist': rotation({nodes: 1}),
  'in-place file write': rotation({nodes: 1}),
  'first fsync dropped': rotation({nodes: 1}),
  'key bytes in an error message': rotation({nodes: 1}),
  'late agent applies an old ring': rotation(),
  'migrate before all loaded': lostAtActivation(3),
  'expired token = done': rotation({nodes: 1, secrets: 200, world: {compactionMs: 300}}),
  'PUT without resourceVersion': rotation({nodes: 1, secrets: 200, writes: {count: 20, per: 's'}}),
  '404 → recreate': rotation({nodes: 1, secrets: 300, writes: {count: 100, per: 's'}}),
  'request handled again after a scheduled rotation': rotation({nodes: 1, world: {pollMs: minuteMs}}),
  'only Ready nodes counted': (draws) =>
    single([after(draws.integer(0, 5 * secondMs), {kind: 'down', node: 'e2', forMs: 4 * minuteMs}, rotate)], {}),
  'node forgotten by time alone': (draws) =>
    single([after(draws.integer(0, 5 * secondMs), {kind: 'down', node: 'e2', forMs: 4 * minuteMs}, rotate)], {}),
  "drop ignores a down member's write key": lostAtActivation(8),
  'repair overwrites instead of union': (draws) =>
    single([
      after(draws.integer(0, 20 * secondMs), rotate),
      when('east', 'Activate', passing(draws.integer(2_000, 8_000)), {kind: 'cutFile', node: 'e2'}),
    ]),
  'adopted key dropped after the first rotation': (draws) =>
    single([after(draws.integer(0, 20 * secondMs), rotate)], {nodes: 1, world: {prepared: false, adopted: true}}),
  '409 = done': rotation({...lateWorld, secrets: 150}),
  'no final scan (late commit)': lateRotation(),
  'scan taken before the drain': lateRotation(),
  'new kind of file sent to all nodes at once': () => single([after(0, passing(5 * minuteMs))], refusing),
  'refused file left on the disk': () => single([after(0, passing(5 * minuteMs))], {...refusing, nodes: 1}),
  'unknown result → new key': (draws) =>
    single(
      [
        after(draws.integer(0, 20 * secondMs), rotate),
        when('east', 'Mint', {kind: 'unknownAnswer', target: {node: 'e1', program: 'agent'}}),
      ],
      {nodes: 1},
    ),
  'resource added or removed in one step': (draws) =>
    single(
      [after(draws.integer(0, 20 * secondMs), {kind: 'addResource', resource: 'configmaps', clusters: ['east']})],
      {settings: {resources: ['secrets']}},
    ),
  'root changed → derive on, name without check value': (draws) =>
    single(
      [
        after(
          draws.integer(0, 20 * secondMs),
          {kind: 'rootReplaced', clusters: ['east'], onPurpose: false},
          passing(3 * minuteMs),
        ),
      ],
      {nodes: 1, settings: {keyStrategy: 'deterministic', approvalDelayMs: minuteMs, standby: 'none'}},
    ),
  'catch-up rotations after a pause': (draws) =>
    single(
      [
        after(draws.integer(0, 20 * secondMs), {kind: 'pause', cluster: 'east'}),
        after(draws.integer(30, 40) * minuteMs, {kind: 'resume', cluster: 'east'}),
      ],
      {nodes: 1},
    ),
  'agent accepts a lower epoch': (draws) =>
    single(
      [
        after(draws.integer(40, 60) * secondMs, {kind: 'crash', target: {cluster: 'east', program: 'controller'}}),
        after(draws.integer(15, 40) * secondMs, {kind: 'restore', cluster: 'east', ageMs: minuteMs}),
      ],
      {nodes: 1},
    ),
  'lower epoch after a restore refused for ever': (draws) =>
    single(
      [
        after(draws.integer(40, 60) * secondMs, {kind: 'crash', target: {cluster: 'east', program: 'controller'}}),
        after(draws.integer(15, 40) * secondMs, {kind: 'restore', cluster: 'east', ageMs: minuteMs}),
      ],
      {nodes: 1},
    ),
};
