// Raw values in etcd, read past every server.

import {utf8} from '@etcd-encryption/crypto';
import {failed, ok, type Result, type SyncPorts} from '@etcd-encryption/rotation';
import type {Cluster} from '../world/cluster.ts';
import {type StoredValue, unreadableTag} from '../world/stored-value.ts';

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
        if (!(limit >= 1)) return failed('invalid', 'limit: expected at least 1');
        const start = startKey === undefined ? {} : {startKey};
        const {items, nextKey} = etcd.range({prefix, limit, ...start});
        const entries = items.map(({key, value, modRevision}) => {
          const head = headBytes === 'all' ? value.bytes().slice() : headOf(value, headBytes);
          return {key, head, size: value.size, modRevision};
        });
        return ok({entries, revision: etcd.revision, ...(nextKey === undefined ? {} : {nextKey})});
      }),
    'etcd.isCompacted': ({revision}) =>
      through(() => {
        if (!Number.isSafeInteger(revision) || revision < 1) return failed('invalid', 'revision: expected one from 1');
        return ok(etcd.compactedRevision > revision);
      }),
    // It has room without end, and tells no quota, like servers older than 3.6.
    'etcd.status': () => through(() => ok({dbSize: 0, dbSizeInUse: 0, dbSizeQuota: 0})),
  };
}

// A value that was never encrypted for real shows its prefix alone: what follows would be noise.
function headOf(value: StoredValue, length: number): Uint8Array {
  if (value.tag === unreadableTag) return value.bytes().slice(0, length);
  return utf8(value.prefix === '' ? value.json.slice(0, length) : value.prefix).slice(0, length);
}
