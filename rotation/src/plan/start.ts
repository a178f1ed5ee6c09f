// Start of a rotation: whether one is due, and whether the ground is good enough to make a key for it.

import {
  blockedListed,
  budgetRotationSpacingMs,
  writeBudgetAlarm,
  writeBudgetCeiling,
  writeBudgetFloor,
} from '../limits.ts';
import {isListed, writeEntryOf} from '../model/layout.ts';
import type {UnreadableValue, ValuesReport} from '../model/node.ts';
import type {Rotation, RotationReason} from '../model/ring.ts';
import {isDue} from './delay.ts';
import {etcdReaders} from './etcd-readers.ts';
import type {Member} from './membership.ts';
import {nextRevision} from './mint.ts';
import {changeRing, type Outcome, pass, type Rule, wait} from './plan.ts';
import {because, type Reason} from './reason.ts';
import {requestScan} from './verify.ts';
import type {View} from './view.ts';

export const start: Rule = {name: 'start', apply};

/** Values that do not open, or not under one key alone, are looked at again after this, ms. */
const openAgainMs = 30_000;
/** While a list breaks, stored values are counted again after this, ms. */
const searchAgainMs = 60_000;

/** A clock that was set right in the middle of a rotation makes it seem years long; an interval stretches to this at most, ms. */
const longestRotationMs = 30 * 86_400_000;

/** Why a rotation is due. */
export interface Due {
  readonly reason: RotationReason;
  readonly adding?: readonly string[];
  readonly removing?: readonly string[];
}

function apply(view: View): Outcome {
  const {ring} = view;
  if (ring.rotation !== undefined) return pass;
  const due = whyDue(view);
  if (due === undefined) return pass;
  const problem = preflight(view);
  if (problem !== undefined) return problem;
  return due.reason === 'resources' ? startResources(view, due) : startRotation(view, due);
}

/** Spacing counts from the end of the last real rotation, so rotations neither overlap nor catch up. */
function whyDue(view: View): Due | undefined {
  const {ring, spec, observation} = view;
  const last = ring.history.find(({reason}) => reason !== 'resources');
  if (last === undefined) return {reason: 'first'};
  const request = spec.rotateRequest;
  if (request !== undefined && request !== ring.handledRequest) {
    return {reason: request.startsWith('compromised-') ? 'compromise' : 'request'};
  }
  const adding = ring.layout.resources.filter(
    ({resource, write}) => isListed(spec.resources, resource) && write !== currentKey(view),
  );
  if (adding.length > 0) return {reason: 'resources', adding: adding.map(({resource}) => resource)};
  const removing = ring.layout.resources.filter(
    ({resource, leaving}) => !isListed(spec.resources, resource) && leaving !== true,
  );
  if (removing.length > 0) return {reason: 'resources', removing: removing.map(({resource}) => resource)};
  const age = Math.max(0, observation.now.wallMs - last.completedAtMs);
  if (age >= interval(view)) return {reason: 'schedule'};
  if (isBudgetDue(view, last.rewritten) && age >= budgetRotationSpacingMs) return {reason: 'budget'};
  return undefined;
}

/** Near the budget, not counting what the last migration itself wrote; near the hard bound, counting everything. */
function isBudgetDue(view: View, migrated: number): boolean {
  const used = budgetUsed(view) * writeBudget(view);
  if (used >= writeBudgetAlarm * writeBudgetCeiling) return true;
  return used - migrated >= writeBudgetAlarm * writeBudget(view);
}

/** The configured interval, never shorter than the last rotation took, as far as that can be believed. */
export function interval({spec, ring}: View): number {
  const last = ring.history[0];
  const took = last === undefined ? 0 : Math.max(0, last.completedAtMs - last.startedAtMs);
  return Math.max(spec.rotationIntervalMs, Math.min(took, longestRotationMs));
}

/** The key that the last completed rotation made the write key. */
export const currentKey = ({ring}: View): string | undefined =>
  ring.history.find(({reason}) => reason !== 'resources')?.key;

