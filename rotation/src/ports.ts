// The ports: everything the engine may ask of the world, as plain data. Deeds and loops are generators that
// yield these requests; a host answers them with promises, the simulator synchronously. Cut below the protocols:
// paging, retry, compare-and-swap and the atomic write are engine code. No secret appears in a request but in
// `files.write`, `seal.*` (key material is what they are for).

import type {Secret} from '@etcd-encryption/crypto';

/** Why a port could not do what was asked; a closed union, so that every caller handles every case. */
export type PortErrorCode =
  /** The object or file is not in the state the request was made for (409, EEXIST, EBUSY). */
  | 'conflict'
  /** What was addressed no longer exists (404 on a write or list, 410 on a list at an old revision or token). */
  | 'gone'
  /** Permission was refused (401, 403, EACCES, EPERM, admission webhook). */
  | 'denied'
  /** The request itself can never succeed as it is (400, 413, 415, 422, EISDIR). */
  | 'invalid'
  /** It surely did not happen and may work later (429, refused connection, ENOSPC, EIO). */
  | 'unavailable'
  /** It may or may not have happened (time-out or reset after sending, 5xx on a write). */
  | 'ambiguous';

export interface PortError {
  readonly code: PortErrorCode;
  /** One line for people; never a secret. */
  readonly message: string;
  /** The source's own word: a Kubernetes status reason or an errno name such as `ENOSPC`. */
  readonly reason?: string;
  /** Milliseconds the server asked us to wait. */
  readonly retryAfterMs?: number;
  /** With `gone` on a list: a token that continues at a newer revision. */
  readonly continue?: string;
}

export type Result<T> = {readonly ok: true; readonly value: T} | {readonly ok: false; readonly error: PortError};

