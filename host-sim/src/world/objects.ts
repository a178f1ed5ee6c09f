// The Kubernetes API over etcd, as one server answers it: versions, conflicts, pages, the status subresource, and
// the rule that an unchanged object is written again exactly if its stored value is stale for this server.

import {
  type Arguments,
  failed,
  type ListPage,
  type ListRequest,
  type ObjectAddress,
  type ObjectMeta,
  ok,
  type PortError,
  type Result,
  type StoredObject,
  same,
} from '@etcd-encryption/rotation';
import {maxObjectBytes} from '../limits.ts';
import {canonicalObject, matchesLabels, mayExceed} from './canonical.ts';
import type {Etcd, KeyValue} from './etcd.ts';
import {type Kind, type Kinds, objectPath} from './kinds.ts';
import type {Need} from './need.ts';
import {decodeToken, encodeToken} from './page-token.ts';
import type {Server} from './server.ts';
import {confirmRead, type Encryption, encryptValue, type StoredValue} from './stored-value.ts';

/** A webhook or validation that refuses a write; `undefined` lets it pass. */
export type Admission = (write: {
  readonly operation: 'create' | 'update' | 'delete';
  readonly kind: Kind;
  readonly object: StoredObject;
  readonly writer: string;
}) => PortError | undefined;

export interface ObjectHost {
  readonly etcd: Etcd;
  readonly kinds: Kinds;
  readonly need: Need;
  readonly encryption: Encryption;
  readonly wallMs: () => number;
  readonly uid: () => string;
  readonly admission: readonly Admission[];
  /** Brings objects up to date that other parts of a server write all the while, before all or one are looked at. */
  readonly beforeRead: (kind: Kind, only?: string) => void;
}

/** Who asks which server. */
export interface Caller {
  readonly server: Server;
  readonly writer: string;
}

type Write = Arguments<'store.create'>;
type Located = {
  readonly kind: Kind;
  readonly path: string;
  readonly item: KeyValue;
  readonly object: StoredObject;
  readonly stale: boolean;
};

const notFound = (what: string): Result<never> => failed('gone', `${what} not found`, {reason: 'NotFound'});
const conflict = (message: string): Result<never> => failed('conflict', message, {reason: 'Conflict'});
const invalid = (message: string): Result<never> => failed('invalid', message, {reason: 'Invalid'});

/** A write that is encrypted and waits to be committed. */
export interface PreparedWrite {
  /** Compares and writes. Call it once, or {@link abandon}. */
  readonly commit: () => Result<StoredObject>;
  readonly abandon: () => void;
}

export class ObjectApi {
  readonly #host: ObjectHost;

  constructor(host: ObjectHost) {
    this.#host = host;
  }

  get({server}: Caller, address: ObjectAddress): Result<StoredObject | undefined> {
    const kind = this.#host.kinds.find(address.resource);
    if (kind === undefined) return ok(undefined);
    const path = objectPath(kind, address);
    this.#host.beforeRead(kind, path);
    const item = this.#host.etcd.get(path);
    if (item === undefined) return ok(undefined);
    return this.#read(server, kind, item, 'unavailable');
  }

  list({server}: Caller, request: ListRequest): Result<ListPage> {
    const {etcd, kinds} = this.#host;
    const kind = kinds.find(request.resource);
    if (kind === undefined) return notFound(request.resource.plural);
    this.#host.beforeRead(kind);
    if (!(request.limit >= 1)) return invalid('limit: expected at least 1');
    const place = this.#placeOf(request);
    if (!place.ok) return place;
    const {startKey, revision} = place.value;
    const prefix = request.namespace === undefined ? kind.path : `${kind.path}${request.namespace}/`;
    const items: StoredObject[] = [];
    let next: string | undefined = startKey ?? prefix;
    let remaining = 0;
    while (next !== undefined && items.length < request.limit) {
      const page = etcd.range({prefix, startKey: next, limit: request.limit - items.length, atRevision: revision});
      for (const item of page.items) {
        // What is asked for by name is read alone, whatever lies beside it.
        if (request.onlyName !== undefined && !item.key.endsWith(`/${request.onlyName}`)) continue;
        const read = this.#read(server, kind, item, 'unavailable');
        if (!read.ok) return read;
        const {labels} = read.value.metadata;
        if (!matchesLabels(labels, request.labelSelector)) continue;
        items.push(request.metadataOnly === true ? metadataOf(read.value) : read.value);
      }
      next = page.nextKey;
      remaining = page.remaining;
    }
    return ok({
      items,
      resourceVersion: String(revision),
      ...(next === undefined ? {} : {continue: encodeToken({startKey: next, revision})}),
      ...(next === undefined || isFiltered(request) ? {} : {remaining}),
    });
  }