/** Encryptions under the present write key over all servers, as a part of its budget. */
export function budgetUsed(view: View): number {
  const key = view.keys.get(currentKey(view) ?? '');
  if (key === undefined) return 0;
  const used = view.members.reduce((sum, {report}) => sum + (report.encryptions[key.name] ?? 0), 0);
  return used / writeBudget(view);
}

function writeBudget({spec, ring}: View): number {
  const objects = ring.history[0]?.rewritten ?? 0;
  return Math.min(writeBudgetCeiling, spec.writeBudget ?? Math.max(writeBudgetFloor, 10 * objects));
}

function preflight(view: View): Outcome | undefined {
  const {observation, spec, members} = view;
  if (view.blockers.length > 0) return wait(...view.blockers);
  const fips = members.filter(({report}) => report.fipsOnly).map(({node}) => node);
  if (fips.length > 0)
    return wait(
      because('FipsRefusesAesgcm', `${fips.join(', ')}: kube-apiserver runs with FIPS-only cryptography`, fips),
    );
  const flagless = members.filter(({report}) => report.configPath === '').map(({node}) => node);
  if (flagless.length > 0)
    return wait(because('EncryptionFlagMissing', `${flagless.join(', ')}: no --encryption-provider-config`, flagless));
  if (!spec.adoption.replaceKMS && writesWithKms(view))
    return wait(because('KMSWriteProvider', 'a KMS provider writes; set spec.adoption.replaceKMS to replace it'));
  const values = checkValues(view);
  if (values !== undefined) return values;
  if (observation.lists.state === 'unknown')
    return wait(because('ReadFailed', `whether every list answers: ${observation.lists.why}`));
  if (observation.lists.state === 'absent') {
    return {
      kind: 'act',
      action: {do: 'checkLists', resources: spec.resources},
      reason: because('CheckingValues', 'every listed resource is listed once'),
    };
  }
  const broken = Object.entries(observation.lists.value).sort();
  if (broken.length > 0)
    return searchKeys(
      view,
      because('UnreadableValues', broken.map(([resource, detail]) => `${resource}: ${detail}`).join('; ')),
    );
  return undefined;
}

/** A list may break for want of a key that left the files: a scan tells which, and a history brings it back. */
function searchKeys(view: View, reason: Reason): Outcome {
  const {ring, observation} = view;
  const able = etcdReaders(view, 'scan').find(({report}) => report.server.state !== 'down');
  const due = ring.scan === undefined || isDue(ring.scan.atMs, searchAgainMs, observation.now.wallMs);
  if (able === undefined || !due || ring.layout.resources.length === 0) return wait(reason);
  return requestScan(view, able.node, reason);
}

const writesWithKms = ({members, spec}: View): boolean =>
  members.some(({report}) => {
    const {file} = report;
    if (file.state !== 'loadable') return false;
    return spec.resources.some((resource) => writeEntryOf(file.blocks, resource)?.startsWith('kms:') === true);
  });

/** Before the first rotation every stored value is opened once, where a node can read etcd. */
function checkValues(view: View): Outcome | undefined {
  const {ring} = view;
  if (ring.history.length > 0) return undefined;
  return requestValues(view);
}

/** Asks for a check of all values, waits for its answer, and lets nothing pass while a value is unreadable. */
export function requestValues(view: View): Outcome | undefined {
  const {ring, members} = view;
  const able = etcdReaders(view, 'values')[0];
  if (able === undefined) return undefined;
  const answered = members
    .map(({report}) => report.values)
    .find((values) => values !== undefined && values.id === ring.scan?.id);
  if (answered === undefined) {
    if (ring.checked !== undefined) return undefined;
    const asked = members.find(({node}) => ring.scan?.deep === true && node === ring.scan.node);
    if (asked === undefined) return openAll(view, able.node);
    return wait(unreadable(asked.report.values) ?? opening(asked.node));
  }
  const bad = unreadable(answered);
  if (bad !== undefined) return isOld(view, answered) ? openAll(view, able.node, bad) : wait(bad);
  if (ring.checked === answered.id) return undefined;
  return changeRing(
    ring,
    {checked: answered.id, scan: undefined},
    because('CheckingValues', `${answered.opened} values open`),
  );
}

