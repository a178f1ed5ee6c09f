// What the assumptions need of a world: one etcd, kube-apiservers with a file each, a hand that reaches past them, and a
// way to see what lies in etcd. The simulated world and the real one are each such a host.

import type {Ports, ResourceType, StoredObject} from '@etcd-encryption/rotation';
import {expectValue} from '../ports/answers.ts';

export type AssumedPorts = Pick<
  Ports,
  | 'store.create'
  | 'store.get'
  | 'store.list'
  | 'store.rewrite'
  | 'store.delete'
  | 'server.evidence'
  | 'etcd.scan'
  | 'etcd.isCompacted'
>;

/** One kube-apiserver and the node it stands on. */
export interface AssumedServer {
  readonly ports: AssumedPorts;
  /** Replaces its encryption configuration by a rename. */
  readonly writeFile: (bytes: Uint8Array) => Promise<void>;
  /** Writes over the bytes of the file that is there. */
  readonly writeInPlace: (bytes: Uint8Array) => Promise<void>;
  readonly removeFile: () => Promise<void>;
  /** Whether `/readyz` says ok. */
  readonly isReady: () => Promise<boolean>;
  readonly stop: () => Promise<void>;
  /** Rejects when the server does not become ready. */
  readonly start: () => Promise<void>;
  /** Starts it, and waits until it answers requests, ready or not. */
  readonly startUnready: () => Promise<void>;
  /** As `start`; from when it has read its file until it is ready, `whileStarting` is done again and again. */
  readonly startWith: (whileStarting: () => Promise<void>) => Promise<void>;
}

export interface AssumptionHost {
  /** Reads its file through the folder, and looks at it often. */
  readonly plain: AssumedServer;
  /** Beside it on the same etcd; sees its file as a mount of that one file. */
  readonly pinned: AssumedServer;
  /** Looks at its file when it starts, and then so rarely that no case sees a second look. */
  readonly rare: AssumedServer;
  /** Waits a moment, far less than the period of `rare`. */
  readonly moment: () => Promise<void>;
  /** Waits until `plain` and `pinned` have looked at their files once more. */
  readonly waitForPoll: () => Promise<void>;
  /** Puts a value into etcd past the servers, and answers the revision. */
  readonly put: (key: string, value: Uint8Array) => Promise<number>;
  readonly remove: (key: string) => Promise<void>;
  /** Compacts etcd's history at a revision. */
  readonly compact: (revision: number) => Promise<void>;
  /** Has `plain` encrypt a new Secret that etcd does not take before the answer is called, which waits until it did. */
  readonly encryptNow: (name: string) => Promise<() => Promise<void>>;
  readonly close: () => Promise<void>;
}

/** Cases run in order on one host; each leaves `plain` and `pinned` with {@link usualFile}. */
export type Assumption = (host: AssumptionHost) => Promise<void>;
export type Assumptions = Readonly<Record<string, Assumption>>;

export const secrets: ResourceType = {group: '', version: 'v1', plural: 'secrets', kind: 'Secret', namespaced: true};
export const events: ResourceType = {group: '', version: 'v1', plural: 'events', kind: 'Event', namespaced: true};
export const configMaps: ResourceType = {...secrets, plural: 'configmaps', kind: 'ConfigMap'};

const namespace = 'default';

export const etcdKey = (name: string, {plural} = secrets): string => `/registry/${plural}/${namespace}/${name}`;

export async function create({ports}: AssumedServer, name: string, resource = secrets): Promise<StoredObject> {
  const object = {apiVersion: 'v1', kind: resource.kind, metadata: {name, namespace}, data: {a: 'YQ=='}};
  return expectValue(await ports['store.create']({resource, object}));
}

export const read = ({ports}: AssumedServer, name: string, resource = secrets) =>
  ports['store.get']({resource, namespace, name});

/** The object, which must be there and readable. */
export async function get(server: AssumedServer, name: string, resource = secrets): Promise<StoredObject> {
  const object = expectValue(await read(server, name, resource));
  if (object === undefined) throw new Error(`expected ${resource.kind} ${name}`);
  return object;
}

/** The first page of every namespace, or of one. */
export const list = (
  {ports}: AssumedServer,
  {limit = 500, namespace: of}: {readonly limit?: number; readonly namespace?: string} = {},
) => ports['store.list']({resource: secrets, limit, ...(of === undefined ? {} : {namespace: of})});

/** Writes an object again as it is; answers its resourceVersion afterwards. */
export async function rewrite(server: AssumedServer, {metadata}: StoredObject): Promise<string> {
  const {name, uid = '', resourceVersion = ''} = metadata;
  const request = {resource: secrets, namespace, name, uid, resourceVersion};
  return expectValue(await server.ports['store.rewrite'](request)).resourceVersion;
}

/** Puts a file before a server and waits until it has looked at it. */
export async function load(host: AssumptionHost, bytes: Uint8Array, server = host.plain): Promise<void> {
  await server.writeFile(bytes);
  await host.waitForPoll();
}

/** All bytes of a stored value. */
export async function storedBytes({plain}: AssumptionHost, key: string): Promise<Uint8Array> {
  const [entry] = expectValue(await plain.ports['etcd.scan']({prefix: key, limit: 1, headBytes: 'all'})).entries;
  if (entry === undefined || entry.key !== key) throw new Error(`expected a value at ${key}`);
  return entry.head;
}

/** `clear`, or the key name in front of a stored value. */
export async function storedUnder(host: AssumptionHost, name: string, resource = secrets): Promise<string> {
  const text = Buffer.from(await storedBytes(host, etcdKey(name, resource))).toString('latin1');
  return text.startsWith('k8s:enc:') ? (text.split(':')[4] ?? '') : 'clear';
}

export const loadedHash = async ({ports}: AssumedServer): Promise<string | undefined> =>
  expectValue(await ports['server.evidence']({})).loadedHash;