  create(caller: Caller, {resource, object}: Write): Result<StoredObject> {
    const prepared = this.prepareCreate(caller, {resource, object});
    return prepared.ok ? prepared.value.commit() : prepared;
  }

  /** Encrypts a new object now; whoever holds the answer commits it later. */
  prepareCreate({server, writer}: Caller, {resource, object}: Write): Result<PreparedWrite> {
    const kind = this.#host.kinds.find(resource);
    if (kind === undefined) return notFound(resource.plural);
    const problem = nameProblem(kind, object.metadata);
    if (problem !== undefined) return invalid(problem);
    if (object.metadata.resourceVersion !== undefined) return invalid('resourceVersion should not be set on creation');
    if (kind.resource.namespaced) {
      const namespace = this.#host.etcd.get(`/registry/namespaces/${object.metadata.namespace}`);
      if (namespace === undefined) return notFound(`namespaces "${object.metadata.namespace}"`);
      if (namespace.value.object?.metadata.deletionTimestamp !== undefined) {
        return failed('denied', 'the namespace is being terminated', {reason: 'Forbidden'});
      }
    }
    const {status, ...rest} = object;
    const made = canonicalObject<StoredObject>({
      ...rest,
      ...(status === undefined || kind.status ? {} : {status}),
      apiVersion: apiVersionOf(kind),
      kind: kind.resource.kind,
      metadata: {
        ...object.metadata,
        uid: this.#host.uid(),
        creationTimestamp: rfc3339(this.#host.wallMs()),
        ...(kind.generation ? {generation: 1} : {}),
      },
    });
    const refusal = this.#admit('create', kind, made, writer);
    if (refusal !== undefined) return {ok: false, error: refusal};
    const path = objectPath(kind, made.metadata);
    if (this.#host.etcd.get(path) !== undefined) return alreadyExists(path);
    return this.#prepare({server, writer}, kind, {path, object: made, expected: 0, lost: () => alreadyExists(path)});
  }

  replace(caller: Caller, write: Write): Result<StoredObject> {
    return this.#replace(caller, write, 'object');
  }

  replaceStatus(caller: Caller, write: Write): Result<StoredObject> {
    return this.#replace(caller, write, 'status');
  }

  rewrite(caller: Caller, address: Arguments<'store.rewrite'>): Result<{resourceVersion: string}> {
    const found = this.#locate(caller, address, address);
    if (!found.ok) return found;
    const written = this.#update(caller, found.value, found.value.object);
    return written.ok ? ok({resourceVersion: written.value.metadata.resourceVersion ?? ''}) : written;
  }

  delete(caller: Caller, address: Arguments<'store.delete'>): Result<undefined> {
    const found = this.#locate(caller, address, address);
    if (!found.ok) return found;
    const {kind, path, item, object} = found.value;
    const refusal = this.#admit('delete', kind, object, caller.writer);
    if (refusal !== undefined) return {ok: false, error: refusal};
    this.#host.etcd.delete(path, item.modRevision, caller.writer);
    return ok(undefined);
  }

  #replace(caller: Caller, {resource, object}: Write, what: 'object' | 'status'): Result<StoredObject> {
    const {uid, resourceVersion, name, namespace} = object.metadata;
    if (resourceVersion === undefined) return invalid('metadata.resourceVersion: must be specified for an update');
    const address = {resource, name, ...(namespace === undefined ? {} : {namespace})};
    const found = this.#locate(caller, address, {uid, resourceVersion});
    if (!found.ok) return found;
    const {kind, object: before} = found.value;
    if (what === 'status' && !kind.status) return notFound(`${kind.id}/status`);
    return this.#update(caller, found.value, nextObject(kind, before, object, what));
  }

  /** Finds what a write is for, and checks the version and uid it was decided on. */
  #locate(
    {server}: Caller,
    address: ObjectAddress,
    version: {readonly uid?: string | undefined; readonly resourceVersion: string},
  ): Result<Located> {
    const kind = this.#host.kinds.find(address.resource);
    if (kind === undefined) return notFound(address.resource.plural);
    const path = objectPath(kind, address);
    this.#host.beforeRead(kind, path);
    const item = this.#host.etcd.get(path);
    if (item === undefined) return notFound(path);
    const read = server.read(kind.id, item.value, path);
    if (read.outcome === 'unreadable' || item.value.object === undefined) {
      return failed('ambiguous', `Internal error occurred: ${path} cannot be read`, {reason: 'InternalError'});
    }
    if (version.resourceVersion !== String(item.modRevision)) return conflict(`${path}: the object has been modified`);
    const {object} = item.value;
    if (version.uid !== undefined && version.uid !== object.metadata.uid) {
      return conflict(`${path}: precondition failed: uid`);
    }
    return ok({kind, path, item, object, stale: read.stale});
  }

