// What people and programs are told of a rehearsal: while its seeds run, and what came of them at the end.

import type {Rehearsal, SeedResult} from '@etcd-encryption/host-sim';
import {createProgress} from '../progress.ts';
import {createEventLines} from '../run-output/events.ts';
import {seedLine, summaryLine} from '../run-output/json-lines.ts';
import {formatVerdict, formatViolation} from '../run-output/verdict.ts';
import {choosePaint} from '../table.ts';
import type {VerbInput} from '../verb.ts';
import type {Played, PlayOptions} from './play.ts';

/** While seeds run: a line an event for one seed, a line a seed as JSON, else how far it came. */
export function createTeller({clusters, seeds}: Rehearsal, input: VerbInput): Pick<PlayOptions, 'listen' | 'ended'> {
  if (input.values.json === true) return {ended: (result) => input.out(seedLine(result))};
  if (seeds.count === 1) {
    const lineOf = createEventLines(clusters, choosePaint());
    return {
      listen: (event) => {
        if (event.kind !== 'verdict') input.out(lineOf(event));
      },
      ended: () => {},
    };
  }
  const progress = createProgress(input);
  return {
    ended: (_, __, totals) => {
      const {seeds: done, violations, rotations} = totals();
      progress.show(`${done} of ${seeds.count} seeds, ${rotations} rotations, ${violations} violations`);
    },
  };
}

export interface OutcomeContext {
  /** Path or name, as it was asked for. */
  readonly asked: string;
  /** The text of the smallest rehearsal that fails as this seed does. */
  readonly shrink: (failed: SeedResult) => string;
}

/** At the end; only the first failure is made small, for that takes time. */
export function tellOutcome(
  {outcome, totals, failed, never}: Played,
  input: VerbInput,
  {asked, shrink}: OutcomeContext,
): void {
  if (input.values.json === true) {
    input.out(summaryLine(totals));
    return;
  }
  for (const [index, result] of failed.entries()) {
    const smallest = index === 0 ? shrink(result) : undefined;
    input.out(violationText(result, asked, smallest));
  }
  const more = totals.violations - failed.length;
  if (more > 0) input.out(`and ${more} more; --json shows all`);
  for (const line of never) input.out(`vacuous: ${line}`);
  input.out(formatVerdict(outcome, totals));
}

/** A seed's violation in full; empty where it has none. */
export function violationText({violation, seed}: SeedResult, asked: string, smallest?: string): string {
  if (violation === undefined) return '';
  const replay = `etcd-encryption-manager rehearse ${shellWord(asked)} --seed ${seed}`;
  return formatViolation({violation, seed, replay, ...(smallest === undefined ? {} : {smallest})});
}

/** As a shell reads it as one word. */
const shellWord = (text: string): string =>
  /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
