// Verification: the stored values are believed. A raw scan that shows no other key name, or, where etcd cannot be
// read, a second pass of rewrites that changed no resourceVersion, proves a migration; nothing else does.

import {historyLength} from '../limits.ts';
import {servedBy} from '../model/layout.ts';
import type {ScanReport} from '../model/node.ts';
import type {CompletedRotation, MigrationMark, Rotation} from '../model/ring.ts';
import {isDue} from './delay.ts';
import {etcdReaders} from './etcd-readers.ts';
import {isSilent, type Member} from './membership.ts';
import {nextPass} from './migrate.ts';
import {changeRing, type Outcome, pass, type Rule, wait} from './plan.ts';
import {because, type Reason} from './reason.ts';
import {isStandby} from './role.ts';
import type {View} from './view.ts';

export const verify: Rule = {name: 'verify', apply};

/** Values that stay under other keys are looked at again after this, ms. */
const lookAgainMs = 60_000;

/** Passes after which values that stay under other keys are called blocked rather than rewritten once more. */
const maxPasses = 4;

function apply(view: View): Outcome {
  const rotation = view.ring.rotation;
  if (rotation?.convergedAtMs === undefined) return pass;
  if (rotation.verifiedBy !== undefined) return complete(view, rotation);
  // A count of the stored values cannot tell a Standby's own objects from those that the mirror writes.
  if (isStandby(view)) return secondPass(view, rotation);
  const readers = etcdReaders(view, 'scan').filter(({report}) => report.server.state !== 'down');
  const able = readers.find((each) => !isSilent(view.observation, each)) ?? readers[0];
  return able === undefined ? secondPass(view, rotation) : byScan(view, rotation, able);
}

function secondPass(view: View, rotation: Rotation): Outcome {
  const {ring, observation} = view;
  const now = observation.now.wallMs;
  const unproven = rotation.migration.filter(
    ({state, pass: count, rewritten}) => state === 'done' && (count === 1 || rewritten > 0),
  );
  if (unproven.length === 0) {
    return changeRing(
      ring,
      {rotation: {...rotation, verifiedBy: 'second-pass'}},
      because('Verifying', 'a second pass changed nothing'),
    );
  }
  const migration = rotation.migration.map((mark) =>
    unproven.includes(mark) ? {...nextPass(mark, now), rewritten: 0} : mark,
  );
  const total = (rotation.rewritten ?? 0) + unproven.reduce((sum, mark) => sum + mark.rewritten, 0);
  return changeRing(
    ring,
    {rotation: {...rotation, migration, rewritten: total}},
    because('Verifying', 'every object is written once more; nothing may change'),
  );
}

function byScan(view: View, rotation: Rotation, {node}: Member): Outcome {
  const {ring, observation, members} = view;
  const now = observation.now.wallMs;
  const answer = members.map(({report}) => report.scan).find((scan) => scan !== undefined && scan.id === ring.scan?.id);
  const asked = ring.scan;
  const asking = members.find((member) => member.node === asked?.node);
  if (asked === undefined || asked.deep || asking === undefined) return requestScan(view, node);
  // A node that is down answers nothing, and nothing else of what is left to do waits for it.
  if (answer === undefined && node !== asked.node && isSilent(observation, asking)) return requestScan(view, node);
  if (answer === undefined) return wait(because('Verifying', `${asked.node} counts the stored values`, [asked.node]));
  const uncounted = rotation.migration
    .map(({resource}) => resource)
    .filter((name) => answer.counts[name] === undefined);
  if (uncounted.length > 0) {
    return changeRing(
      ring,
      {scan: undefined},
      because('ResourceNotServed', `a scan did not see ${uncounted.join(', ')}`),
    );
  }
  const unclean = uncleanCounts(view, rotation, answer.counts);
  const blocked = rotation.migration.filter(({state}) => state === 'blocked');
  const allowed = blocked.reduce((sum, mark) => sum + mark.blockedCount, 0);
  if (unclean.count === 0 || unclean.count <= allowed) {
    return changeRing(
      ring,
      {rotation: {...rotation, verifiedBy: 'scan'}, scan: undefined},
      because('Verifying', 'no other key name is stored'),
    );
  }
  const passes = Math.max(0, ...rotation.migration.map((mark) => mark.pass));
  if (passes >= maxPasses) return retryLater(view, rotation, unclean.reasons);
  const migration = rotation.migration.map((mark) => nextPass(mark, now));
  return changeRing(
    ring,
    {rotation: {...rotation, migration}, scan: undefined},
    unclean.reasons[0] ?? because('Verifying', 'once more'),
  );
}

