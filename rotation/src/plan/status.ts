// What people see: the config's status, worked out from the plan and its view. Output only; deleting it changes nothing.

import {parseKeyName} from '@etcd-encryption/crypto';
import {isKey, writeEntries} from '../model/layout.ts';
import type {ClusterObservation} from '../model/observation.ts';
import type {RingKey} from '../model/ring.ts';
import {same} from '../model/same.ts';
import {formatTime} from '../model/time-text.ts';
import {budgetUsed, currentKey, encryptionsOf} from './budget.ts';
import {writeRevision} from './bundles.ts';
import {interval} from './due.ts';
import type {Member} from './membership.ts';
import {latestScan, migrationStatus} from './migration-status.ts';
import {pairConditions, roleWord} from './pair-status.ts';
import type {Plan} from './plan.ts';
import type {Reason, ReasonName} from './reason.ts';
import {obstacle, obstacles, type View} from './view.ts';
import {waitsForWindow} from './windows.ts';

export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly observedGeneration?: number;
  readonly lastTransitionTime: string;
  readonly reason: string;
  readonly message: string;
}

export interface ConfigStatus {
  readonly conditions: readonly Condition[];
  readonly [field: string]: unknown;
}

/** Reasons that mean trouble rather than work. */
const troubles: ReadonlySet<ReasonName> = new Set<ReasonName>([
  'ConfigurationInvalid',
  'ForeignRing',
  'NewerRelease',
  'SchemaPruned',
  'UnknownMember',
  'AgentMissing',
  'AgentSilent',
  'ServerDown',
  'ForeignServer',
  'ForgetRefused',
  'UngatedStart',
  'ConfigurationPathDiffers',
  'EncryptionFlagMissing',
  'CannotWriteFile',
  'FileInvalid',
  'FileNotAtomic',
  'SingleFileMount',
  'ReloadDisabled',
  'FileRefused',
  'ReloadFailing',
  'NotLoaded',
  'NoLoadEvidence',
  'FipsRefusesAesgcm',
  'HistoryNotWritable',
  'HistoryDamaged',
  'KeyMismatch',
  'ForeignKeyObject',
  'UnknownRecipient',
  'GuardRefused',
  'NodesDiffer',
  'AdoptedNamesCollide',
  'KMSWriteProvider',
  'UnreadableValues',
  'MigrationBlocked',
  'EtcdSpaceLow',
  'ForeignValues',
  'HistoryNotCompacted',
  'RestoreSeen',
  'RoleUnknown',
  'RoleContradicted',
  'LocalNamespacesInvalid',
  'DerivationEdited',
  'RootSecretNotReady',
  'RootSecretsDiffer',
  'RootChangeNotAnnounced',
  'DerivedKeysDiffer',
  'SeedBundleRefused',
  'BundleRollback',
  'BundleFork',
  'BundleNotFollowed',
  'ActiveSilent',
  'PreparedBundleWrong',
]);

/** A reason's name as a condition shows it. */
const said = (reasons: readonly Reason[], fallback: Reason): {reason: string; message: string} => {
  const first = reasons[0] ?? fallback;
  return {
    reason: first.reason,
    message: [...new Set(reasons.map(({message}) => message))].join('; ').slice(0, 2_000) || fallback.message,
  };
};

