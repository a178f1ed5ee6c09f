// Start of a rotation: whether one is due, and a key made for it (random) or taken from a bundle (deterministic).

import type {Rotation} from '../model/ring.ts';
import {type Due, whyDue} from './due.ts';
import {nextRevision} from './mint.ts';
import {changeRing, type Outcome, pass, type Rule, wait} from './plan.ts';
import {preflight} from './preflight.ts';
import {because} from './reason.ts';
import {startDerived} from './start-derived.ts';
import {startResources} from './start-resources.ts';
import type {View} from './view.ts';
import {closedFor} from './windows.ts';

export const start: Rule = {name: 'start', apply};

function apply(view: View): Outcome {
  const {ring} = view;
  if (ring.rotation !== undefined) return pass;
  // Histories come first: they may show a rotation that the restored ring does not know of.
  if (ring.restored?.merged === false) return pass;
  if (view.spec.keyStrategy === 'deterministic') return startDerived(view);
  const due = whyDue(view);
  if (due === undefined) return pass;
  const closed = closedFor(view, due);
  if (closed !== undefined) return closed;
  const problem = preflight(view);
  if (problem !== undefined) return problem;
  return due.reason === 'resources' ? startResources(view, due) : startRotation(view, due);
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
