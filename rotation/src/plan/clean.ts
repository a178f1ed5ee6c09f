// Proofs that no stored value needs a key: a scan of etcd, or, where no node reads etcd, a pass of rewrites that changed
// nothing. Both are begun for keys whose delays have passed, and count for no other key.

import {servedBy} from '../model/layout.ts';
import type {ScanReport} from '../model/node.ts';
import type {CleanProof} from '../model/ring.ts';
import {drainMs, isDue} from './delay.ts';
import {encryptionsUnder} from './encryptions.ts';
import {etcdReaders} from './etcd-readers.ts';
import {blockedReasons, newMark, typesOf} from './migrate.ts';
import {changeRing, type Outcome, wait} from './plan.ts';
import {because} from './reason.ts';
import {isStandby} from './role.ts';
import {spaceLow} from './space.ts';
import {requestScan} from './verify.ts';
import type {View} from './view.ts';

/** Values that still need a key are looked for again after this, ms. */
const rescanMs = 60_000;
/** A proof pass that met blocked objects is made again after this, ms; it writes every object. */
const retryPassMs = 3_600_000;

/** A key, or a resource on its way out, that may leave the files once it is proven unneeded. */
export interface Candidate {
  readonly id: string;
  readonly name: string;
  readonly stoppedAtMs: number;
}

/** A resource on its way out is proven like a key. */
export const resourceId = (resource: string): string => `resource/${resource}`;

/** The next step towards a proof for `unproven`, all of whose delays have passed. */
export function proveClean(view: View, candidates: readonly Candidate[], unproven: readonly Candidate[]): Outcome {
  const {ring, members} = view;
  const able = etcdReaders(view, 'scan')[0];
  if (able === undefined && isStandby(view))
    return wait(because('DropWaiting', 'no node reads etcd, and a Standby may not rewrite what the mirror writes'));
  if (able === undefined) return proveByPass(view, unproven);
  const answer = members.map(({report}) => report.scan).find((scan) => scan !== undefined && scan.id === ring.scan?.id);
  if (!unproven.every((each) => isAskedFor(view, each))) return requestCleanScan(view, able.node, unproven);
  if (answer === undefined) return wait(because('DropWaiting', `${ring.scan?.node} counts the stored values`));
  const types = typesOf(
    view,
    ring.layout.resources.map(({resource}) => resource),
  );
  if ('unknown' in types) return wait(types.unknown);
  const uncounted = types.names.filter((name) => answer.counts[name] === undefined);
  if (uncounted.length > 0) {
    const reason = because('ResourceNotServed', `a scan did not see ${uncounted.join(', ')}`);
    return isOld(view, answer) ? requestCleanScan(view, able.node, unproven) : wait(reason);
  }
  const clean = unproven.filter((each) => !isNeeded(view, each, answer.counts));
  const dirty = unproven.filter((each) => !clean.includes(each));
  if (clean.length === 0) {
    const names = dirty.map(({name}) => name).join(', ');
    if (isOld(view, answer)) return requestCleanScan(view, able.node, unproven);
    const reasons = [because('DropWaiting', `${names}: stored values still need it`)];
    return {kind: 'wait', reasons, wakeInMs: rescanMs};
  }
  const proofs = clean.map(
    ({id}): CleanProof => ({
      key: id,
      by: answer.id,
      revision: String(answer.revision),
      atMs: ring.scan?.atMs ?? 0,
      ...(ring.scan?.written === undefined ? {} : {written: ring.scan.written}),
    }),
  );
  const others = ring.clean.filter(
    ({key}) => candidates.some(({id}) => id === key) && !clean.some(({id}) => id === key),
  );
  return changeRing(
    ring,
    {clean: [...others, ...proofs]},
    because('DropWaiting', `a scan is clean of ${clean.map(({name}) => name).join(', ')}`),
  );
}

/** Whether the scan that was asked for last was asked for this key, after its last request could have ended. */
function isAskedFor({ring, observation}: View, {id, stoppedAtMs}: Candidate): boolean {
  const {scan, restored} = ring;
  if (scan?.clears === undefined || !scan.clears.includes(id)) return false;
  return scan.atMs >= stoppedAtMs + drainMs(observation) && scan.atMs > (restored?.atMs ?? 0);
}

