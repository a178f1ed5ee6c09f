// Which process is meant by a stored pid: a pid alone is given again to others, a pid with its start time is not.
import {readFileSync} from 'node:fs';
import {setTimeout as sleep} from 'node:timers/promises';
import {probeIntervalMs} from './limits.ts';

export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot, field 22 of /proc/PID/stat (proc(5)); kept over exec. */
  readonly startTime: string;
}

/** Undefined when there is no such process or it has ended and only waits for its parent. */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The second field is a name in parentheses that may hold anything, so count from its end: the third field comes next.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, startTime] = [fields[0], fields[22 - 3]];
  if (startTime === undefined || state === 'Z' || state === 'X') return undefined;
  return {pid, startTime};
}

export function isRunning(identity: ProcessIdentity): boolean {
  return identifyProcess(identity.pid)?.startTime === identity.startTime;
}

/** Signals the process only if it is still the one that was meant. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isRunning(identity)) return;
  try {
    process.kill(identity.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Returns those that still run when the time is over. */
export async function waitUntilGone(
  identities: readonly ProcessIdentity[],
  timeoutMs: number,
): Promise<readonly ProcessIdentity[]> {
  const deadlineMs = Date.now() + timeoutMs;
  let left = identities.filter(isRunning);
  while (left.length > 0 && Date.now() < deadlineMs) {
    await sleep(probeIntervalMs);
    left = left.filter(isRunning);
  }
  return left;
}
