// Dropping: a key leaves the files when it is proven unneeded, never when it is ninth. The certificate is built from
// facts, one at a time; each missing line is a named wait.

import {maxCertificates} from '../limits.ts';
import type {KeyId} from '../model/key.ts';
import {isListed} from '../model/layout.ts';
import {annotation} from '../model/resource-types.ts';
import type {CleanProof, DropCertificate, RingKey} from '../model/ring.ts';
import {formatTime} from '../model/time-text.ts';
import {writeRevision} from './bundles.ts';
import {type Candidate, proveClean, resourceId} from './clean.ts';
import {awaitCompaction, compactedBy} from './compaction.ts';
import {drainMs, passedMs} from './delay.ts';
import {passGate} from './gate.ts';
import {keptByPair, windowLeftMs} from './pair-window.ts';
import {changeRing, type Outcome, pass, type Rule, wait} from './plan.ts';
import {because, type Reason} from './reason.ts';
import {attested, snapshotAt} from './snapshot.ts';
import {obstacles, type View, writtenWith} from './view.ts';

export const drop: Rule = {name: 'drop', apply};

function apply(view: View): Outcome {
  const {ring, blockers} = view;
  if (ring.rotation !== undefined || ring.trial !== undefined || ring.layout.resources.length === 0) return pass;
  if (blockers.length > 0) return wait(...blockers);
  const waiting = obstacles(view, ring.layout);
  if (waiting.length > 0) return wait(...waiting);
  const notes = [...adoptedKept(view)];
  const candidates = candidatesOf(view);
  const draining = candidates.filter(
    ({id, stoppedAtMs}) => passedMs(view, id, stoppedAtMs) < drainMs(view.observation),
  );
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
  const {ring, spec} = view;
  const since = [
    ...Object.entries(ring.stoppedWriting),
    ...leaving(view).map(({id, stoppedAtMs}) => [id, stoppedAtMs] as const),
  ];
  const left = since.flatMap(([id, stopped]) => {
    const passed = passedMs(view, id, stopped);
    return [spec.retention.minAgeMs - passed, drainMs(view.observation) - passed];
  });
  return Math.min(...[...left, ...windowLeftMs(view)].filter((ms) => ms > 0));
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
  // What is published, or foretold by the chain of seeds, and has not written yet: it neither counts nor leaves.
  const isWaiting = ({revision}: RingKey): boolean =>
    spec.keyStrategy === 'deterministic' && revision > writeRevision(view);
  const newest = new Set(
    ring.keys
      .filter((key) => key.revision > 0 && !isWaiting(key))
      .slice(0, spec.retention.revisions)
      .map(({id}) => id),
  );
  const writing = writtenWith(members);
  const released = observation.ringAnnotations[annotation.dropAdopted];
  const keys = ring.keys.filter((key) => {
    const stopped = ring.stoppedWriting[key.id];
    if (stopped === undefined || newest.has(key.id) || writing.has(key.id) || isWaiting(key)) return false;
    if (key.revision === 0 && !isReleased(key, released)) return false;
    if (ring.layout.kept.some(({order}) => order.includes(key.id))) return false;
    if (passedMs(view, key.id, stopped) < spec.retention.minAgeMs) return false;
    return members.every(({report}) => report.history.includes(key.id));
  });
  const named = keys.map(({id, name}) => ({id, name, stoppedAtMs: ring.stoppedWriting[id] ?? observation.now.wallMs}));
  return [...named, ...leaving(view)];
}

/** Resources on their way out, since the end of the last rotation. */
function leaving({ring, spec, observation}: View): readonly Candidate[] {
  const stoppedAtMs = ring.history[0]?.completedAtMs ?? observation.now.wallMs;
  return ring.layout.resources
    .filter(({leaving: out, resource}) => out === true && !isListed(spec.resources, resource))
    .map(({resource}) => ({id: resourceId(resource), name: resource, stoppedAtMs}));
}

function prove(view: View, candidates: readonly Candidate[]): Outcome {
  const {ring} = view;
  const valid = ring.clean.filter((proof) =>
    candidates.some(({id, stoppedAtMs}) => id === proof.key && isLater(view, proof, stoppedAtMs)),
  );
  const unproven = candidates.filter(({id}) => !valid.some(({key}) => key === id));
  if (unproven.length > 0) {
    const step = proveClean(view, candidates, unproven);
    if (step.kind !== 'wait' || valid.length === 0) return step;
  }
  const proven = candidates.filter((each) => !unproven.includes(each));
  const compacted = valid.map((proof) => {
    const by = proof.compactedBy ?? compactedBy(view, proof);
    return by === undefined || by === proof.compactedBy ? proof : {...proof, compactedBy: by};
  });
  if (compacted.some((proof, index) => proof !== valid[index])) {
    return changeRing(ring, {clean: compacted}, because('Dropping', 'etcd is compacted past the clean scan'));
  }
  const open = valid.filter((proof) => proof.compactedBy === undefined);
  if (open.length > 0) return awaitCompaction(view, open);
  const kept = keptByPair(view, proven);
  const leaving = proven.filter((each) => !kept.some(({id}) => id === each.id));
  if (leaving.length === 0) return wait(because('DropWaiting', `${namesOf(kept)}: the pair's bundle still holds them`));
  const {ready, waiting} = attested(view, leaving);
  if (ready.length === 0) return wait(...waiting);
  return passGate(view, 'drop') ?? dropNow(view, ready, valid);
}

const namesOf = (candidates: readonly Candidate[]): string => candidates.map(({name}) => name).join(', ');

/** A proof counts if it began after the key's last request could have ended, and after a restore. */
const isLater = (view: View, proof: CleanProof, stoppedAtMs: number): boolean =>
  proof.atMs >= stoppedAtMs + drainMs(view.observation) && proof.atMs > (view.ring.restored?.atMs ?? 0);

function dropNow(view: View, candidates: readonly Candidate[], proofs: readonly CleanProof[]): Outcome {
  const {ring, observation} = view;
  const now = observation.now.wallMs;
  const snapshot = view.spec.retention.requireSnapshot === true ? snapshotAt(view) : undefined;
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
        ...(typeof snapshot === 'number' ? {snapshotAtMs: snapshot} : {}),
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
      facts: [
        ...proofs.map(({key, by, revision}) => `${key}: ${by} at ${revision}`),
        ...(typeof snapshot === 'number' ? [`backup of ${formatTime(snapshot)}`] : []),
      ],
    },
  );
}
