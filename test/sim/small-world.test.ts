// Worlds so small that everything is tried: each program's next step, each fault that is left, time itself, from each
// state once. What a search cannot finish in its time it says, with the states it saw and those that are open.

import {
  type FaultKind,
  mutants,
  type SearchOptions,
  type SearchResult,
  searchSmallWorld,
} from '@etcd-encryption/host-sim';
import {describe, expect, test} from 'vitest';
import {openProofRun} from '../../scripts/proof-run.ts';

const proof = openProofRun();
const hourMs = 3_600_000;
const progressMs = 60_000;
/** What fits into the memory of a test. */
const mostStates = 600_000;

interface World {
  readonly kind: 'single' | 'pair';
  readonly rotations: number;
  readonly faults: number;
  /** All kinds, unless given. */
  readonly faultKinds?: readonly FaultKind[];
}

const titleOf = ({kind, rotations, faults, faultKinds}: World): string =>
  `${kind}, ${rotations} rotations, ${faults} faults${faultKinds?.length ? ` (${faultKinds.join()})` : ''}`;

/** Until nothing is left to try, an hour is over, or there are more states than can be kept. */
function search(world: World, options: Partial<SearchOptions> = {}): SearchResult {
  const startedAtMs = performance.now();
  let toldAtMs = startedAtMs;
  const minutes = (): string => ((performance.now() - startedAtMs) / 60_000).toFixed(1);
  const goOn: SearchOptions['goOn'] = ({states, open}) => {
    const nowMs = performance.now();
    if (proof.long && nowMs - toldAtMs > progressMs) {
      toldAtMs = nowMs;
      console.info(`${titleOf(world)}: ${states} states, ${open} open, ${minutes()} min`);
    }
    return nowMs - startedAtMs < hourMs && states < mostStates;
  };
  const result = searchSmallWorld({...world, ...options, goOn});
  const {states, steps, walked, open, ends, strays, isComplete, violation} = result;
  const counts = `${states} states, ${steps} steps of which ${walked} were walked, ${ends} ends, ${strays} strays`;
  const bound = states < mostStates ? 'by time' : `at ${mostStates} states`;
  const cut = isComplete
    ? 'complete'
    : open === 0
      ? 'not complete: strays'
      : `cut off ${bound} with ${open} open states`;
  const how = violation === undefined ? cut : `ended by ${violation.detail.invariant}`;
  console.info(`${titleOf(world)}: ${counts}, ${minutes()} min, ${how}`);
  return result;
}

/** Complete in each run of the tests. */
const small: readonly World[] = [{kind: 'single', rotations: 1, faults: 0}];

/** Up to what the specification asks for; an hour for each. */
const full: readonly World[] = [
  {kind: 'single', rotations: 1, faults: 0},
  {kind: 'single', rotations: 1, faults: 1},
  {kind: 'single', rotations: 2, faults: 0},
  {kind: 'single', rotations: 1, faults: 2},
  {kind: 'pair', rotations: 1, faults: 0},
  {kind: 'pair', rotations: 1, faults: 1},
  {kind: 'pair', rotations: 2, faults: 2},
];

/** A complete search is done in a minute on a machine that does nothing else; more is waited for than that. */
const mostMs = proof.long ? hourMs * 1.1 : 300_000;

describe('small worlds', () => {
  test.each((proof.long ? full : small).map((world) => [titleOf(world), world] as const))(
    '%s ⇒ no invariant breaks on any way, and from every state the rotations can be completed',
    async (title, world) => {
      await proof.slice(title, () => {
        const {violation, stuckWays, states, steps, ends, open, strays, isComplete} = search(world);
        expect(violation).toBeUndefined();
        // Says something only of a complete search; one that takes longer than an hour says how far it came.
        expect(stuckWays).toEqual([]);
        if (!proof.long) expect({isComplete, open, strays}).toEqual({isComplete: true, open: 0, strays: 0});
        expect(ends).toBeGreaterThan(proof.long ? -1 : 0);
        expect(states).toBeGreaterThan(1_000);
        return {states, steps, open, strays, complete: isComplete ? 1 : 0};
      });
    },
    mostMs,
  );

  test.each([
    {name: 'activate without convergence', invariant: 'S2 write after read', faultKinds: []},
    {name: 'migrate before all loaded', invariant: 'S8 true status', faultKinds: []},
    {name: 'unknown result → new key', invariant: 'S5 one name, one key', faultKinds: ['unknown answer'] as const},
  ])(
    'an engine that has the bug $name ⇒ a way to a violation of $invariant',
    ({name, invariant, faultKinds}) => {
      const mutant = mutants.find((each) => each.name === name);
      const parts = (): ReturnType<NonNullable<typeof mutant>['parts']> => mutant?.parts('n') ?? {};
      const faults = faultKinds.length > 0 ? 1 : 0;
      const {violation} = search({kind: 'single', rotations: 1, faults, faultKinds}, {parts});
      expect(violation?.detail.invariant).toBe(invariant);
      expect(violation?.way.length).toBeGreaterThan(3);
    },
    300_000,
  );
});
