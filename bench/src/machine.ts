// Where something was measured.

import {cpus} from 'node:os';

export type Machine = {
  /** Node's version, such as `24.21.0`. */
  readonly node: string;
  /** The processor's name and how many of it this machine has. */
  readonly cpu: string;
};

export function thisMachine(): Machine {
  const all = cpus();
  return {node: process.versions.node, cpu: `${all[0]?.model.trim() ?? 'unknown processor'} × ${all.length}`};
}
