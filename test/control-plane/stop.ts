// Ends what `start` left running in a folder, and nothing else: stored pids count only with their start times.
import {resolve} from 'node:path';
import {etcdGraceMs, readyTimeoutMs, serverGraceMs} from './limits.ts';
import {isRunning, type ProcessIdentity, signalProcess, waitUntilGone} from './processes.ts';
import {readState} from './state.ts';

/** The supervisor gives servers and then etcd their grace, after a start that it may still have to finish. */
const supervisorGraceMs = readyTimeoutMs + serverGraceMs + etcdGraceMs;

/**
 * Resolves with the number of processes that were ended, 0 when nothing ran.
 *
 * @throws Error when the folder has no control plane, or a process cannot be ended.
 */
export async function stopControlPlane(dir: string): Promise<number> {
  const state = readState(resolve(dir));
  if (state === undefined) throw new Error(`${dir}: no control plane was started here`);
  const all = [...state.running, ...(state.supervisor === undefined ? [] : [state.supervisor])].filter(isRunning);
  if (state.supervisor !== undefined && isRunning(state.supervisor)) {
    signalProcess(state.supervisor, 'SIGTERM');
    await waitUntilGone(all, supervisorGraceMs);
  }
  for (const identity of all.filter(isRunning)) await endProcess(identity);
  return all.length;
}

async function endProcess(identity: ProcessIdentity): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    signalProcess(identity, signal);
    const left = await waitUntilGone([identity], etcdGraceMs);
    if (left.length === 0) return;
  }
  throw new Error(`${identity.pid}: cannot be ended`);
}
