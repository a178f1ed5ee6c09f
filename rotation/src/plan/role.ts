// The role of this cluster in its pair (rotation.md "Role"), worked out anew from facts each time. A wrong Standby costs
// a late rotation, a wrong Active forks the lineage: so Active needs positive evidence, and whatever is not known is
// Unknown, which adds and does nothing else.

import {parseKeyName} from '@etcd-encryption/crypto';
import type {Role, SynchronizerMemory} from '../model/bundle.ts';
import type {ClusterObservation} from '../model/observation.ts';
import {annotation} from '../model/resource-types.ts';
import {synchronizerId} from '../model/stamps.ts';
import {formatTime} from '../model/time-text.ts';
import {isOurs, lastKnown, newestEntry, writeRevision} from './bundles.ts';
import {passedMs} from './delay.ts';
import {whyDue} from './due.ts';
import {etcdReaders} from './etcd-readers.ts';
import {unknownNamespaces} from './local-namespaces.ts';
import {changeRing, type Outcome, pass, passWith, type Rule} from './plan.ts';
import {because} from './reason.ts';
import {deterministicOf} from './settings.ts';
import type {View} from './view.ts';

export interface RoleFinding {
  readonly role: Role;
  readonly why: string;
  /** An operator stated a role that the evidence contradicts. */
  readonly contradicted?: true;
  /** Something that tells the role could not be read. */
  readonly unread?: true;
  /** What would tell more: a count of the stored values, or a list of each resource. */
  readonly needs?: 'scan' | 'lists';
  /** Time alone may change the finding after this, ms. */
  readonly wakeInMs?: number;
}

/** A sign of the Synchronizer that is still there is noted again after this, ms. */
const noteSignMs = 3_600_000;

const active = (why: string): RoleFinding => ({role: 'Active', why});
const standby = (why: string): RoleFinding => ({role: 'Standby', why});
const unsure = (why: string, more: Partial<RoleFinding> = {}): RoleFinding => ({role: 'Unknown', why, ...more});

/** The role, and on what it rests. */
export function roleOf(view: View): RoleFinding {
  const {ring, observation} = view;
  const strangers = view.members.filter(({report}) => report.clusterId !== ring.clusterId).map(({node}) => node);
  if (strangers.length > 0) return unsure(`${strangers.join(', ')} name another cluster, or none`);
  const {synchronizer} = observation;
  if (synchronizer.state !== 'seen')
    return unsure(`signs of the Synchronizer: ${synchronizer.state === 'unknown' ? synchronizer.why : 'not read'}`, {
      unread: true,
    });
  const {installed, lease} = synchronizer.value;
  const stated = statedRole(observation);
  if (installed || lease === 'renewed') {
    const sign = installed ? 'the Synchronizer is installed here' : 'the Synchronizer renews its lease here';
    if (stated !== 'Active') return standby(sign);
    return unsure(`${sign}, and the annotation states Active`, {contradicted: true});
  }
  if (lease === 'unknown') return unsure('whether the Synchronizer renews its lease is being watched');
  if (observation.seedBundle.state === 'unknown')
    return unsure(`SeedBundle: ${observation.seedBundle.why}`, {unread: true});
  if (observation.seedBundle.state === 'absent') return withoutBundle(view, stated);
  return withBundle(view, observation.seedBundle.value.hash, stated);
}

/** Whether this cluster follows another one's writes; never under the random strategy. */
export const isStandby = (view: View): boolean =>
  deterministicOf(view) !== undefined && roleOf(view).role === 'Standby';

/** An operator's word; another text than the two roles is none. */
function statedRole({ringAnnotations}: ClusterObservation): 'Active' | 'Standby' | undefined {
  const text = ringAnnotations[annotation.role];
  return text === 'Active' || text === 'Standby' ? text : undefined;
}

/** (a): there is no bundle, there was none that somebody else wrote, and no stored value has a key that we never had. */
function withoutBundle(view: View, stated: 'Active' | 'Standby' | undefined): RoleFinding {
  if (stated === 'Standby') return standby('stated by annotation');
  const known = lastKnown(view);
  if (known !== undefined && !isOurs(view, known.hash)) {
    if (stated === 'Active') return active('stated by annotation');
    return unsure('the SeedBundle is gone, and the last one here was not ours');
  }
  if (known !== undefined) return active('the SeedBundle is gone, and the last one was ours');
  if (view.blockers.length > 0) return unsure(view.blockers[0]?.message ?? 'members are not known', {unread: true});
  const names = storedNames(view);
  if (names.state === 'known')
    return active('there is no SeedBundle, and every stored value has a key of this cluster');
  if (names.state === 'foreign') {
    if (stated === 'Active') return active('stated by annotation');
    return unsure(`there is no SeedBundle, and stored values have keys that were never here: ${names.what}`);
  }
  return unsure('there is no SeedBundle; whether stored values have keys that were never here is not known', {
    ...(names.ask === undefined ? {unread: true as const} : {needs: names.ask}),
  });
}