/** After several passes the rest is looked at again only now and then; the old key stays and is named. */
function retryLater(view: View, rotation: Rotation, reasons: readonly Reason[]): Outcome {
  const {ring, observation} = view;
  const last = Math.max(0, ...rotation.migration.map((mark) => mark.completedAtMs ?? mark.startedAtMs));
  if (!isDue(last, lookAgainMs, observation.now.wallMs)) return wait(...reasons);
  const migration = rotation.migration.map((mark) => nextPass(mark, observation.now.wallMs));
  return changeRing(
    ring,
    {rotation: {...rotation, migration}, scan: undefined},
    reasons[0] ?? because('Verifying', 'once more'),
  );
}

/** Asks a node to count the stored values of every resource in the layout. */
export function requestScan(
  view: View,
  node: string,
  reason = because('Verifying', `${node} counts the stored values`, [node]),
): Outcome {
  const {ring, observation} = view;
  const resources = ring.layout.resources.map(({resource}) => resource);
  const scan = {id: `scan-${ring.epoch}-${ring.version}`, resources, node, deep: false, atMs: observation.now.wallMs};
  return changeRing(ring, {scan}, reason);
}

/** Values of the rotation's resources that are not under the write key (or, for leaving ones, not in clear). */
function uncleanCounts(
  view: View,
  rotation: Rotation,
  all: ScanReport['counts'],
): {count: number; reasons: readonly Reason[]} {
  const name = view.keys.get(rotation.key ?? '')?.name ?? '';
  const resources = new Set(rotation.migration.map(({resource}) => resource));
  const foreign: string[] = [];
  let count = 0;
  for (const [resource, counts] of Object.entries(all).sort()) {
    if (!resources.has(resource)) continue;
    const leaving = servedBy(view.ring.layout.resources, resource)?.leaving === true;
    const wanted = leaving ? 'clear' : `aesgcm:${name}`;
    for (const [label, values] of Object.entries(counts).sort()) {
      if (label === wanted || values === 0) continue;
      count += values;
      foreign.push(`${resource}: ${values} under ${label}`);
    }
  }
  return {
    count,
    reasons:
      count === 0
        ? []
        : [
            because(
              foreign.every((each) => each.endsWith('clear')) ? 'ClearValues' : 'ForeignValues',
              foreign.join('; '),
            ),
          ],
  };
}

function complete(view: View, rotation: Rotation): Outcome {
  const {ring, observation} = view;
  const now = observation.now.wallMs;
  const blocked = rotation.migration.some(({state}) => state === 'blocked');
  const entry: CompletedRotation = {
    revision: rotation.revision,
    key: rotation.key ?? '',
    reason: rotation.reason,
    ...(rotation.request === undefined ? {} : {requestedBy: rotation.request}),
    startedAtMs: rotation.startedAtMs,
    ...(rotation.activatedAtMs === undefined ? {} : {activatedAtMs: rotation.activatedAtMs}),
    completedAtMs: now,
    rewritten: totalRewritten(rotation),
    outcome: blocked ? 'Blocked' : 'Complete',
  };
  const last: readonly MigrationMark[] = rotation.migration;
  return changeRing(
    ring,
    {
      rotation: undefined,
      history: [entry, ...ring.history].slice(0, historyLength),
      lastMigration: {
        revision: rotation.revision,
        marks: last,
        completedAtMs: now,
        ...(rotation.local === true ? {local: true} : {}),
      },
    },
    because('Complete', `everything is under ${view.keys.get(rotation.key ?? '')?.name ?? rotation.key}`),
  );
}

const totalRewritten = (rotation: Rotation): number =>
  (rotation.rewritten ?? 0) + rotation.migration.reduce((sum, mark) => sum + mark.rewritten, 0);
