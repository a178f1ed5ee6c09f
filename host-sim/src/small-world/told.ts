// How objects are told so that those that behave alike read alike: times as steps of time ago, versions as names, and
// nothing that only counts or is told to people.

import type {ObjectMeta} from '@etcd-encryption/rotation';

/** Time in ticks: what is longer ago than this is the same. No wait that decides anything is longer, see `farTicks`. */
export interface Clock {
  readonly nowMs: number;
  readonly tickMs: number;
}

/**
 * Beyond so many steps of time, longer ago is the same. With steps of 20 s that is a minute: longer than a gate lives,
 * than a lease counts as alive, and than the engine waits before it looks or asks again.
 */
export const farTicks = 3;

export function ageOf({nowMs, tickMs}: Clock, atMs: number, far = farTicks): string {
  const ticks = Math.round((nowMs - atMs) / tickMs);
  return `T${Math.max(-far, Math.min(far, ticks))}`;
}

/** What waits for the drain of servers, or for a list to be asked for again, is over after one step. */
export const drainTicks = 1;
/** A gate lives shorter than two. */
export const gateTicks = 2;

/** How long ago a time in an object is; undefined for one that nothing is decided by but how it stands to another one. */
function timeIn(clock: Clock, holder: object, field: string, atMs: number): string | undefined {
  if (field === 'stoppedAtMs' || /^r\d+-/.test(field)) return ageOf(clock, atMs, drainTicks);
  if ('deed' in holder) return ageOf(clock, atMs, gateTicks);
  if (isProof(holder) && field === 'atMs') return undefined;
  if ('cleanBy' in holder) return undefined;
  return ageOf(clock, atMs);
}

/**
 * Fields that nothing is decided by: they count for people, or say again what another field says (a hash beside its
 * blocks), or are ordered only against now and over days. `resourceVersion` and the like are names of their own below.
 */
const left: ReadonlySet<string> = new Set([
  'uid',
  'sequence',
  'sealed',
  'sum',
  'inode',
  'hash',
  'voucher',
  'mac',
  'decryptions',
  'counters',
  'sizeBytes',
  'processStartMs',
  'can',
  'etcdSpace',
  'record',
  'createdAtMs',
  'activatedAtMs',
  'convergedAtMs',
  'fileWrittenAtMs',
  'lastAttemptAtMs',
  'sinceMs',
  'seenAtMs',
  'lastMigration',
]);

/** Version numbers: compared with each other and with nothing else, so that a name does as well. */
const versions: ReadonlyMap<string, string> = new Map([
  ['resourceVersion', 'at'],
  ['version', 'version'],
  ['begunAtVersion', 'version'],
  ['epoch', 'epoch'],
  ['ownEpoch', 'epoch'],
  ['serverStartedAtMs', 'start'],
]);

export type Replacer = (this: unknown, field: string, value: unknown) => unknown;

export function replacer(clock: Clock, isReport: boolean, revisions: number[] = []): Replacer {
  return function (this: unknown, field, value) {
    if (left.has(field) || (field === 'completedAtMs' && !isProof(this))) return undefined;
    // Of a ring that was seen nobody asks more than its epoch, but for a restore of etcd; of keys their highest revision.
    if (isReport && field === 'ring') return {epoch: (value as {epoch?: unknown}).epoch};
    if (isReport && field === 'highest') return {revision: (value as {revision?: unknown}).revision};
    // Of hashes only whether what is loaded is what lies there.
    if (field === 'loaded') return {...(value as object), isFile: isFile(value, this)};
    if (field === 'metadata') return metadataOf(value as ObjectMeta);
    const version = versions.get(field);
    if (version !== undefined) return `${version}:${value}`;
    if (value instanceof Uint8Array) return value.length;
    // A report says when it was written: that it is silent for minutes is beyond these worlds.
    if (isReport && field === 'atMs') return undefined;
    // Of times of starts only a server's matters, as the name of its process.
    if (field === 'startedAtMs') return (this as {state?: unknown}).state === 'up' ? `start:${value}` : undefined;
    // Revisions of etcd are compared with what is compacted, which stands beside the objects.
    if (field === 'cleanRevision') return undefined;
    if (field === 'revision' && isEtcdRevision(value)) {
      if (isProof(this)) revisions.push(Number(value));
      return '#';
    }
    if (typeof value === 'number' && value > 1_000_000_000_000) return timeIn(clock, this as object, field, value);
    if (typeof value === 'number' && field.endsWith('Ms'))
      return `T${Math.min(farTicks, Math.round(value / clock.tickMs))}`;
    // What a program made itself and what it read back have their fields in another order.
    return isRecord(value) ? inOrder(value) : value;
  };
}

const isFile = (loaded: unknown, report: unknown): boolean =>
  (loaded as {readonly hash?: string}).hash === (report as {readonly file?: {readonly hash?: string}}).file?.hash;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const inOrder = (record: Readonly<Record<string, unknown>>): unknown =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));

/** A scan or what it proved: of other revisions nobody asks whether they are compacted. */
const isProof = (holder: unknown): boolean =>
  typeof holder === 'object' && holder !== null && ('counts' in holder || ('by' in holder && 'key' in holder));

/** Those of keys are small numbers. */
const isEtcdRevision = (value: unknown): boolean =>
  typeof value === 'string' || (typeof value === 'number' && value > leastEtcdRevision);
const leastEtcdRevision = 20;

const metadataOf = ({name, annotations, resourceVersion}: ObjectMeta): unknown => ({
  name,
  annotations,
  resourceVersion,
});

/** What others can tell from a report. */
export const reportText = (clock: Clock, status: unknown): string =>
  JSON.stringify(status, replacer(clock, true)) ?? '';