  #update(caller: Caller, {kind, path, item, stale}: Located, object: StoredObject): Result<StoredObject> {
    const refusal = this.#admit('update', kind, object, caller.writer);
    if (refusal !== undefined) return {ok: false, error: refusal};
    if (!stale && same(object, item.value.object)) return ok(presented(item) ?? object);
    const lost = (): Result<never> => conflict(`${path}: the object has been modified`);
    const prepared = this.#prepare(caller, kind, {path, object, expected: item.modRevision, lost});
    return prepared.ok ? prepared.value.commit() : prepared;
  }

  #prepare(
    {server, writer}: Caller,
    kind: Kind,
    {path, object, expected, lost}: {path: string; object: StoredObject; expected: number; lost: () => Result<never>},
  ): Result<PreparedWrite> {
    const {etcd, need, encryption} = this.#host;
    if (isTooLarge(object)) {
      return failed('invalid', 'the object is too large', {reason: 'RequestEntityTooLarge'});
    }
    const transformer = server.encryptWith(kind.id);
    const value: StoredValue = encryptValue(object, {transformer, path}, encryption);
    const over = need.begin(kind.id, value.tag);
    return ok({
      abandon: over,
      commit: () => {
        const written = etcd.put(path, value, expected, writer);
        over();
        return written === undefined ? lost() : ok(presented(written) ?? object);
      },
    });
  }

  #read(server: Server, kind: Kind, item: KeyValue, code: PortError['code']): Result<StoredObject> {
    const {key, value} = item;
    const read = server.read(kind.id, value, key);
    const object = presented(item);
    if (read.outcome === 'unreadable' || object === undefined) {
      const why = read.outcome === 'unreadable' ? read.why : 'not an object';
      return failed(code, `Internal error occurred: ${key}: ${why}`, {reason: 'InternalError'});
    }
    if (this.#host.encryption.realCrypto) confirmRead(value, key, server.loaded.of(kind.id));
    return ok(object);
  }

  /** One value that the server cannot read makes every list of the resource fail. */
  #admit(operation: 'create' | 'update' | 'delete', kind: Kind, object: StoredObject, writer: string) {
    for (const admission of this.#host.admission) {
      const refusal = admission({operation, kind, object, writer});
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  /** Where a page starts and at which revision it is read. */
  #placeOf(request: ListRequest): Result<{startKey?: string; revision: number}> {
    const {etcd} = this.#host;
    if (request.continue !== undefined) {
      const token = decodeToken(request.continue);
      if (token === undefined) return failed('invalid', 'continue: not a token of this server', {reason: 'BadRequest'});
      // A token without revision goes on at whatever is current: the answer to an expired one.
      const revision = token.revision === 0 ? etcd.revision : token.revision;
      if (revision >= etcd.compactedRevision) return ok({startKey: token.startKey, revision});
      return failed('gone', 'the provided continue parameter is too old', {
        reason: 'Expired',
        continue: encodeToken({startKey: token.startKey, revision: 0}),
      });
    }
    if (request.atRevision === undefined) return ok({revision: etcd.revision});
    const revision = Number(request.atRevision);
    if (!Number.isSafeInteger(revision) || revision < 1) return invalid('resourceVersion: expected a whole number');
    if (revision > etcd.revision) return failed('unavailable', 'Too large resource version', {reason: 'Timeout'});
    if (revision >= etcd.compactedRevision) return ok({revision});
    return failed('gone', 'The resourceVersion is too old', {reason: 'Expired'});
  }
}