/** The status of the present observation; times of unchanged conditions are kept from `previous`. */
export function makeStatus(plan: Plan, o: ClusterObservation, previous: ConfigStatus | undefined): ConfigStatus {
  const {view} = plan;
  const all = [...plan.reasons, ...plan.notes];
  const generation =
    o.spec.state === 'seen' && o.spec.value.outcome === 'ok' ? o.spec.value.spec.generation : undefined;
  const conditions = makeConditions(plan, view, all).map((condition) => stamp(condition, o, previous, generation));
  if (view === undefined) return {...ownPart(previous, o), phase: plan.phase, conditions};
  const {ring} = view;
  return {
    revision: loadedRevision(view),
    deployStatus: deployStatus(view),
    ...migrationStatus(view),
    ...(generation === undefined ? {} : {observedGeneration: generation}),
    phase: plan.phase,
    role: roleWord(view),
    clusterId: ring.clusterId,
    conditions,
    keys: keyStatus(view),
    rotation: rotationStatus(view),
    ...progressStatus(view),
    ...censusStatus(view),
    history: ring.history.map((each) => ({
      revision: each.revision,
      reason: each.reason,
      ...(each.requestedBy === undefined ? {} : {requestedBy: each.requestedBy}),
      startTime: formatTime(each.startedAtMs),
      completeTime: formatTime(each.completedAtMs),
      values: each.rewritten,
      seconds: Math.round(Math.max(0, each.completedAtMs - each.startedAtMs) / 1_000),
      outcome: each.outcome,
    })),
  };
}

/** Whether a status says nothing that `previous` does not say; more encryptions alone are nothing new. */
export function isToldIn(status: ConfigStatus, previous: ConfigStatus | undefined): boolean {
  return same(withoutCounts(status), previous === undefined ? undefined : withoutCounts(previous));
}

function withoutCounts(status: ConfigStatus): unknown {
  const keys = status.keys as readonly Readonly<Record<string, unknown>>[] | undefined;
  return {...status, keys: keys?.map(({encryptions: _, ...key}) => key)};
}

/** What was said before stays said until there is a view again; a status that was copied from the other side does not. */
function ownPart(
  previous: ConfigStatus | undefined,
  {clusterId}: ClusterObservation,
): Readonly<Record<string, unknown>> {
  const own = clusterId.state === 'seen' ? clusterId.value : undefined;
  const isOurs = previous?.clusterId === undefined || previous.clusterId === own;
  return {...(isOurs ? previous : {}), ...(own === undefined ? {} : {clusterId: own})};
}

type Bare = Omit<Condition, 'lastTransitionTime' | 'observedGeneration'>;

function stamp(
  bare: Bare,
  o: ClusterObservation,
  previous: ConfigStatus | undefined,
  generation: number | undefined,
): Condition {
  const old = previous?.conditions?.find(({type}) => type === bare.type);
  const lastTransitionTime =
    old !== undefined && old.status === bare.status ? old.lastTransitionTime : formatTime(o.now.wallMs);
  return {...bare, ...(generation === undefined ? {} : {observedGeneration: generation}), lastTransitionTime};
}

function makeConditions(plan: Plan, view: View | undefined, all: readonly Reason[]): readonly Bare[] {
  const fallback: Reason = {reason: 'Scheduled', message: ''};
  const bad = all.filter(({reason}) => troubles.has(reason));
  const idle = plan.phase === 'Idle';
  const waiting =
    view === undefined || view.ring.layout.resources.length === 0 ? [] : obstacles(view, view.ring.layout);
  const converged = view !== undefined && view.members.length > 0 && view.blockers.length === 0 && waiting.length === 0;
  const ready = idle && converged && bad.length === 0 && view?.ring.rotation === undefined;
  const at = (type: string, holds: boolean, reasons: readonly Reason[]): Bare => ({
    type,
    status: holds ? 'True' : 'False',
    ...said(reasons, fallback),
  });
  const conditions = [
    at('Ready', ready, ready ? all : bad.length > 0 ? bad : all),
    at('Progressing', !idle && plan.phase !== 'Observing', plan.reasons),
    at('Degraded', bad.length > 0, bad),
  ];
  if (view === undefined) return conditions;
  const encrypted = isEncrypted(view);
  const last = view.ring.history[0];
  const done = view.ring.rotation === undefined && last?.outcome === 'Complete';
  return [
    ...conditions,
    at('Encrypted', encrypted, [
      {
        reason: encrypted ? 'Complete' : 'ClearValues',
        message: encrypted
          ? 'every listed resource is written with a key'
          : 'a listed resource is still written in clear',
      },
    ]),
    at(
      'NodesConverged',
      converged,
      converged
        ? [{reason: 'Complete', message: `${view.members.length} servers have loaded the ring`}]
        : [...view.blockers, ...waiting],
    ),
    at('MigrationComplete', done, done ? [{reason: 'Complete', message: 'the last rotation is verified'}] : all),
    at('WriteBudgetOK', budgetUsed(view) < 0.8, [
      {
        reason: budgetUsed(view) < 0.8 ? 'Scheduled' : 'WriteBudgetLow',
        message: `${Math.round(budgetUsed(view) * 100)} % of the write budget is used`,
      },
    ]),
    ...windowConditions(view),
    ...pairConditions(view),
  ];
}

