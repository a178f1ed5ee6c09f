// Prints a demonstration: one line for each thing that happens, with its time and who did it. Colours only where the
// terminal has them and NO_COLOR does not ask for none.

import {styleText} from 'node:util';
import {clockTime} from '../time-words.ts';

/** What a line is: work going on, a wait, something reached, something wrong. */
export type Tone = 'work' | 'wait' | 'good' | 'bad';

export interface Narrator {
  readonly line: (who: string, text: string, tone?: Tone) => void;
  readonly heading: (text: string) => void;
  /** Text as it is, below the line before it. */
  readonly block: (text: string) => void;
}

export interface NarratorOptions {
  readonly out: (text: string) => void;
  /** Time since the beginning, ms. */
  readonly nowMs: () => number;
  /** Nothing is printed. */
  readonly quiet: boolean;
}

const styles = {work: 'reset', wait: 'yellow', good: 'green', bad: 'red'} as const;
const whoWidth = 13;

export function createNarrator({out, nowMs, quiet}: NarratorOptions): Narrator {
  if (quiet) return {line: silent, heading: silent, block: silent};
  return {
    line(who, text, tone = 'work') {
      const name = styleText('cyan', who.padEnd(whoWidth));
      out(
        `${styleText('dim', clockTime(nowMs()))}  ${name}  ${tone === 'work' ? text : styleText(styles[tone], text)}`,
      );
    },
    heading(text) {
      out(`\n${styleText('bold', text)}`);
    },
    block: out,
  };
}

const silent = (): void => {};

/** Failures that are told one by one; the rest is counted. */
const shownFailures = 3;

/** Tells of the first few of a growing list of failures, each once. */
export function tellOnce(narrator: Narrator, who: string): (failures: readonly string[]) => void {
  let told = 0;
  return (failures) => {
    if (told >= shownFailures) return;
    for (const text of failures.slice(told, shownFailures)) narrator.line(who, text, 'bad');
    told = Math.min(failures.length, shownFailures);
    if (told === shownFailures) narrator.line(who, 'more of them are counted', 'bad');
  };
}
