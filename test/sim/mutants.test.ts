// Deliberate bugs of the engine die, each by an invariant of its row in the simulator's table, and the engine as it is
// shipped survives the same worlds.

import {hunt, type Kill, type Mutant, mutants, runSeed} from '@etcd-encryption/host-sim';
import {afterAll, describe, expect, test} from 'vitest';
import {openProofRun} from '../../scripts/proof-run.ts';

const {long} = openProofRun();
/** Seeds within which every mutant must die; where one survives all of them, an oracle has become blind. */
const seeds = long ? 2_000 : 12;
const cleanSeeds = long ? 200 : 12;

describe('mutants of the engine', () => {
  const rows: string[] = [];

  test.each(mutants.map((mutant) => ({title: mutant.name, mutant})))(
    '$title ⇒ an invariant of its row breaks; the same seed without it ⇒ all hold',
    ({mutant}) => {
      const kill = hunt(mutant, seeds);
      rows.push(rowOf(mutant, kill));
      expect(mutant.diesBy).toContain(kill?.detail.invariant);
      const {aimed, world = {}} = mutant;
      const clean = runSeed({seed: kill?.seed ?? 1, aimed, world});
      expect(clean.died).toBeUndefined();
      expect(clean.readable).toBe(true);
    },
  );

  afterAll(() => {
    if (long) console.info(['mutant: seed, invariant, virtual ms', ...rows].join('\n'));
  });

  test('every mutant has a name of its own, and says what it is', () => {
    expect(new Set(mutants.map(({name}) => name)).size).toBe(mutants.length);
    for (const {what, diesBy} of mutants) {
      expect(what).not.toBe('');
      expect(diesBy.length).toBeGreaterThan(0);
    }
  });
});

const rowOf = ({name}: Mutant, kill: Kill | undefined): string =>
  kill === undefined
    ? `${name}: survived ${seeds} seeds`
    : `${name}: ${kill.seed}, ${kill.detail.invariant}, ${kill.detail.atMs}`;

describe('the engine as it is shipped', () => {
  test('small worlds with faults ⇒ every invariant holds, everything is readable, keys are activated', () => {
    const faults = new Set<string>();
    let activated = 0;
    for (let seed = 1; seed <= cleanSeeds; seed++) {
      const result = runSeed({seed});
      expect({seed, died: result.died}).toEqual({seed, died: undefined});
      expect({seed, readable: result.readable}).toEqual({seed, readable: true});
      for (const fault of result.faults) faults.add(fault);
      activated += result.activated;
    }
    expect(faults.size).toBeGreaterThanOrEqual(8);
    expect(activated).toBeGreaterThan(cleanSeeds);
  });

  test('the same seed again ⇒ the same trace', () => {
    expect(runSeed({seed: 3}).traceHash).toBe(runSeed({seed: 3}).traceHash);
  });
});
