// Migration: once every member has loaded the new write key, each object of each resource is written again as it is.
// The marks in the ring carry it over restarts; a mark is done only when its last page is.

import {blockedAttempts} from '../limits.ts';
import type {MigrationMark, Rotation} from '../model/ring.ts';
import type {ResourceType} from '../ports.ts';
import {isDue} from './delay.ts';
import {ownNamespaces} from './local-namespaces.ts';
import {changeRing, type Outcome, pass, passWith, type Rule, wait} from './plan.ts';
import {because, type Reason} from './reason.ts';
import {isStandby} from './role.ts';
import {spaceLow} from './space.ts';
import type {View} from './view.ts';

export const migrate: Rule = {name: 'migrate', apply};

/** First retry of blocked objects after this; doubled each time. */
const retryBlockedMs = 60_000;
const retryBlockedMaxMs = 3_600_000;

function apply(view: View): Outcome {
  const {ring, observation} = view;
  const rotation = ring.rotation;
  if (rotation === undefined || rotation.activatedAtMs === undefined) return pass;
  if (rotation.convergedAtMs === undefined) return beginMigration(view, rotation);
  const other = changeOfRole(view, rotation);
  if (other !== undefined) return other;
  const open = rotation.migration.find(({state}) => state === 'pending' || state === 'running');
  if (open !== undefined) {
    const gone = isGone(view, open.resource);
    if (gone !== undefined) return wait(gone);
    const low = spaceLow(view);
    if (low !== undefined) return wait(low);
    const reason = because('Migrating', `${open.resource}: ${open.seen} looked at, ${open.rewritten} rewritten`);
    const failure = observation.lastFailure;
    const notes =
      failure?.do === 'migratePage' ? [because('MigrationFailing', `${failure.message}; it is tried again`)] : [];
    return {kind: 'act', action: {do: 'migratePage', of: 'rotation', ...localPart(view)}, reason, notes};
  }
  const blocked = rotation.migration.filter(({state}) => state === 'blocked');
  const retry = blocked.find((mark) => mark.attempts < blockedAttempts && isRetryDue(mark, observation.now.wallMs));
  if (retry !== undefined) {
    const migration = rotation.migration.map((mark) =>
      mark === retry ? nextPass(mark, observation.now.wallMs) : mark,
    );
    return changeRing(
      ring,
      {rotation: {...rotation, migration}},
      because('MigrationBlocked', `${retry.resource} is tried again`),
    );
  }
  if (blocked.some(({attempts}) => attempts < blockedAttempts)) return wait(...blockedReasons(blocked));
  return blocked.length === 0 ? pass : passWith(...blockedReasons(blocked));
}

/**
 * A role that changes in the middle: a Standby leaves from now on to the Active what is replicated, and a new Active
 * begins anew with all there is.
 */
function changeOfRole(view: View, rotation: Rotation): Outcome | undefined {
  const isLocal = isStandby(view);
  if (isLocal === (rotation.local === true)) return undefined;
  if (isLocal) {
    const next = {...rotation, local: true as const};
    return changeRing(
      view.ring,
      {rotation: next},
      because('Migrating', 'what is replicated is the Active’s to rewrite'),
    );
  }
  const {local: _, verifiedBy: _by, ...rest} = rotation;
  const migration = rotation.migration.map(({resource}) => newMark(resource, view.observation.now.wallMs));
  const reason = because('Migrating', 'what was replicated until now is rewritten here too');
  return changeRing(view.ring, {rotation: {...rest, migration}, scan: undefined}, reason);
}

/** A Standby rewrites its own objects alone: what the mirror writes is the Active's. */
const localPart = (view: View): {readonly namespaces?: readonly string[]} =>
  isStandby(view) ? {namespaces: ownNamespaces(view)} : {};

const isRetryDue = (mark: MigrationMark, now: number): boolean =>
  isDue(
    mark.lastAttemptAtMs ?? 0,
    Math.min(retryBlockedMaxMs, retryBlockedMs * 2 ** Math.max(0, mark.attempts - 1)),
    now,
  );

export const blockedReasons = (marks: readonly MigrationMark[]): readonly Reason[] =>
  marks.map((mark) => {
    const list = mark.blocked.map(
      ({namespace, name, reason}) => `${namespace === '' ? '' : `${namespace}/`}${name} (${reason})`,
    );
    return because(
      'MigrationBlocked',
      `${mark.resource}: ${mark.blockedCount} objects cannot be rewritten: ${list.join('; ')}`,
    );
  });

/** A fresh pass over a resource; attempts go on. */
export function nextPass(mark: MigrationMark, now: number): MigrationMark {
  const {token: _token, completedAtMs: _completed, revision: _revision, ...rest} = mark;
  return {...rest, state: 'pending', seen: 0, pass: mark.pass + 1, startedAtMs: now, blocked: [], blockedCount: 0};
}

/** A type that is served no more cannot be rewritten; its values may still be there. */
function isGone({observation}: View, name: string): Reason | undefined {
  const facts = Object.values(observation.types);
  if (facts.length === 0 || facts.some(({state}) => state !== 'seen')) return undefined;
  const served = facts.some((fact) => fact.state === 'seen' && fact.value.some((type) => typeName(type) === name));
  return served
    ? undefined
    : because('ResourceNotServed', `${name} is being migrated, and no server serves it any more`);
}

/** How a type is named in marks and status: `secrets`, `widgets.example.com`. */
export const typeName = ({plural, group}: ResourceType): string => (group === '' ? plural : `${plural}.${group}`);

export const newMark = (resource: string, now: number): MigrationMark => ({
  resource,
  state: 'pending',
  seen: 0,
  rewritten: 0,
  pass: 1,
  startedAtMs: now,
  blocked: [],
  blockedCount: 0,
  attempts: 0,
});

/** Types of `resources`, or why they are not known. A resource that no server serves has no objects we could see. */
export function typesOf(
  view: View,
  resources: readonly string[],
): {readonly names: readonly string[]} | {readonly unknown: Reason} {
  const names = new Set<string>();
  for (const resource of resources) {
    const fact = view.observation.types[resource];
    if (fact === undefined || fact.state !== 'seen') {
      return {
        unknown: because('ReadFailed', `types of ${resource}: ${fact?.state === 'unknown' ? fact.why : 'not read'}`),
      };
    }
    for (const type of fact.value) names.add(typeName(type));
  }
  return {names: [...names].sort()};
}

/** Every member has loaded the write key: older keys have stopped writing from now on, and no earlier scan counts. */
function beginMigration(view: View, rotation: Rotation): Outcome {
  const {ring, observation} = view;
  const now = observation.now.wallMs;
  const resources = [...(rotation.adding ?? []), ...(rotation.removing ?? [])];
  const types = typesOf(view, resources.length > 0 ? resources : ring.layout.resources.map(({resource}) => resource));
  if ('unknown' in types) return wait(types.unknown);
  const writing = new Set(ring.layout.resources.map(({write}) => write));
  const stoppedWriting: Record<string, number> = {...ring.stoppedWriting};
  for (const {id} of ring.keys) if (!writing.has(id) && stoppedWriting[id] === undefined) stoppedWriting[id] = now;
  const migration = types.names.map((name) => newMark(name, now));
  const next: Rotation = {...rotation, convergedAtMs: now, migration, ...(isStandby(view) ? {local: true} : {})};
  return changeRing(
    ring,
    {rotation: next, stoppedWriting, scan: undefined},
    because('Migrating', `${types.names.join(', ')} are rewritten`),
  );
}
