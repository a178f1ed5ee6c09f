// Tells what the plan waits for and what troubles it, from the resource's conditions alone, as somebody would see who
// watches it: once a text has stood for a while, and not each time that a number in it changes at once.

import type {Narrator} from './narrator.ts';
import type {Status} from './stage.ts';

/** A wait that is over sooner is not worth a line, ms. */
const settledAfterMs = 5_000;

interface Seen {
  text: string;
  sinceMs: number;
  said: string;
}

export interface WaitWatch {
  /** Looks at the present status; call it again and again. */
  readonly look: (status: Status | undefined, nowMs: number) => void;
}

export function watchWaits(narrator: Narrator): WaitWatch {
  const waits: Seen = {text: '', sinceMs: 0, said: ''};
  const troubles: Seen = {text: '', sinceMs: 0, said: ''};
  return {
    look(status, nowMs) {
      const waiting = settle(waits, waitText(status), nowMs);
      if (waiting !== undefined && waiting !== '') narrator.line('controller', `waits: ${waiting}`, 'wait');
      const trouble = settle(troubles, troubleText(status), nowMs);
      if (trouble === undefined) return;
      if (trouble !== '') narrator.line('controller', `Degraded: ${trouble}`, 'bad');
      else narrator.line('controller', 'no longer Degraded', 'good');
    },
  };
}

/** The text that has stood long enough and was not said yet. */
function settle(seen: Seen, text: string, nowMs: number): string | undefined {
  if (text !== seen.text) Object.assign(seen, {text, sinceMs: nowMs});
  if (seen.said === text || nowMs - seen.sinceMs < settledAfterMs) return undefined;
  seen.said = text;
  return text;
}

function waitText(status: Status | undefined): string {
  const progress = conditionOf(status, 'Progressing');
  return progress?.status === 'True' ? progress.message : '';
}

function troubleText(status: Status | undefined): string {
  const degraded = conditionOf(status, 'Degraded');
  return degraded?.status === 'True' ? degraded.message : '';
}

const conditionOf = (status: Status | undefined, type: string) =>
  status?.conditions?.find((each) => each.type === type);
