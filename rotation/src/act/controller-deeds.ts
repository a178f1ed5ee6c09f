// The controller's deeds. Each carries the version it was decided on; a conflict is left to the next observation.

import {countsToldMs, maxOwnPages, migrationPageSize} from '../limits.ts';
import type {ClusterObservation} from '../model/observation.ts';
import {
  configResource,
  eventResource,
  ourGroup,
  ourNamespace,
  ringResource,
  singletonName,
} from '../model/resource-types.ts';
import type {Ring} from '../model/ring.ts';
import {same} from '../model/same.ts';
import {type ControllerMemory, listsEpoch} from '../observe/cluster.ts';
import type {Action, Plan} from '../plan/plan.ts';
import {type ConfigStatus, isToldIn, makeStatus} from '../plan/status.ts';
import {ask, demand, ok, type ResourceType, type Result, type Step, type StoredObject} from '../ports.ts';
import {migratePage} from './migrate.ts';
import {publishBundle} from './publish-bundle.ts';
import {addRecord} from './record.ts';

export interface ControllerDeed {
  readonly memory: ControllerMemory;
  readonly observation: ClusterObservation;
  readonly plan: Plan;
}

/** Does one action of the plan. */
export function* doControllerAction(deed: ControllerDeed, action: Action): Step<Result<unknown>> {
  switch (action.do) {
    case 'createRing':
      return yield* createRing(deed.memory, action.ring);
    case 'replaceRing': {
      const ring =
        action.record === undefined ? action.ring : addRecord(action.ring, action.record, deed.observation.now.wallMs);
      return yield* replaceRing(deed.memory, ring);
    }
    case 'checkLists':
      return yield* checkLists(deed, action.resources);
    case 'migratePage':
      return yield* migratePage(deed, action.of, action.namespaces);
    case 'publishBundle':
      return yield* publishBundle(action);
    case 'askCompaction':
      return yield* askCompaction(deed.memory, action.revisions);
    default:
      return action satisfies never;
  }
}

function* createRing(memory: ControllerMemory, ring: Ring): Step<Result<unknown>> {
  const object: StoredObject = {
    apiVersion: `${ourGroup}/${ringResource.version}`,
    kind: ringResource.kind,
    metadata: {name: singletonName, namespace: ourNamespace},
    spec: ring,
  };
  const created = yield* ask('store.create', {resource: ringResource, object});
  if (created.ok) beginEpoch(memory, ring.epoch);
  return created;
}

/** What was found out under another epoch may be of a store that is gone. */
function beginEpoch(memory: ControllerMemory, epoch: number): void {
  memory.ownEpoch = epoch;
  memory.compacted.clear();
  memory.lists = undefined;
}

/** Compare-and-swap at the version that was observed. */
export function* replaceRing(memory: ControllerMemory, ring: Ring): Step<Result<unknown>> {
  const present = memory.ringObject;
  if (present === undefined) return ok(undefined);
  const {managedFields: _, ...metadata} = present.metadata as StoredObject['metadata'] & {managedFields?: unknown};
  const replaced = yield* ask('store.replace', {resource: ringResource, object: {...present, metadata, spec: ring}});
  if (replaced.ok) {
    memory.ringObject = replaced.value;
    if (memory.ownEpoch !== ring.epoch) beginEpoch(memory, ring.epoch);
  }
  return replaced;
}

/** How kube-apiserver says that a stored value cannot be read, by release. */
const unreadableReasons: ReadonlySet<string> = new Set(['InternalError', 'StorageReadError']);

/** Lists every resource's metadata once; a list fails when one stored value cannot be read, and the answer names it. */
function* checkLists({memory, observation}: ControllerDeed, resources: readonly string[]): Step<Result<unknown>> {
  const result: Record<string, string> = {};
  for (const resource of resources) {
    const fact = observation.types[resource];
    if (fact?.state !== 'seen') return ok(undefined);
    for (const type of fact.value) {
      const listed = yield* listOnce(type);
      if (listed.ok) continue;
      if (!unreadableReasons.has(listed.error.reason ?? '')) return listed;
      result[resource] = listed.error.message.slice(0, 500);
    }
  }
  const {monotonicMs} = yield* demand('clock.now', {});
  memory.lists = {result, atMs: monotonicMs, after: listsEpoch(observation.ring)};
  return ok(undefined);
}

function* listOnce(resource: ResourceType): Step<Result<undefined>> {
  let token: string | undefined;
  for (let page = 0; page < maxOwnPages * 100; page++) {
    const request = {
      resource,
      limit: migrationPageSize,
      metadataOnly: true,
      ...(token === undefined ? {} : {continue: token}),
    };
    const answer = yield* ask('store.list', request);
    if (!answer.ok) {
      if (answer.error.code !== 'gone' || answer.error.continue === undefined) return answer;
      token = answer.error.continue;
      continue;
    }
    token = answer.value.continue;
    if (token === undefined || token === '') return ok(undefined);
  }
  return ok(undefined);
}

/** How a list says that its revision is compacted, by release. */
const expiredReasons: ReadonlySet<string> = new Set(['Expired', 'Gone']);

/** The API tells that history is compacted by refusing to list `events` at exactly that revision. */
function* askCompaction(memory: ControllerMemory, revisions: readonly string[]): Step<Result<unknown>> {
  for (const revision of revisions) {
    const answer = yield* ask('store.list', {
      resource: eventResource,
      limit: 1,
      atRevision: revision,
      metadataOnly: true,
    });
    const {reason = ''} = answer.ok ? {} : answer.error;
    if (!answer.ok && answer.error.code === 'gone' && expiredReasons.has(reason)) memory.compacted.add(revision);
    else if (!answer.ok) return answer;
  }
  return ok(undefined);
}

/** Writes the status when it says something new, and now and then for the counts in it. */
export function* writeStatus({memory, observation, plan}: ControllerDeed): Step<Result<unknown>> {
  const object = memory.configObject;
  if (object === undefined || !observation.leading) return ok(undefined);
  const previous = object.status as ConfigStatus | undefined;
  const status = makeStatus(plan, observation, previous);
  const {monotonicMs} = observation.now;
  if (isToldIn(status, previous)) {
    if (monotonicMs - memory.countsToldAtMs < countsToldMs) return ok(undefined);
    memory.countsToldAtMs = monotonicMs;
    if (same(status, previous)) return ok(undefined);
  }
  const {managedFields: _, ...metadata} = object.metadata as StoredObject['metadata'] & {managedFields?: unknown};
  const replaced = yield* ask('store.replaceStatus', {resource: configResource, object: {...object, metadata, status}});
  if (replaced.ok) {
    memory.configObject = replaced.value;
    memory.countsToldAtMs = monotonicMs;
  }
  return replaced.ok || replaced.error.code === 'conflict' ? ok(undefined) : replaced;
}