/** A Kubernetes resource type. `group` is empty for the core group. */
export interface ResourceType {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A Kubernetes object as the API gives it; everything beside `metadata` is checked by whoever reads it. */
export interface StoredObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

export interface ObjectAddress {
  readonly resource: ResourceType;
  readonly namespace?: string;
  readonly name: string;
}

export interface ListRequest {
  readonly resource: ResourceType;
  /** Absent: all namespaces. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  /** Only the object of this name (`fieldSelector=metadata.name=…`). */
  readonly onlyName?: string;
  readonly limit: number;
  readonly continue?: string;
  /** Only `metadata` is asked for and answered (PartialObjectMetadataList). */
  readonly metadataOnly?: boolean;
  /** List exactly at this revision (`resourceVersionMatch=Exact`); `gone` when it is compacted. Absent: a quorum read. */
  readonly atRevision?: string;
}

export interface ListPage {
  readonly items: readonly StoredObject[];
  readonly continue?: string;
  readonly resourceVersion: string;
  readonly remaining?: number;
}

export interface FileStat {
  readonly kind: 'file' | 'directory' | 'other';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly modifiedAtMs: number;
  readonly inode: string;
}

export interface FileContent extends FileStat {
  readonly bytes: Uint8Array;
}

/** What one kube-apiserver process says of itself on `/metrics`, asked on the node's own address. */
export interface ServerEvidence {
  /** `apiserver_id_hash` values on the page; more than one when several identities were seen. */
  readonly identityHashes: readonly string[];
  /** The hash that this node's server must have, computed from the node's host name. */
  readonly expectedIdentityHash: string;
  /** The server's identity (also the name of its Lease in kube-system): `apiserver-…`. */
  readonly expectedIdentity: string;
  /** Start of the process, Unix milliseconds (`process_start_time_seconds`); absent when the metric is missing. */
  readonly processStartMs?: number;
  /** SHA-256 (lower hex) of the configuration in force, when the server has the hash metric. */
  readonly loadedHash?: string;
  readonly reloadSuccesses: number;
  readonly reloadFailures: number;
  readonly lastReloadSuccessMs?: number;
  readonly lastReloadFailureMs?: number;
  /** Which form of the metrics was found: hash (1.34+), labelled (1.29–1.33), split (1.28), none. */
  readonly form: 'hash' | 'labelled' | 'split' | 'none';
  /** Encryptions since the process started, by key name (`to_storage`, successes). */
  readonly encryptions: Readonly<Record<string, number>>;
  /** Decryptions since the process started, by key name (`from_storage`, successes). */
  readonly decryptions: Readonly<Record<string, number>>;
}

/** What the node's own manifests and mounts say of its kube-apiserver; asked each period, never trusted for "loaded". */
export interface NodePlatform {
  /** Path of the configuration on the node; absent when the flag is missing. */
  readonly configPath?: string;
  readonly automaticReload: boolean;
  readonly mount: 'directory' | 'single-file' | 'unknown';
  /** Value of `--etcd-prefix`, normally `/registry`. */
  readonly etcdPrefix: string;
  /** Resources that `--etcd-servers-overrides` keeps in another etcd, `group/resource`; absent: none. */
  readonly etcdOverrides?: readonly string[];
  /** `GODEBUG` asks for FIPS-only cryptography, under which aesgcm is refused. */
  readonly fipsOnly: boolean;
  readonly address: string;
  readonly hostName: string;
  /** Why the manifest could not be read or understood, for people. */
  readonly problem?: string;
}

export interface EtcdEntry {
  /** Full etcd key, e.g. `/registry/secrets/default/a`. */
  readonly key: string;
  /** The value's first bytes (`headBytes`), or the whole value when it was asked for. */
  readonly head: Uint8Array;
  readonly size: number;
  readonly modRevision: number;
}

export interface EtcdPage {
  readonly entries: readonly EtcdEntry[];
  /** Start key of the next page; absent on the last one. */
  readonly nextKey?: string;
  /** Store revision at which the page was read. */
  readonly revision: number;
}

/** Space of one etcd member. */
export interface EtcdStatus {
  /** Bytes of the database file, and how many of them are in use. */
  readonly dbSize: number;
  readonly dbSizeInUse: number;
  /** `--quota-backend-bytes`; 0 from servers older than 3.6, which do not say. */
  readonly dbSizeQuota: number;
}

export interface Instant {
  /** Unix milliseconds. */
  readonly wallMs: number;
  /** Milliseconds of a clock that never jumps; its zero is the start of the machine or program. */
  readonly monotonicMs: number;
}

/** Whether what others write now and then, as signs of life, goes on being written, or is taken to grow old. */
export type Freshness = 'fresh' | 'aging';

/**
 * What a program knows of its next periods while it sleeps. A host that sees every change there is may let it sleep on
 * for as long as that holds and answer `still`; every other host lets it look again.
 */
export interface Stillness {
  /** From the beginning of one period to that of the next, ms. */
  readonly periodMs: number;
  /** Until the next period, ms: longer than the sleep itself where a lease is renewed in between. */
  readonly leftMs: number;
  /**
   * Whether the same facts would lead to the same plan, report and status, and to no deed, for so many ms from now,
   * with the reports of agents as fresh as now or growing old. An agent's own report may have to be written again meanwhile,
   * as a sign of life: whoever lets it sleep on sees to that.
   */
  readonly holds: (ms: number, others: Freshness) => boolean;
}

/** A structured event for logs and tests; names, check values and counts only. */
export interface TraceEvent {
  readonly event: string;
  readonly [field: string]: unknown;
}

/** Every operation: what it takes and what it answers. */
export interface Operations {
  /** `undefined` = there is none (404). A kind that is not served is also `undefined`. */
  'store.get': [ObjectAddress, StoredObject | undefined];
  'store.list': [ListRequest, ListPage];
  /** Which served types a resource of an encryption configuration means (`secrets`, `widgets.example.com`, `*.apps`, `*.*`): those with list and patch, preferred version, no subresources; empty when none is served. */
  'store.resolve': [{resource: string}, readonly ResourceType[]];
  /** Create only; an existing object of that name is `conflict`. */
  'store.create': [{resource: ResourceType; object: StoredObject}, StoredObject];
  /** Replaces at `metadata.resourceVersion`, which is required; `conflict` when it has moved on. */
  'store.replace': [{resource: ResourceType; object: StoredObject}, StoredObject];
  /** As `replace`, on the status subresource. */
  'store.replaceStatus': [{resource: ResourceType; object: StoredObject}, StoredObject];
  'store.delete': [ObjectAddress & {uid: string; resourceVersion: string}, undefined];
  /** A merge patch of `{metadata: {uid, resourceVersion}}`: rewrites the object as it is, if its stored value is stale. */
  'store.rewrite': [ObjectAddress & {uid: string; resourceVersion: string}, {resourceVersion: string}];

