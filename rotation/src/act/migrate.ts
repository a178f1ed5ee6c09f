// One page of the migration: list metadata, write each object again as it is, and mark in the ring how far it came.
// Nothing is created, no content passes through here, and only a last page without an error ends a pass.

import {blockedListed, migrationPageSize} from '../limits.ts';
import type {BlockedObject, MigrationMark, Ring} from '../model/ring.ts';
import {typeName} from '../plan/migrate.ts';
import {nextRing} from '../plan/plan.ts';
import {
  ask,
  demand,
  failed,
  type ListPage,
  ok,
  type PortError,
  type PortRequest,
  type ResourceType,
  type Result,
  type Step,
  type StoredObject,
} from '../ports.ts';
import type {ControllerDeed} from './controller-deeds.ts';
import {replaceRing} from './controller-deeds.ts';
import {batchDepth, maxPushBackMs, type Pace, type PaceLimits, pushBackMs} from './pace.ts';
import {isSpaceExceeded} from './space.ts';

/** Tries of one object within a page: somebody else's write in between means reading its version again. */
const triesPerObject = 4;

/** Rewrites one page of the first open mark and stores the mark; remembers when etcd had no space for it. */
export function* migratePage(
  deed: ControllerDeed,
  of: 'rotation' | 'proof',
  namespaces?: readonly string[],
): Step<Result<unknown>> {
  const {memory} = deed;
  const result = yield* rewritePage(deed, of, namespaces);
  if (result.ok) memory.spaceExceeded = undefined;
  else if (isSpaceExceeded(result.error)) {
    const {monotonicMs} = yield* demand('clock.now', {});
    memory.spaceExceeded = {atMs: monotonicMs, message: result.error.message.slice(0, 200)};
    memory.pace.inFlight = 1;
  }
  return result;
}

function* rewritePage(
  deed: ControllerDeed,
  of: 'rotation' | 'proof',
  namespaces: readonly string[] | undefined,
): Step<Result<unknown>> {
  const {observation} = deed;
  if (observation.ring.state !== 'seen') return failed('unavailable', 'the ring is not known');
  const ring = observation.ring.value;
  const marks = (of === 'rotation' ? ring.rotation : ring.proof)?.migration ?? [];
  const mark = marks.find(({state}) => state === 'pending' || state === 'running');
  if (mark === undefined) return ok(undefined);
  const type = typeOf(deed, mark.resource);
  if (type === undefined) return failed('unavailable', `${mark.resource}: its type is not known`);
  const listed = yield* listPage(type, mark);
  if (!listed.ok) return yield* pageFailed(deed, of, mark, listed.error);
  const page = onlyIn(namespaces, listed.value);
  const limits = deed.plan.view?.spec.migration ?? {maxInFlight: 1};
  const rewritten = yield* rewriteAll(type, page.items, deed.memory.pace, limits);
  if ('full' in rewritten) return failed('unavailable', `${mark.resource}: ${rewritten.full.message}`);
  const {wallMs} = yield* demand('clock.now', {});
  const next = advance(mark, page, rewritten.results, wallMs);
  return yield* storeMark(deed, of, next);
}

/** A page without the objects of other namespaces, and without those of none: they are not ours to write. */
const onlyIn = (namespaces: readonly string[] | undefined, page: ListPage): ListPage =>
  namespaces === undefined
    ? page
    : {...page, items: page.items.filter(({metadata}) => namespaces.includes(metadata.namespace ?? ''))};

function typeOf({observation}: ControllerDeed, name: string): ResourceType | undefined {
  for (const fact of Object.values(observation.types)) {
    if (fact.state !== 'seen') continue;
    const type = fact.value.find((each) => typeName(each) === name);
    if (type !== undefined) return type;
  }
  return undefined;
}

const listPage = (resource: ResourceType, mark: MigrationMark): Step<Result<ListPage>> =>
  ask('store.list', {
    resource,
    limit: migrationPageSize,
    metadataOnly: true,
    ...(mark.token === undefined ? {} : {continue: mark.token}),
  });

