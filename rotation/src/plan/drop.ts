// Dropping: a key leaves the files when it is proven unneeded, never when it is ninth. The certificate is built from
// facts, one at a time; each missing line is a named wait.

import {compactionProofDeadlineMs, defaultDrainMs, maxCertificates} from '../limits.ts';
import type {KeyId} from '../model/key.ts';
import {isListed, servedBy} from '../model/layout.ts';
import type {ScanReport} from '../model/node.ts';
import {annotation} from '../model/resource-types.ts';
import type {CleanProof, DropCertificate, RingKey} from '../model/ring.ts';
import {passGate} from './gate.ts';
import {blockedReasons, newMark, typesOf} from './migrate.ts';
import {changeRing, type Outcome, pass, type Rule, wait} from './plan.ts';
import {because, type Reason} from './reason.ts';
import {requestScan} from './verify.ts';
import {obstacles, type View, writtenWith} from './view.ts';

export const drop: Rule = {name: 'drop', apply};

/** Values that still need a key are looked for again after this, ms. */
const rescanMs = 60_000;
/** A proof pass that met blocked objects is made again after this, ms; it writes every object. */
const retryPassMs = 3_600_000;

/** A resource on its way out is proven like a key. */
const resourceId = (resource: string): string => `resource/${resource}`;

const drainMs = ({observation}: View): number => observation.drainMs ?? defaultDrainMs;

interface Candidate {
  readonly id: string;
  readonly name: string;
  readonly stoppedAtMs: number;
}

function apply(view: View): Outcome {
  const {ring, observation, blockers} = view;
  if (ring.rotation !== undefined || ring.trial !== undefined || ring.layout.resources.length === 0) return pass;
  if (blockers.length > 0) return wait(...blockers);
  const waiting = obstacles(view, ring.layout);
  if (waiting.length > 0) return wait(...waiting);
  const notes = [...adoptedKept(view)];
  const candidates = candidatesOf(view);
  const now = observation.now.wallMs;
  const draining = candidates.filter(({stoppedAtMs}) => now - stoppedAtMs < drainMs(view));
  const ready = candidates.filter((each) => !draining.includes(each));
  const wakeInMs = nextCandidateInMs(view);
  if (ready.length === 0) {
    if (draining.length > 0)
      notes.push(because('Draining', `${draining.map(({name}) => name).join(', ')}: requests under it may still run`));
    return {kind: 'pass', notes, wakeInMs};
  }
  const step = prove(view, ready);
  if (step.kind !== 'wait' || isAsking(step.reasons)) return step;
  return {
    kind: 'pass',
    notes: [...notes, ...step.reasons],
    wakeInMs: Math.min(wakeInMs, step.wakeInMs ?? Number.POSITIVE_INFINITY),
  };
}

/** An open gate grows old: it is waited for awake. Everything else that a drop waits for lets the cluster rest. */
const isAsking = (reasons: readonly Reason[]): boolean => reasons.some(({reason}) => reason === 'AskingServers');

/** When time alone makes the next key or resource a candidate. */
function nextCandidateInMs(view: View): number {
  const {ring, spec, observation} = view;
  const now = observation.now.wallMs;
  const since = [...Object.values(ring.stoppedWriting), ring.history[0]?.completedAtMs ?? now];
  const ends = since.flatMap((stopped) => [stopped + spec.retention.minAgeMs, stopped + drainMs(view)]);
  return Math.min(...ends.map((end) => end - now).filter((left) => left > 0));
}

function adoptedKept({ring, observation}: View): readonly Reason[] {
  const released = observation.ringAnnotations[annotation.dropAdopted];
  const kept = ring.keys.filter((key) => key.revision === 0 && !isReleased(key, released)).map(({name}) => name);
  return kept.length === 0 ? [] : [because('AdoptedKeysKept', `${kept.join(', ')} stay until drop-adopted is said`)];
}

const isReleased = (key: RingKey, released = ''): boolean =>
  released.split(/[\s,]+/).some((word) => word === 'all' || word === key.check || word === key.check.slice(0, 8));

