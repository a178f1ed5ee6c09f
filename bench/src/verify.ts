// Nothing is measured before every side has given the same answer.

import type {Side, TimedCase} from './case.ts';

/** @throws Error that names the case and the side whose answer differs from ours, or that has no bytes */
export async function verifyAnswers({name, ours, rivals}: TimedCase): Promise<void> {
  const expected = await answerOf(name, ours);
  for (const rival of rivals) {
    const got = await answerOf(name, rival);
    if (Buffer.compare(expected, got) === 0) continue;
    throw new Error(
      `${name}: expected the answer of ${ours.name} from ${rival.name}, got another of ${got.length} bytes (${expected.length} expected); nothing is measured`,
    );
  }
}

async function answerOf(name: string, side: Side): Promise<Uint8Array> {
  const answer = await side.answer();
  if (answer.length === 0) throw new Error(`${name}: expected an answer from ${side.name}, got no bytes`);
  return answer;
}
