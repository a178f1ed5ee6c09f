// The simulator's ports answer at once; the contracts are written for promises.

import type {Ports, SyncPorts} from '@etcd-encryption/rotation';

/** The same ports behind promises. */
export function promised(ports: SyncPorts): Ports {
  const wrapped = Object.entries(ports).map(([op, port]) => [
    op,
    async (args: never) => (port as (args: never) => unknown)(args),
  ]);
  return Object.fromEntries(wrapped) as Ports;
}
