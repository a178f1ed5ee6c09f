// Raw values in etcd, read past every server.

import {utf8} from '@etcd-encryption/crypto';
import {failed, ok, type Result, type SyncPorts} from '@etcd-encryption/rotation';
import type {Cluster} from '../world/cluster.ts';
import type {StoredValue} from '../world/stored-value.ts';

type EtcdOperation = Extract<keyof SyncPorts, `etcd.${string}`>;

/** @param allowed whether the program has a client certificate of etcd */
export function createEtcdPort(cluster: Cluster, allowed: boolean): Pick<SyncPorts, EtcdOperation> {
  const through = <T>(answer: () => Result<T>): Result<T> => {
    if (!allowed) return failed('denied', 'this program has no client certificate of etcd');
    if (cluster.faults.etcdDown) return failed('unavailable', 'connection refused', {reason: 'ECONNREFUSED'});
    return answer();
  };
  const {etcd} = cluster;
  return {
    'etcd.scan': ({prefix, startKey, limit, headBytes}) =>
      through(() => {
        const start = startKey === undefined ? {} : {startKey};
        const {items, nextKey} = etcd.range({prefix, limit, ...start});
        const entries = items.map(({key, value, modRevision}) => {
          const bytes = headBytes === 'all' ? value.bytes() : headOf(value, headBytes);
          return {key, head: bytes, size: sizeOf(value), modRevision};
        });
        return ok({entries, revision: etcd.revision, ...(nextKey === undefined ? {} : {nextKey})});
      }),
    'etcd.isCompacted': ({revision}) => through(() => ok(etcd.compactedRevision > revision)),
  };
}

// The nonce and what follows it look like noise to whoever reads heads, so they are left out of a head that was not
// encrypted yet, unless the prefix alone is too short to be told from a longer name.
function headOf(value: StoredValue, length: number): Uint8Array {
  const start = utf8(value.prefix === '' ? value.json.slice(0, length) : value.prefix);
  return start.slice(0, length);
}

const overhead = 28;
const sizeOf = ({prefix, json}: StoredValue): number => prefix.length + json.length + (prefix === '' ? 0 : overhead);
