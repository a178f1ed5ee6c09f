// Worlds so small that everything is tried: each program's next step, each fault that is left, time itself, from each
// state once. What a search cannot finish in its time it says, with the states it saw and those that are open.

import {mutants, type SearchOptions, type SearchResult, searchSmallWorld} from '@etcd-encryption/host-sim';
import {describe, expect, test} from 'vitest';
import {openProofRun} from '../../scripts/proof-run.ts';

const proof = openProofRun();
const hourMs = 3_600_000;

/** In the full run until the frontier is empty or an hour is over; else so many steps. */
function search(options: Omit<SearchOptions, 'goOn'>, fewSteps: number): SearchResult {
  const startedAtMs = performance.now();
  const goOn: SearchOptions['goOn'] = ({steps}) =>
    proof.long ? performance.now() - startedAtMs < hourMs : steps < fewSteps;
  const result = searchSmallWorld({...options, goOn});
  const {states, steps, open, ends, strays, isComplete} = result;
  const minutes = ((performance.now() - startedAtMs) / 60_000).toFixed(1);
  const cut = isComplete ? 'complete' : `cut off with ${open} open states`;
  const what = `${options.kind}, ${options.rotations} rotations, ${options.faults} faults`;
  console.info(`${what}: ${states} states, ${steps} steps, ${ends} ends, ${strays} strays, ${minutes} min, ${cut}`);
  return result;
}

const worlds = [
  {kind: 'single', rotations: 1, faults: 0},
  {kind: 'single', rotations: 1, faults: 1},
  {kind: 'pair', rotations: 1, faults: 0},
  {kind: 'pair', rotations: 2, faults: 2},
] as const;

describe('small worlds', () => {
  test.each(worlds)(
    '$kind, $rotations rotations, at most $faults faults ⇒ no invariant breaks on any way',
    async (world) => {
      await proof.slice(`${world.kind} ${world.rotations} ${world.faults}`, () => {
        const {violation, stuck, states, steps, open, isComplete} = search(world, 500);
        expect(violation).toBeUndefined();
        expect(stuck).toBe(0);
        expect(states).toBeGreaterThan(50);
        return {states, steps, open, complete: isComplete ? 1 : 0};
      });
    },
  );

  test('an engine that activates without convergence ⇒ a way to the violation, which can be walked again', () => {
    const mutant = mutants.find(({name}) => name === 'activate without convergence');
    const {violation} = search({kind: 'single', rotations: 1, faults: 0, parts: mutant?.parts('n') ?? {}}, 10_000);
    expect(violation?.detail.invariant).toBe('S2 write after read');
    expect(violation?.way.length).toBeGreaterThan(3);
  });
});