  /** Names in a directory, sorted; `undefined` = no such directory. */
  'files.list': [{directory: string}, readonly string[] | undefined];
  /** `undefined` = no such file; a directory in its place is `invalid` with reason EISDIR. */
  'files.read': [{path: string}, FileContent | undefined];
  'files.makeDirectory': [{path: string; mode: number}, undefined];
  /** Creates an empty file (O_EXCL); `conflict` when the path exists. */
  'files.create': [{path: string; mode: number}, undefined];
  /** Writes at the end (`append`) or replaces from offset 0 in place, truncating behind; the file must exist. */
  'files.write': [{path: string; bytes: Uint8Array; append: boolean}, undefined];
  'files.truncate': [{path: string; size: number}, undefined];
  'files.sync': [{path: string}, undefined];
  /** Gives `path` the owner, mode, security label and ACL of `like`; refuses (`denied`) when it cannot. */
  'files.copyOwnership': [{path: string; like: string}, undefined];
  'files.setMode': [{path: string; mode: number}, undefined];
  /** Atomic replacement; `conflict` with reason EBUSY on a mount point. */
  'files.rename': [{from: string; to: string}, undefined];
  'files.remove': [{path: string}, undefined];
  'files.syncDirectory': [{path: string}, undefined];

  'server.evidence': [Record<never, never>, ServerEvidence];
  'server.platform': [Record<never, never>, NodePlatform];

  /** One page of raw values in key order from `startKey`, linearizable; `headBytes` bytes of each value. */
  'etcd.scan': [{prefix: string; startKey?: string; limit: number; headBytes: number | 'all'}, EtcdPage];
  /** Whether history up to `revision` is gone. */
  'etcd.isCompacted': [{revision: number}, boolean];
  /** Space of the member that answers. */
  'etcd.status': [Record<never, never>, EtcdStatus];

  /** Makes an age identity. */
  'seal.makeIdentity': [Record<never, never>, {identity: Secret; recipient: string}];
  'seal.recipientOf': [{identity: Secret}, {recipient: string}];
  'seal.seal': [{plaintext: Secret; recipients: readonly string[]}, {sealed: string}];
  /** `denied` when the file is not for this identity, `invalid` when it is damaged. */
  'seal.open': [{sealed: string; identity: Secret}, {plaintext: Secret}];