/** Where there are windows: whether the write key has become older than its interval while it waits for one. */
function windowConditions(view: View): readonly Bare[] {
  if (view.spec.windows.length === 0) return [];
  const type = 'CryptoperiodOK';
  const waiting = waitsForWindow(view);
  if (waiting === undefined || !isPastInterval(view))
    return [{type, status: 'True', reason: 'Scheduled', message: 'the write key is not older than the interval'}];
  const message = `the interval of the write key has passed, and its rotation waits: ${waiting.message}`;
  return [{type, status: 'False', reason: waiting.reason, message}];
}

function isPastInterval(view: View): boolean {
  const last = view.ring.history.find(({reason}) => reason !== 'resources');
  return last !== undefined && view.observation.now.wallMs - last.completedAtMs >= interval(view);
}

/** Every member's server writes every listed resource with a key. */
const isEncrypted = ({spec, members}: View): boolean =>
  members.length > 0 &&
  members.every(({report}) => {
    if (report.loaded.state !== 'known') return false;
    const entries = writeEntries(report.loaded.blocks);
    return spec.resources.every((resource) => isKey(entries.get(resource) ?? 'identity'));
  });

const revisionOf = (key: string | undefined): number => (key === undefined ? 0 : (parseKeyName(key)?.revision ?? 0));

/** Newest write key that every member has loaded. */
function loadedRevision({members, ring}: View): number {
  const resource = ring.layout.resources[0]?.resource;
  if (resource === undefined || members.length === 0) return 0;
  return Math.min(
    ...members.map(({report}) =>
      report.loaded.state === 'known'
        ? revisionOf(writeEntries(report.loaded.blocks).get(resource))
        : lastKnown(report.file, resource),
    ),
  );
}

const lastKnown = (file: Member['report']['file'], resource: string): number =>
  file.state === 'loadable' ? Math.max(0, revisionOf(writeEntries(file.blocks).get(resource)) - 1) : 0;