/** (b): the bundle's writer is us; (c): it is foreign, and the Synchronizer was here and has been gone for long. */
function withBundle(view: View, hash: string, stated: 'Active' | 'Standby' | undefined): RoleFinding {
  if (isOurs(view, hash)) {
    if (stated !== 'Standby') return active('this cluster wrote the SeedBundle');
    return unsure('this cluster wrote the SeedBundle, and the annotation states Standby', {contradicted: true});
  }
  if (stated === 'Active') return active('stated by annotation');
  if (stated === 'Standby') return standby('stated by annotation');
  const goneSinceMs = view.ring.synchronizer?.goneSinceMs;
  if (goneSinceMs === undefined)
    return unsure('another cluster wrote the SeedBundle, and no Synchronizer was seen here');
  const graceMs = deterministicOf(view)?.promotionGraceMs ?? Number.POSITIVE_INFINITY;
  const leftMs = graceMs - passedMs(view, synchronizerId, goneSinceMs);
  const gone = `the Synchronizer is gone since ${formatTime(goneSinceMs)}`;
  if (leftMs > 0) return unsure(`${gone}, not yet for the promotion grace`, {wakeInMs: leftMs});
  if (isDeedDue(view)) return active(`${gone}, longer than the promotion grace, and a rotation is due`);
  return unsure(`${gone}, longer than the promotion grace; nothing is due`);
}

/** Whether a dangerous deed is due or under way; asked without regard to the role. */
function isDeedDue(view: View): boolean {
  const {rotation, publishing, following} = view.ring;
  if (rotation !== undefined || publishing !== undefined || whyDue(view) !== undefined) return true;
  return (newestEntry(following)?.revision ?? 0) <= writeRevision(view);
}

type StoredNames =
  | {readonly state: 'known'}
  | {readonly state: 'foreign'; readonly what: string}
  | {readonly state: 'unknown'; readonly ask?: 'scan' | 'lists'};

/** Whether stored values bear names of our form that no history here holds: by a scan, or, without one, by whole lists. */
function storedNames(view: View): StoredNames {
  const {ring, members, observation} = view;
  if (etcdReaders(view, 'scan').length === 0) {
    const {lists} = observation;
    if (lists.state === 'unknown') return {state: 'unknown'};
    if (lists.state === 'absent') return {state: 'unknown', ask: 'lists'};
    const broken = Object.keys(lists.value).sort();
    return broken.length === 0 ? {state: 'known'} : {state: 'foreign', what: `${broken.join(', ')} cannot be listed`};
  }
  const answer = members.map(({report}) => report.scan).find((scan) => scan !== undefined && scan.id === ring.scan?.id);
  if (answer === undefined) return ring.scan === undefined ? {state: 'unknown', ask: 'scan'} : {state: 'unknown'};
  const histories = new Set(members.flatMap(({report}) => report.history));
  const labels = Object.values(answer.counts).flatMap((counts) =>
    Object.entries(counts).flatMap(([label, count]) => (count > 0 ? [label.replace(/^aesgcm:/, '')] : [])),
  );
  const foreign = [...new Set(labels)]
    .filter((name) => parseKeyName(name) !== undefined && !histories.has(name))
    .sort();
  return foreign.length === 0 ? {state: 'known'} : {state: 'foreign', what: foreign.join(', ')};
}

/** Keeps what the ring remembers of the Synchronizer, and asks for what would tell the role. */
export const role: Rule = {name: 'role', apply};

function apply(view: View): Outcome {
  if (deterministicOf(view) === undefined) return pass;
  const {ring, observation} = view;
  const memory = remember(view);
  if (memory !== undefined) {
    const message = memory.goneSinceMs === undefined ? 'the Synchronizer is here' : 'the Synchronizer is gone';
    return changeRing(ring, {synchronizer: memory}, because('SynchronizerNoted', message));
  }
  const finding = roleOf(view);
  if (finding.needs === 'lists') {
    return {
      kind: 'act',
      action: {do: 'checkLists', resources: view.spec.resources},
      reason: because('RoleUnknown', 'every listed resource is listed once, to tell whose values are stored'),
    };
  }
  if (finding.needs === 'scan') {
    const able = etcdReaders(view, 'scan').find(({report}) => report.server.state !== 'down');
    if (able !== undefined) {
      const {resources} = view.spec;
      const id = `scan-${ring.epoch}-${ring.version}`;
      const scan = {id, resources, node: able.node, deep: false, atMs: observation.now.wallMs};
      return changeRing(ring, {scan}, because('RoleUnknown', `${able.node} counts the stored values`, [able.node]));
    }
  }
  const contradicted = finding.contradicted === true ? [because('RoleContradicted', finding.why)] : [];
  return passWith(...contradicted, ...unknownNamespaces(view));
}

/** The memory of the Synchronizer's signs, where it must change. */
function remember({ring, observation}: View): SynchronizerMemory | undefined {
  if (observation.synchronizer.state !== 'seen') return undefined;
  const {installed, lease} = observation.synchronizer.value;
  const old = ring.synchronizer;
  const now = observation.now.wallMs;
  if (installed || lease === 'renewed') {
    const isNoted = old !== undefined && old.goneSinceMs === undefined && old.lastSeenAtMs <= now;
    return isNoted && now - old.lastSeenAtMs < noteSignMs ? undefined : {lastSeenAtMs: now};
  }
  if (lease === 'unknown' || old === undefined || old.goneSinceMs !== undefined) return undefined;
  return {...old, goneSinceMs: now};
}