/** Asks for a scan for keys whose delays have passed by now; it proves nothing of the others. */
function requestCleanScan(view: View, node: string, candidates: readonly Candidate[]): Outcome {
  const requested = requestScan(view, node);
  if (requested.kind !== 'act' || requested.action.do !== 'replaceRing') return requested;
  const {ring} = requested.action;
  if (ring.scan === undefined) return requested;
  const clears = candidates.map(({id}) => id);
  const scan = {...ring.scan, clears, written: encryptionsUnder(view, clears)};
  return {...requested, action: {do: 'replaceRing', ring: {...ring, scan}}};
}

/** A node's clock may be ahead of ours: then its answer is as old as the question. */
function isOld({ring, observation}: View, {completedAtMs}: ScanReport): boolean {
  const {wallMs} = observation.now;
  return isDue(completedAtMs > wallMs ? (ring.scan?.atMs ?? 0) : completedAtMs, rescanMs, wallMs);
}

/** Whether a scan saw a value under a key, or a value of a leaving resource that is not in clear. */
function isNeeded(view: View, {id, name}: Candidate, counts: ScanReport['counts']): boolean {
  if (id !== resourceId(name)) {
    const label = `${view.keys.get(id)?.provider}:${view.keys.get(id)?.name}`;
    return Object.values(counts).some((labels) => (labels[label] ?? 0) > 0);
  }
  const types = typesOf(view, [name]);
  if ('unknown' in types) return true;
  const {resources} = view.ring.layout;
  const served = types.names.filter((type) => servedBy(resources, type)?.resource === name);
  return served.some((type) =>
    Object.entries(counts[type] ?? {}).some(([label, count]) => label !== 'clear' && count > 0),
  );
}

/** Without etcd: a pass of no-op rewrites over every resource that changes no resourceVersion. */
function proveByPass(view: View, unproven: readonly Candidate[]): Outcome {
  const {ring, observation} = view;
  const now = observation.now.wallMs;
  const ids = unproven.map(({id}) => id);
  const proof = ring.proof;
  const covers = proof !== undefined && ids.every((id) => proof.keys.includes(id));
  if (!covers) {
    const types = typesOf(
      view,
      ring.layout.resources.map(({resource}) => resource),
    );
    if ('unknown' in types) return wait(types.unknown);
    const migration = types.names.map((name) => newMark(name, now));
    return changeRing(
      ring,
      {proof: {id: `pass-${ring.epoch}-${ring.version}`, keys: ids, migration, written: encryptionsUnder(view, ids)}},
      because('DropWaiting', 'every object is written once more as a proof'),
    );
  }
  if (proof.migration.some(({state}) => state === 'pending' || state === 'running')) {
    const low = spaceLow(view);
    if (low !== undefined) return wait(low);
    return {
      kind: 'act',
      action: {do: 'migratePage', of: 'proof'},
      reason: because('DropWaiting', 'every object is written once more as a proof'),
    };
  }
  const changed = proof.migration.filter(({state, rewritten}) => state === 'blocked' || rewritten > 0);
  const blocked = changed.filter(({state}) => state === 'blocked');
  const endedAtMs = Math.max(0, ...blocked.map(({completedAtMs}) => completedAtMs ?? 0));
  if (blocked.length > 0 && !isDue(endedAtMs, retryPassMs, now)) {
    const reason = because('DropWaiting', 'the proof pass met objects that cannot be rewritten');
    return {kind: 'wait', reasons: [reason, ...blockedReasons(blocked)], wakeInMs: endedAtMs + retryPassMs - now};
  }
  if (changed.length > 0)
    return changeRing(
      ring,
      {proof: undefined},
      because('DropWaiting', 'the proof pass found values under an older key'),
    );
  const revision = lastRevision(proof.migration.map((mark) => mark.revision ?? '0'));
  const begun = Math.min(...proof.migration.map(({startedAtMs}) => startedAtMs), now);
  const {written} = proof;
  const common = {by: proof.id, revision, atMs: begun, ...(written === undefined ? {} : {written})};
  const proofs = ids.map((key): CleanProof => ({key, ...common}));
  const others = ring.clean.filter(({key}) => !ids.includes(key));
  return changeRing(
    ring,
    {proof: undefined, clean: [...others, ...proofs]},
    because('DropWaiting', 'a pass changed nothing'),
  );
}

/** The highest of the revisions; one that is no whole number counts as the highest, since nothing is known to be past it. */
function lastRevision(revisions: readonly string[]): string {
  const odd = revisions.find((each) => !/^\d+$/.test(each));
  return odd ?? revisions.reduce((a, b) => (BigInt(a) >= BigInt(b) ? a : b), '0');
}