/** Keys that policy lets go: beyond the newest revisions or released, old enough, in no file's or server's write place, in every history. */
function candidatesOf(view: View): readonly Candidate[] {
  const {ring, spec, members, observation} = view;
  const now = observation.now.wallMs;
  const newest = new Set(
    ring.keys
      .filter(({revision}) => revision > 0)
      .slice(0, spec.retention.revisions)
      .map(({id}) => id),
  );
  const writing = writtenWith(members);
  const released = observation.ringAnnotations[annotation.dropAdopted];
  const keys = ring.keys.filter((key) => {
    const stopped = ring.stoppedWriting[key.id];
    if (stopped === undefined || newest.has(key.id) || writing.has(key.id)) return false;
    if (key.revision === 0 && !isReleased(key, released)) return false;
    if (ring.layout.kept.some(({order}) => order.includes(key.id))) return false;
    return now - stopped >= spec.retention.minAgeMs && members.every(({report}) => report.history.includes(key.id));
  });
  const leaving = ring.layout.resources.filter(
    ({leaving: out, resource}) => out === true && !isListed(spec.resources, resource),
  );
  const since = ring.history[0]?.completedAtMs ?? now;
  return [
    ...keys.map((key) => ({id: key.id, name: key.name, stoppedAtMs: ring.stoppedWriting[key.id] ?? now})),
    ...leaving.map(({resource}) => ({id: resourceId(resource), name: resource, stoppedAtMs: since})),
  ];
}

function prove(view: View, candidates: readonly Candidate[]): Outcome {
  const {ring, observation} = view;
  const valid = ring.clean.filter((proof) =>
    candidates.some(({id, stoppedAtMs}) => id === proof.key && isLater(view, proof, stoppedAtMs)),
  );
  const unproven = candidates.filter(({id}) => !valid.some(({key}) => key === id));
  if (unproven.length > 0) {
    const step = proveClean(view, candidates, unproven);
    if (step.kind !== 'wait' || valid.length === 0) return step;
  }
  const proven = candidates.filter((each) => !unproven.includes(each));
  const compacted = valid.map((proof) =>
    proof.compactedBy === undefined && observation.compacted.includes(proof.revision)
      ? {...proof, compactedBy: 'events-410'}
      : proof,
  );
  if (compacted.some((proof, index) => proof !== valid[index])) {
    return changeRing(ring, {clean: compacted}, because('Dropping', 'etcd is compacted past the clean scan'));
  }
  const open = valid.filter(({compactedBy}) => compactedBy === undefined);
  if (open.length > 0) return awaitCompaction(view, open);
  return passGate(view, 'drop') ?? dropNow(view, proven, valid);
}

/** A proof counts if it began after the key's last request could have ended, and after a restore. */
const isLater = (view: View, proof: CleanProof, stoppedAtMs: number): boolean =>
  proof.atMs >= stoppedAtMs + drainMs(view) && proof.atMs > (view.ring.restored?.atMs ?? 0);

function awaitCompaction(view: View, open: readonly CleanProof[]): Outcome {
  const now = view.observation.now.wallMs;
  const late = open.some(({atMs}) => now - atMs > compactionProofDeadlineMs);
  const revisions = [...new Set(open.map(({revision}) => revision))].sort();
  const reason = because(
    late ? 'HistoryNotCompacted' : 'DropWaiting',
    `history up to revision ${revisions.join(', ')} is still there`,
  );
  return {kind: 'act', action: {do: 'askCompaction', revisions}, reason};
}

