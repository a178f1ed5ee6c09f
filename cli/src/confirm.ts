// A question that only a person at a terminal can answer.

import {createInterface} from 'node:readline/promises';

/** Whether somebody can be asked. */
export const canAsk = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true;

/** Asks on stderr; anything but y or yes is no. */
export async function confirm(question: string, signal: AbortSignal): Promise<boolean> {
  const lines = createInterface({input: process.stdin, output: process.stderr});
  try {
    const answer = await lines.question(`${question} [y/N] `, {signal});
    return /^y(es)?$/i.test(answer.trim());
  } catch {
    return false;
  } finally {
    lines.close();
  }
}