/** An expired token goes on with the one in the answer, at a newer revision; then one more pass is needed. */
function* pageFailed(
  deed: ControllerDeed,
  of: 'rotation' | 'proof',
  mark: MigrationMark,
  error: PortError,
): Step<Result<unknown>> {
  if (error.code !== 'gone' || mark.token === undefined)
    return failed(error.code, `${mark.resource}: ${error.message}`, error);
  const {token: _, ...rest} = mark;
  const next: MigrationMark =
    error.continue === undefined
      ? {...rest, state: 'pending', seen: 0}
      : {...rest, state: 'running', token: error.continue, broken: true};
  return yield* storeMark(deed, of, next);
}

type Rewritten = 'same' | 'changed' | 'gone' | {readonly blocked: BlockedObject} | {readonly later: PortError};

/** What became of a page; `full` ends it early, and it is begun again later. */
type PageResult = {readonly results: readonly Rewritten[]} | {readonly full: PortError};

type Entry = {readonly item: StoredObject; readonly index: number};

function* rewriteAll(
  resource: ResourceType,
  items: readonly StoredObject[],
  pace: Pace,
  limits: PaceLimits,
): Step<PageResult> {
  const results = new Map<number, Rewritten>();
  let open: readonly Entry[] = items.map((item, index) => ({item, index}));
  for (let attempt = 0; attempt < triesPerObject && open.length > 0; attempt++) {
    const again: Entry[] = [];
    const pushedBack: Entry[] = [];
    for (let at = 0; at < open.length; ) {
      pace.inFlight = Math.max(1, Math.min(pace.inFlight, limits.maxInFlight));
      const batch = open.slice(at, at + pace.inFlight * batchDepth);
      at += batch.length;
      const full = yield* rewriteBatch({resource, batch, pace, limits, results, again, pushedBack});
      if (full !== undefined) return {full};
    }
    open = [...(yield* readAgain(resource, again, results)), ...pushedBack];
  }
  for (const {item, index} of open)
    results.set(index, {later: {code: 'unavailable', message: `${item.metadata.name} could not be written yet`}});
  return {results: items.map((_, index) => results.get(index) ?? 'gone')};
}

interface Batch {
  readonly resource: ResourceType;
  readonly batch: readonly Entry[];
  readonly pace: Pace;
  readonly limits: PaceLimits;
  readonly results: Map<number, Rewritten>;
  readonly again: Entry[];
  readonly pushedBack: Entry[];
}

/** Answers the error when etcd has no space: to go on would only fill its log. */
function* rewriteBatch({
  resource,
  batch,
  pace,
  limits,
  results,
  again,
  pushedBack,
}: Batch): Step<PortError | undefined> {
  const begun = yield* demand('clock.now', {});
  const requests = batch.map(({item}) => rewriteRequest(resource, item));
  const answers = yield* demand('all', {requests, maxInFlight: pace.inFlight});
  const full = answers.find((each) => !each.ok && isSpaceExceeded(each.error));
  if (full?.ok === false) return full.error;
  let pauseMs = 0;
  for (const [at, entry] of batch.entries()) {
    const result = judge(entry.item, answers[at] as Result<{resourceVersion: string}> | undefined);
    if (result === 'again') again.push(entry);
    else if (typeof result === 'object' && 'later' in result) {
      pushedBack.push(entry);
      pauseMs = Math.max(pauseMs, Math.min(result.later.retryAfterMs ?? pushBackMs, maxPushBackMs));
    } else results.set(entry.index, result);
  }
  pace.inFlight =
    pauseMs > 0 ? Math.max(1, Math.floor(pace.inFlight / 2)) : Math.min(pace.inFlight * 2, limits.maxInFlight);
  if (limits.qps !== undefined) {
    const ended = yield* demand('clock.now', {});
    pauseMs = Math.max(pauseMs, (batch.length / limits.qps) * 1_000 - (ended.monotonicMs - begun.monotonicMs));
  }
  for (let left = pauseMs; left > 0; left -= maxPushBackMs) {
    yield* demand('clock.sleep', {ms: Math.min(left, maxPushBackMs)});
  }
  return undefined;
}

const rewriteRequest = (resource: ResourceType, {metadata}: StoredObject): PortRequest => ({
  op: 'store.rewrite',
  args: {
    resource,
    ...(metadata.namespace === undefined ? {} : {namespace: metadata.namespace}),
    name: metadata.name,
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
  },
});