function deployStatus(view: View): Readonly<Record<string, unknown>> {
  const entries = view.members.map((member) => {
    const doubled = view.members.some((other) => other.node !== member.node && other.address === member.address);
    const name = member.address === '' || doubled ? member.node : member.address;
    return [name, nodeStatus(view, member)] as const;
  });
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function nodeStatus(view: View, member: Member): {revision: number; state: string; message?: string} {
  const {ring} = view;
  const {file} = member.report;
  const layout = ring.trial?.node === member.node ? ring.trial.layout : ring.layout;
  const resource = layout.resources[0]?.resource ?? view.spec.resources[0] ?? '';
  const revision = file.state === 'loadable' ? revisionOf(writeEntries(file.blocks).get(resource)) : 0;
  const reason = layout.resources.length === 0 ? undefined : obstacle(view, member, layout);
  if (reason === undefined) return {revision, state: layout.resources.length === 0 ? 'Processing' : 'Success'};
  return {revision, state: stateOf(reason.reason), message: `${reason.reason}: ${reason.message}`};
}

function stateOf(reason: ReasonName): string {
  switch (reason) {
    case 'FileNotWritten':
    case 'KeyNotHeld':
      return 'Processing';
    case 'WaitingForLoad':
      return 'Updated';
    case 'NotLoaded':
    case 'ReloadDisabled':
    case 'NoLoadEvidence':
    case 'ServerDown':
    case 'ForeignServer':
      return 'RestartFailed';
    default:
      return 'UpdateFailed';
  }
}

function keyStatus(view: View): readonly unknown[] {
  const {ring} = view;
  const write = new Set(ring.layout.resources.map((each) => each.write));
  const current = currentKey(view);
  const scan = latestScan(view);
  return ring.keys.map((key) => {
    const next = isNext(view, key);
    const state = write.has(key.id) ? 'Write' : next ? 'Next' : key.revision === 0 ? 'Adopted' : 'Read';
    const activated = ring.history.find((each) => each.key === key.id && each.reason !== 'resources');
    return {
      name: key.name,
      ...(key.revision > 0 ? {check: key.check} : {}),
      revision: key.revision,
      state,
      created: formatTime(key.createdAtMs),
      ...(activated === undefined ? {} : {activated: formatTime(activated.activatedAtMs ?? activated.startedAtMs)}),
      ...(key.id === current || key.revision > 0 ? {encryptions: encryptionsOf(view, key)} : {}),
      ...(scan === undefined ? {} : {values: valuesUnder(scan.counts, `${key.provider}:${key.name}`)}),
    };
  });
}

/** What the rotation under way will write with, or the published key that waits for the next one. */
function isNext(view: View, {id, derived, revision}: RingKey): boolean {
  const {rotation, following} = view.ring;
  if (rotation !== undefined && rotation.activatedAtMs === undefined && rotation.key === id) return true;
  if (derived !== true || following?.entries.every(({key}) => key !== id) !== false) return false;
  return revision > writeRevision(view);
}

const valuesUnder = (counts: Readonly<Record<string, Readonly<Record<string, number>>>>, label: string): number =>
  Object.values(counts).reduce((sum, labels) => sum + (labels[label] ?? 0), 0);

function rotationStatus(view: View): unknown {
  const {ring} = view;
  const present = ring.rotation;
  const last = ring.history.find(({reason}) => reason !== 'resources');
  const next = last === undefined ? {} : {nextTime: formatTime(last.completedAtMs + interval(view))};
  if (present !== undefined) {
    return {
      reason: present.reason,
      ...(present.request === undefined ? {} : {requestedBy: present.request}),
      startTime: formatTime(present.startedAtMs),
      ...next,
    };
  }
  if (last === undefined) return {};
  return {
    reason: last.reason,
    ...(last.requestedBy === undefined ? {} : {requestedBy: last.requestedBy}),
    startTime: formatTime(last.startedAtMs),
    completeTime: formatTime(last.completedAtMs),
    ...next,
  };
}

function progressStatus(view: View): {progress?: unknown} {
  const {ring, members} = view;
  const rotation = ring.rotation;
  const loaded = members.length - obstacles(view, ring.layout).length;
  const marks = rotation?.migration ?? [];
  const running = marks.find(({state}) => state === 'running' || state === 'pending');
  const done = marks.filter(({state}) => state === 'done' || state === 'blocked').length;
  return {
    progress: {
      nodes: `${loaded}/${members.length}`,
      ...(marks.length === 0 ? {} : {resources: `${done}/${marks.length}`}),
      ...(running === undefined ? {} : {resource: running.resource, seen: running.seen, rewritten: running.rewritten}),
      ...(marks.some(({blockedCount}) => blockedCount > 0)
        ? {blocked: marks.reduce((sum, {blockedCount}) => sum + blockedCount, 0)}
        : {}),
    },
  };
}

function censusStatus(view: View): {census?: unknown} {
  const scan = latestScan(view);
  return scan === undefined
    ? {}
    : {census: {time: formatTime(scan.completedAtMs), revision: scan.revision, counts: scan.counts}};
}
