// Reads of the API as they were at a moment, as from a cache that gets no news.

import {
  type Arguments,
  type ListRequest,
  type ObjectAddress,
  type OperationName,
  ok,
  type Result,
  type StoredObject,
} from '@etcd-encryption/rotation';
import {matchesLabels} from '../../world/canonical.ts';
import type {Cluster} from '../../world/cluster.ts';
import type {KeyValue} from '../../world/etcd.ts';
import {objectPath} from '../../world/kinds.ts';
import {takeSnapshot} from '../../world/snapshot.ts';

/** Answers gets, and lists that fit into one page; `undefined` for whatever else is asked. */
export type StaleReader = (op: OperationName, args: unknown) => Result<unknown> | undefined;

export function staleReader(cluster: Cluster): StaleReader {
  const items = takeSnapshot(cluster);
  const byKey = new Map(items.map((item) => [item.key, item]));
  const revision = cluster.etcd.revision;
  const get = ({resource, ...name}: ObjectAddress): Result<unknown> | undefined => {
    const kind = cluster.kinds.find(resource);
    if (kind === undefined) return undefined;
    const item = byKey.get(objectPath(kind, name));
    return ok(item === undefined ? undefined : presented(item));
  };
  const list = (request: ListRequest): Result<unknown> | undefined => {
    const kind = cluster.kinds.find(request.resource);
    if (kind === undefined || request.continue !== undefined || request.atRevision !== undefined) return undefined;
    const prefix = request.namespace === undefined ? kind.path : `${kind.path}${request.namespace}/`;
    const found = items
      .filter(({key}) => key.startsWith(prefix))
      .flatMap((item) => presented(item) ?? [])
      .filter(({metadata: {name}}) => request.onlyName === undefined || name === request.onlyName)
      .filter(({metadata: {labels}}) => matchesLabels(labels, request.labelSelector));
    if (found.length > request.limit) return undefined;
    return ok({items: found, resourceVersion: String(revision)});
  };
  return (op, args) => {
    if (op === 'store.get') return get(args as Arguments<'store.get'>);
    if (op === 'store.list') return list(args as Arguments<'store.list'>);
    return undefined;
  };
}

function presented({value: {object}, modRevision}: KeyValue): StoredObject | undefined {
  if (object === undefined) return undefined;
  return {...object, metadata: {...object.metadata, resourceVersion: String(modRevision)}};
}