function judge(item: StoredObject, answer: Result<{resourceVersion: string}> | undefined): Rewritten | 'again' {
  if (answer === undefined) return {later: {code: 'unavailable', message: 'no answer'}};
  if (answer.ok) return answer.value.resourceVersion === item.metadata.resourceVersion ? 'same' : 'changed';
  const {error} = answer;
  switch (error.code) {
    case 'gone':
      // Only the API's own word: a 404 of something in between says nothing of the object.
      return error.reason === 'NotFound' ? 'gone' : {later: error};
    case 'conflict':
    case 'ambiguous':
      return 'again';
    case 'unavailable':
      return {later: error};
    case 'denied':
    case 'invalid':
      return {
        blocked: {
          namespace: item.metadata.namespace ?? '',
          name: item.metadata.name,
          reason: `${error.reason ?? error.code}: ${error.message}`.slice(0, 200),
        },
      };
    default:
      return error.code satisfies never;
  }
}

/** Reads the versions of objects that somebody else wrote in between; other uid or none = done. */
function* readAgain(
  resource: ResourceType,
  entries: readonly {readonly item: StoredObject; readonly index: number}[],
  results: Map<number, Rewritten>,
): Step<{item: StoredObject; index: number}[]> {
  const open: {item: StoredObject; index: number}[] = [];
  for (const {item, index} of entries) {
    const {name, namespace, uid} = item.metadata;
    const page = yield* ask('store.list', {
      resource,
      limit: 1,
      metadataOnly: true,
      onlyName: name,
      ...(namespace === undefined ? {} : {namespace}),
    });
    if (!page.ok) results.set(index, {later: page.error});
    else {
      const fresh = page.value.items[0];
      if (fresh === undefined || fresh.metadata.uid !== uid) results.set(index, 'gone');
      else open.push({item: fresh, index});
    }
  }
  return open;
}

function advance(mark: MigrationMark, page: ListPage, results: readonly Rewritten[], now: number): MigrationMark {
  const changed = results.filter((each) => each === 'changed').length;
  const blocked = results.flatMap((each) => (typeof each === 'object' && 'blocked' in each ? [each.blocked] : []));
  const later = results.flatMap((each) => (typeof each === 'object' && 'later' in each ? [each.later] : []));
  const {token: _token, ...rest} = mark;
  const more = page.continue !== undefined && page.continue !== '';
  const counted = {
    ...rest,
    seen: mark.seen + page.items.length,
    rewritten: mark.rewritten + changed,
    blocked: [...mark.blocked, ...blocked].slice(0, blockedListed),
    blockedCount: mark.blockedCount + blocked.length,
    ...(later.length > 0 || mark.broken === true ? {broken: true as const} : {}),
  };
  if (more) return {...counted, state: 'running', token: page.continue ?? ''};
  return finishPass(counted, page.resourceVersion, now);
}

/** A pass with an interruption in it proves nothing: it begins again. */
function finishPass(mark: Omit<MigrationMark, 'token'>, revision: string, now: number): MigrationMark {
  const {broken, ...rest} = mark;
  if (broken === true) return {...rest, state: 'pending', pass: mark.pass + 1, seen: 0, blocked: [], blockedCount: 0};
  const ended = {...rest, revision, completedAtMs: now};
  if (mark.blockedCount === 0) return {...ended, state: 'done'};
  return {...ended, state: 'blocked', attempts: mark.attempts + 1, lastAttemptAtMs: now};
}

function* storeMark(
  {memory, observation}: ControllerDeed,
  of: 'rotation' | 'proof',
  mark: MigrationMark,
): Step<Result<unknown>> {
  if (observation.ring.state !== 'seen') return failed('unavailable', 'the ring is not known');
  const ring: Ring = observation.ring.value;
  const replace = (marks: readonly MigrationMark[]): readonly MigrationMark[] =>
    marks.map((each) => (each.resource === mark.resource ? mark : each));
  if (of === 'rotation' && ring.rotation !== undefined) {
    return yield* replaceRing(
      memory,
      nextRing(ring, {rotation: {...ring.rotation, migration: replace(ring.rotation.migration)}}),
    );
  }
  if (ring.proof === undefined) return ok(undefined);
  return yield* replaceRing(memory, nextRing(ring, {proof: {...ring.proof, migration: replace(ring.proof.migration)}}));
}