const isFiltered = ({labelSelector, onlyName}: ListRequest): boolean =>
  labelSelector !== undefined || onlyName !== undefined;

const alreadyExists = (path: string): Result<never> =>
  failed('conflict', `${path} already exists`, {reason: 'AlreadyExists'});

const apiVersionOf = ({resource: {group, version}}: Kind): string => (group === '' ? version : `${group}/${version}`);

/** Seconds, as Kubernetes writes them. */
export const rfc3339 = (wallMs: number): string => `${new Date(wallMs).toISOString().slice(0, 19)}Z`;

/** Versions never change, so that each is shown as one object; whoever gets it cannot write to it. */
const shown = new WeakMap<KeyValue, StoredObject>();

/** The object as an answer shows it, with its version; `undefined` for planted bytes. */
function presented(item: KeyValue): StoredObject | undefined {
  const known = shown.get(item);
  if (known !== undefined) return known;
  const {object} = item.value;
  if (object === undefined) return undefined;
  const metadata = Object.freeze({...object.metadata, resourceVersion: String(item.modRevision)});
  const made: StoredObject = Object.freeze({...object, metadata});
  shown.set(item, made);
  return made;
}

const metadataOf = ({metadata}: StoredObject): StoredObject => ({
  apiVersion: 'meta.k8s.io/v1',
  kind: 'PartialObjectMetadata',
  metadata,
});

function nameProblem(kind: Kind, {name, namespace}: ObjectMeta): string | undefined {
  if (typeof name !== 'string' || name === '') return 'metadata.name: Required value';
  if (!/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(name)) return `metadata.name: Invalid value: "${name}"`;
  if (kind.resource.namespaced && (namespace === undefined || namespace === ''))
    return 'metadata.namespace: Required value';
  if (!kind.resource.namespaced && namespace !== undefined) return 'metadata.namespace: not allowed on this type';
  return undefined;
}

/** What a replacement makes of an object: the server's own fields stay, and each endpoint changes its part only. */
function nextObject(kind: Kind, before: StoredObject, asked: StoredObject, what: 'object' | 'status'): StoredObject {
  if (what === 'status') return canonicalObject({...before, status: asked.status}, before);
  const {resourceVersion: _version, ...metadata} = asked.metadata;
  const {uid, creationTimestamp, generation} = before.metadata;
  const own = {
    ...(uid === undefined ? {} : {uid}),
    ...(creationTimestamp === undefined ? {} : {creationTimestamp}),
    ...(generation === undefined ? {} : {generation}),
  };
  const changed = {
    ...asked,
    apiVersion: apiVersionOf(kind),
    kind: kind.resource.kind,
    metadata: {...metadata, ...own},
    ...(kind.status ? {status: before.status} : {}),
  };
  const next: StoredObject = canonicalObject(changed, before);
  if (generation === undefined || sameContent(kind, before, next)) return next;
  return canonicalObject({...next, metadata: {...next.metadata, generation: generation + 1}}, next);
}

/** A status counts as content where it is no subresource. */
function sameContent(kind: Kind, a: StoredObject, b: StoredObject): boolean {
  const content = ({metadata: _metadata, status, ...rest}: StoredObject): object =>
    kind.status ? rest : {...rest, status};
  return same(content(a), content(b));
}

/** Its length as text is asked for only where it could be too long. */
const isTooLarge = (object: StoredObject): boolean =>
  mayExceed(object, maxObjectBytes) && JSON.stringify(object).length > maxObjectBytes;