function proveClean(view: View, candidates: readonly Candidate[], unproven: readonly Candidate[]): Outcome {
  const {ring, members, observation} = view;
  const able = members.find(({report}) => report.can.includes('scan'));
  if (able === undefined) return proveByPass(view, unproven);
  const answer = members.map(({report}) => report.scan).find((scan) => scan !== undefined && scan.id === ring.scan?.id);
  const stale =
    ring.scan === undefined ||
    ring.scan.deep ||
    unproven.some(({stoppedAtMs}) => (ring.scan?.atMs ?? 0) < stoppedAtMs + drainMs(view));
  if (stale || (ring.restored !== undefined && (ring.scan?.atMs ?? 0) <= ring.restored.atMs))
    return requestScan(view, able.node);
  if (answer === undefined) return wait(because('DropWaiting', `${ring.scan?.node} counts the stored values`));
  const types = typesOf(
    view,
    ring.layout.resources.map(({resource}) => resource),
  );
  if ('unknown' in types) return wait(types.unknown);
  const uncounted = types.names.filter((name) => answer.counts[name] === undefined);
  if (uncounted.length > 0) {
    const old = answer.completedAtMs + rescanMs < observation.now.wallMs;
    const reason = because('ResourceNotServed', `a scan did not see ${uncounted.join(', ')}`);
    return old ? requestScan(view, able.node) : wait(reason);
  }
  const clean = unproven.filter((each) => !isNeeded(view, each, answer.counts));
  const dirty = unproven.filter((each) => !clean.includes(each));
  if (clean.length === 0) {
    const names = dirty.map(({name}) => name).join(', ');
    const left = answer.completedAtMs + rescanMs - observation.now.wallMs;
    if (left < 0) return requestScan(view, able.node);
    return {
      kind: 'wait',
      reasons: [because('DropWaiting', `${names}: stored values still need it`)],
      wakeInMs: left + 1,
    };
  }
  const proofs = clean.map(
    ({id}): CleanProof => ({key: id, by: answer.id, revision: String(answer.revision), atMs: ring.scan?.atMs ?? 0}),
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
      {proof: {id: `pass-${ring.epoch}-${ring.version}`, keys: ids, migration}},
      because('DropWaiting', 'every object is written once more as a proof'),
    );
  }
  if (proof.migration.some(({state}) => state === 'pending' || state === 'running')) {
    return {
      kind: 'act',
      action: {do: 'migratePage', of: 'proof'},
      reason: because('DropWaiting', 'every object is written once more as a proof'),
    };
  }
  const changed = proof.migration.filter(({state, rewritten}) => state === 'blocked' || rewritten > 0);
  const blocked = changed.filter(({state}) => state === 'blocked');
  const endedAtMs = Math.max(0, ...blocked.map(({completedAtMs}) => completedAtMs ?? 0));
  if (blocked.length > 0 && now - endedAtMs < retryPassMs) {
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
  const proofs = ids.map((key): CleanProof => ({key, by: proof.id, revision, atMs: begun}));
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

function dropNow(view: View, candidates: readonly Candidate[], proofs: readonly CleanProof[]): Outcome {
  const {ring, observation} = view;
  const now = observation.now.wallMs;
  const gone = new Set<KeyId>(candidates.map(({id}) => id));
  const certificates = candidates
    .filter(({id}) => !id.startsWith('resource/'))
    .map(({id, stoppedAtMs}): DropCertificate => {
      const proof = proofs.find(({key}) => key === id);
      return {
        key: id,
        check: view.keys.get(id)?.check ?? '',
        stoppedWritingAtMs: stoppedAtMs,
        cleanBy: proof?.by ?? '',
        cleanRevision: proof?.revision ?? '',
        compactedBy: proof?.compactedBy ?? '',
        atMs: now,
      };
    });
  const layout = {
    ...ring.layout,
    keys: ring.layout.keys.filter((id) => !gone.has(id)),
    resources: ring.layout.resources.filter(({resource}) => !gone.has(resourceId(resource))),
  };
  const names = candidates.map(({name}) => name).join(', ');
  return changeRing(
    ring,
    {
      keys: ring.keys.filter(({id}) => !gone.has(id)),
      layout,
      gate: undefined,
      scan: undefined,
      clean: ring.clean.filter(({key}) => !gone.has(key)),
      certificates: [...ring.certificates, ...certificates].slice(-maxCertificates),
    },
    because('Dropping', `${names} leave the files`),
    {
      deed: 'drop',
      what: names,
      why: 'retention',
      facts: proofs.map(({key, by, revision}) => `${key}: ${by} at ${revision}`),
    },
  );
}
