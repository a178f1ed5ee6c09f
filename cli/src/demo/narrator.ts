// Prints a demonstration: one line for each thing that happens, with its time and who did it. Colours only where the
// terminal has them and NO_COLOR does not ask for none.

import {styleText} from 'node:util';

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
        `${styleText('dim', clockText(nowMs()))}  ${name}  ${tone === 'work' ? text : styleText(styles[tone], text)}`,
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

const two = (value: number): string => String(value).padStart(2, '0');

/** `00:01:27.4` */
function clockText(ms: number): string {
  const tenths = Math.floor(ms / 100);
  const seconds = Math.floor(tenths / 10);
  return `${two(Math.floor(seconds / 3_600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}.${tenths % 10}`;
}
