// What tests of the oracles do to a simulated cluster, and the invariant that it breaks.

import {type Cluster, createSimPorts, InvariantViolation} from '@etcd-encryption/host-sim';
import {configurationPath} from '@etcd-encryption/rotation';
import {expectValue} from '../ports/answers.ts';
import {type Entry, file} from './files.ts';

/** An atomic replacement by a program; `skipSync` leaves out the first fsync. */
export function replaceFile(cluster: Cluster, node: string, bytes: Uint8Array, skipSync = false): void {
  const ports = createSimPorts(cluster, {program: 'writer', node});
  const path = '/etc/kubernetes/.new';
  expectValue(ports['files.create']({path, mode: 0o640}));
  expectValue(ports['files.write']({path, bytes, append: false}));
  if (!skipSync) expectValue(ports['files.sync']({path}));
  expectValue(ports['files.rename']({from: path, to: configurationPath}));
  expectValue(ports['files.syncDirectory']({path: '/etc/kubernetes'}));
}

/** The same file on every node of a cluster. */
export function distribute(cluster: Cluster, entries: readonly Entry[]): void {
  for (const {name} of cluster.nodes) replaceFile(cluster, name, file(entries));
}

/** Runs something that breaks an invariant, and tells which. */
export function violation(run: () => unknown): InvariantViolation['detail'] {
  try {
    run();
  } catch (error) {
    if (error instanceof InvariantViolation) return error.detail;
    throw error;
  }
  throw new Error('expected a broken invariant, got none');
}