/** A node's clock may be ahead of ours: then its answer is as old as the question. */
function isOld({ring, observation}: View, {completedAtMs}: ValuesReport): boolean {
  const {wallMs} = observation.now;
  return isDue(completedAtMs > wallMs ? (ring.scan?.atMs ?? 0) : completedAtMs, openAgainMs, wallMs);
}

const opening = (node: string): Reason => because('CheckingValues', `${node} opens every stored value`, [node]);

function openAll(view: View, node: string, reason = opening(node)): Outcome {
  const {ring, spec, observation} = view;
  const id = `values-${ring.epoch}-${ring.version}`;
  const scan = {id, resources: spec.resources, node, deep: true, atMs: observation.now.wallMs};
  return changeRing(ring, {scan, checked: undefined}, reason);
}

/** Values of the last check that a wrong key would open too; the check is made again now and then, since people cure them. */
export function ambiguousValues(view: View, {report, node}: Member): readonly UnreadableValue[] | Outcome {
  const {values} = report;
  const ambiguous = values?.unreadable.filter(({diagnosis}) => diagnosis === 'ambiguous') ?? [];
  return values !== undefined && ambiguous.length > 0 && isOld(view, values) ? openAll(view, node) : ambiguous;
}

/** What no key opens; `undefined` when there is nothing of that sort. */
function unreadable(values: ValuesReport | undefined): Reason | undefined {
  const bad = values?.unreadable.filter(({diagnosis}) => diagnosis !== 'ambiguous') ?? [];
  if (values === undefined || bad.length === 0) return undefined;
  const list = bad
    .slice(0, blockedListed)
    .map((each) => `${each.etcdKey} (key ${each.keyName}: ${each.diagnosis}, ${each.detail})`);
  return because('UnreadableValues', `${values.unreadableCount} values: ${list.join('; ')}`);
}

function startRotation(view: View, due: Due): Outcome {
  const {ring, spec, observation, members} = view;
  const minter = members.find(({report}) => report.server.state === 'up') ?? members[0];
  if (minter === undefined) return wait(because('NoMembers', 'no node can make a key'));
  if (observation.keyObjects.state !== 'seen') return wait(because('ReadFailed', 'key objects could not be read'));
  const revision = nextRevision(view);
  const handles = due.reason === 'request' || due.reason === 'compromise' || due.reason === 'first';
  const rotation: Rotation = {
    revision,
    reason: due.reason,
    ...(handles && spec.rotateRequest !== undefined ? {request: spec.rotateRequest} : {}),
    startedAtMs: observation.now.wallMs,
    migration: [],
  };
  const minting = {revision, node: minter.node, id: `mint-r${revision}-${ring.epoch}-${ring.version}`};
  const handledRequest = handles ? spec.rotateRequest : ring.handledRequest;
  return changeRing(
    ring,
    {rotation, minting, handledRequest},
    because('Minting', `${minter.node} makes r${revision} (${due.reason})`, [minter.node]),
  );
}

function startResources(view: View, due: Due): Outcome {
  const {ring, observation} = view;
  const key = currentKey(view);
  const revision = view.keys.get(key ?? '')?.revision;
  if (key === undefined || revision === undefined) return pass;
  const rotation: Rotation = {
    revision,
    key,
    reason: 'resources',
    ...(due.adding === undefined ? {} : {adding: due.adding}),
    ...(due.removing === undefined ? {} : {removing: due.removing}),
    startedAtMs: observation.now.wallMs,
    migration: [],
  };
  const what = due.adding === undefined ? `${due.removing?.join(', ')} leave` : `${due.adding.join(', ')} enter`;
  return changeRing(ring, {rotation}, because('ResourcesChanging', what));
}
