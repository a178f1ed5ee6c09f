// DIR/control-plane.json: addresses that a later start takes again, and the processes that run.
import {readFileSync, renameSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import type {Endpoint} from './addresses.ts';
import type {EtcdPlan} from './etcd.ts';
import type {ProcessIdentity} from './processes.ts';

export interface ControlPlaneState {
  /** The process that `start` left behind; a test process is not ours to end and is not here. */
  readonly supervisor?: ProcessIdentity;
  readonly etcd: EtcdPlan;
  readonly endpoints: Readonly<Record<string, Endpoint>>;
  /** In the order in which to end them: servers, then etcd. */
  readonly running: readonly ProcessIdentity[];
}

function statePath(dir: string): string {
  return join(dir, 'control-plane.json');
}

/** Undefined when nothing was ever started in this folder. */
export function readState(dir: string): ControlPlaneState | undefined {
  try {
    return JSON.parse(readFileSync(statePath(dir), 'utf8')) as ControlPlaneState;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

export function writeState(dir: string, state: ControlPlaneState): void {
  const path = statePath(dir);
  writeFileSync(`${path}.new`, `${JSON.stringify(state, null, 2)}\n`, {mode: 0o600});
  renameSync(`${path}.new`, path);
}
