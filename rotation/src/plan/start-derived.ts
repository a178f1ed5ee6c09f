// Start of a rotation under the deterministic strategy. The key was published and loaded long before: the Active takes
// the entry that waits, the Standby the one that the Active is known to write with.

import {publishedLongMs} from '../limits.ts';
import type {BundleEntryRef} from '../model/bundle.ts';
import type {Rotation} from '../model/ring.ts';
import {bundleStampId} from '../model/stamps.ts';
import {newestEntry} from './bundles.ts';
import {passedMs} from './delay.ts';
import {type Due, whyDue} from './due.ts';
import {nextRevision} from './mint.ts';
import {changeRing, type Outcome, pass, passWith, wait} from './plan.ts';
import {preflight} from './preflight.ts';
import {requestPublication} from './publish.ts';
import {because} from './reason.ts';
import {roleOf} from './role.ts';
import {isProven} from './standby-proof.ts';
import {startResources} from './start-resources.ts';
import type {View} from './view.ts';
import {closedFor} from './windows.ts';
import {isWrittenByActive, nextEntry} from './written.ts';

/** What `start` says under the deterministic strategy, with no rotation under way. */
export function startDerived(view: View): Outcome {
  const {role} = roleOf(view);
  if (role === 'Unknown') return pass;
  return role === 'Active' ? startActive(view) : startStandby(view);
}

function startActive(view: View): Outcome {
  const due = whyDue(view) ?? leftToTheActive(view);
  if (due === undefined) return pass;
  const closed = closedFor(view, due);
  if (closed !== undefined) return closed;
  if (due.reason === 'resources') return preflight(view) ?? startResources(view, due);
  if (due.reason === 'compromise') return preflight(view) ?? startFresh(view);
  const entry = nextEntry(view);
  if (entry === undefined)
    return passWith(because('NextNotPublished', `a rotation is due (${due.reason}), and no key waits`));
  return early(view, due, entry) ?? preflight(view) ?? startWith(view, entry, due.reason);
}

/** What this cluster left to the Active while it was the Standby is its own now, and some of it may lie under older keys. */
function leftToTheActive({ring: {lastMigration, layout}}: View): Due | undefined {
  if (lastMigration?.local !== true) return undefined;
  const adding = layout.resources.filter(({leaving}) => leaving !== true).map(({resource}) => resource);
  return {reason: 'resources', adding};
}

/** A request or the budget takes only a key that the other side surely has: published a day ago, or proven there. */
function early(view: View, {reason}: Due, entry: BundleEntryRef): Outcome | undefined {
  const {following} = view.ring;
  if ((reason !== 'request' && reason !== 'budget') || following === undefined) return undefined;
  const since = Math.min(
    passedMs(view, bundleStampId(following.hash), following.sinceMs),
    Math.max(0, view.observation.now.wallMs - entry.createdAtMs),
  );
  if (since >= publishedLongMs || isProven(view, entry.key)) return undefined;
  const note = because('PublishedLately', `${entry.key} was published less than a day ago, and no Standby proved it`);
  return {kind: 'pass', notes: [note], wakeInMs: publishedLongMs - since};
}

/** After a compromise no key will do that was ever in a file: the one after it is published, with a fresh seed. */
function startFresh(view: View): Outcome {
  const {spec, observation} = view;
  const revision = Math.max(nextRevision(view), (newestEntry(view.ring.following)?.revision ?? 0) + 1);
  const rotation: Rotation = {
    revision,
    reason: 'compromise',
    ...(spec.rotateRequest === undefined ? {} : {request: spec.rotateRequest}),
    startedAtMs: observation.now.wallMs,
    migration: [],
  };
  return requestPublication(view, {kind: 'fresh', revision}, {rotation, handledRequest: spec.rotateRequest});
}

/** A Standby rotates when the Active has; a request that was mirrored is handled by the revision that it led to. */
function startStandby(view: View): Outcome {
  const entry = nextEntry(view, ({key}) => isWrittenByActive(view, key));
  if (entry !== undefined)
    return closedFor(view, {reason: 'follow'}) ?? preflight(view) ?? startWith(view, entry, 'follow');
  const due = whyDue(view);
  if (due?.reason !== 'resources') return pass;
  return closedFor(view, due) ?? preflight(view) ?? startResources(view, due);
}

function startWith(view: View, {key, revision}: BundleEntryRef, reason: Rotation['reason']): Outcome {
  const {ring, spec, observation} = view;
  if (!view.keys.has(key)) return wait(because('Following', `${key} is not in the ring yet`));
  // A Standby sees the text for as long as the Active's config has it; one revision handles it.
  const isHandled = reason !== 'schedule' && reason !== 'budget' && spec.rotateRequest !== ring.handledRequest;
  const rotation: Rotation = {
    revision,
    key,
    reason,
    ...(isHandled && spec.rotateRequest !== undefined ? {request: spec.rotateRequest} : {}),
    startedAtMs: observation.now.wallMs,
    migration: [],
  };
  const handledRequest = isHandled ? (spec.rotateRequest ?? ring.handledRequest) : ring.handledRequest;
  return changeRing(ring, {rotation, handledRequest}, because('Distributing', `${key} shall write (${reason})`));
}