  'clock.now': [Record<never, never>, Instant];
  /**
   * When a cron rule (five fields, in an IANA time zone) begins next after a wall time, both Unix ms; `undefined` when
   * it never does. `invalid` for a rule or zone that cannot be read.
   */
  'clock.nextStart': [{cron: string; timeZone: string; afterMs: number}, number | undefined];
  /** Sleeps at most `ms` (never more than a minute); `woken` when a hint arrived, `stop` when the program shall end. */
  /** `still`: it slept on, for whole periods, while nothing changed that the program reads; see {@link Stillness}. */
  'clock.sleep': [{ms: number; still?: Stillness}, 'slept' | 'woken' | 'stop' | 'still'];
  'entropy.bytes': [{length: number}, Uint8Array];
  'trace.event': [{event: TraceEvent}, undefined];
  /** Does `requests` with at most `maxInFlight` at a time; answers in their order. */
  all: [{requests: readonly PortRequest[]; maxInFlight: number}, readonly Result<unknown>[]];
}

export type OperationName = keyof Operations;
export type Arguments<K extends OperationName> = Operations[K][0];
export type Answer<K extends OperationName> = Result<Operations[K][1]>;
export type PortRequest = {[K in OperationName]: {readonly op: K; readonly args: Arguments<K>}}[OperationName];

/** A program of the engine: yields requests, is resumed with their results, returns `T`. */
export type Step<T> = Generator<PortRequest, T, Result<unknown>>;

/** Asks one port and gives its answer with its own type. The only place where the union is narrowed. */
export function* ask<K extends OperationName>(op: K, args: Arguments<K>): Step<Answer<K>> {
  const request = {op, args} as PortRequest;
  return (yield request) as Answer<K>;
}

/** Asks a port that cannot meaningfully fail (clock, trace); a failure there ends the program. */
export function* demand<K extends OperationName>(op: K, args: Arguments<K>): Step<Operations[K][1]> {
  const answer = yield* ask(op, args);
  if (!answer.ok) throw new Error(`${op} failed: ${answer.error.code}: ${answer.error.message}`);
  return answer.value;
}

/** A host's implementation with promises; `all` is done by {@link drive}. */
export type Ports = {readonly [K in Exclude<OperationName, 'all'>]: (args: Arguments<K>) => Promise<Answer<K>>};
/** The simulator's implementation, synchronous. */
export type SyncPorts = {readonly [K in Exclude<OperationName, 'all'>]: (args: Arguments<K>) => Answer<K>};

export const ok = <T>(value: T): Result<T> => ({ok: true, value});
export const failed = (
  code: PortErrorCode,
  message: string,
  more: Omit<PortError, 'code' | 'message'> = {},
): Result<never> => ({ok: false, error: {...more, code, message}});

async function answer(request: PortRequest, ports: Partial<Ports>): Promise<Result<unknown>> {
  if (request.op === 'all') return answerAll(request.args.requests, request.args.maxInFlight, ports);
  const port = ports[request.op] as ((args: unknown) => Promise<Result<unknown>>) | undefined;
  if (port === undefined) return failed('denied', `this program has no port ${request.op}`);
  return port(request.args);
}

async function answerAll(
  requests: readonly PortRequest[],
  maxInFlight: number,
  ports: Partial<Ports>,
): Promise<Result<readonly Result<unknown>[]>> {
  const results: Result<unknown>[] = new Array(requests.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < requests.length; index = next++) {
      const request = requests[index];
      if (request !== undefined) results[index] = await answer(request, ports);
    }
  };
  await Promise.all(Array.from({length: Math.max(1, Math.min(maxInFlight, requests.length))}, worker));
  return ok(results);
}

/** Runs a program over ports that answer with promises. Rejects only with what the program throws. */
export async function drive<T>(program: Step<T>, ports: Partial<Ports>): Promise<T> {
  let turn = program.next();
  while (turn.done !== true) turn = program.next(await answer(turn.value, ports));
  return turn.value;
}

/** Answers one request over synchronous ports; `all` is done in order. */
export function answerSync(request: PortRequest, ports: Partial<SyncPorts>): Result<unknown> {
  if (request.op === 'all') return ok(request.args.requests.map((each) => answerSync(each, ports)));
  const port = ports[request.op] as ((args: unknown) => Result<unknown>) | undefined;
  if (port === undefined) return failed('denied', `this program has no port ${request.op}`);
  return port(request.args);
}

/** Runs a program to its end over synchronous ports. */
export function driveSync<T>(program: Step<T>, ports: Partial<SyncPorts>): T {
  let turn = program.next();
  while (turn.done !== true) turn = program.next(answerSync(turn.value, ports));
  return turn.value;
}
