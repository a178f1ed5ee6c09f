// The gate in front of a dangerous deed: every member is asked once more, and only answers given to this question count.

import type {Gate} from '../model/ring.ts';
import {changeRing, type Outcome, wait} from './plan.ts';
import {because} from './reason.ts';
import type {View} from './view.ts';

/** The longer of the two: a clock that was set back does not make answers younger. A gate from the future is none. */
function ageOf({observation}: View, {id, atMs}: Gate): number {
  const wall = observation.now.wallMs - atMs;
  return wall < 0 ? wall : Math.max(wall, observation.counted[`gate/${id}`] ?? 0);
}

/** Answers older than this are asked for again, so that none rests on evidence from long ago. */
const gateLifeMs = 30_000;

/**
 * `undefined` when every member has answered the open gate of this deed; otherwise what to do or wait for.
 * Whoever passes must look at the reports of the same observation.
 */
export function passGate(view: View, deed: Gate['deed']): Outcome | undefined {
  const {ring, members, observation} = view;
  const open = ring.gate;
  const age = open === undefined ? 0 : ageOf(view, open);
  const answered = open !== undefined && members.every(({report}) => report.gate === open.id);
  const usable = open !== undefined && open.deed === deed && open.id.startsWith(`${deed}-${ring.epoch}-`);
  if (usable && answered && age >= 0 && age <= gateLifeMs) return undefined;
  if (usable && age >= 0 && age <= gateLifeMs) {
    const silent = members.filter(({report}) => report.gate !== open.id).map(({node}) => node);
    return wait(because('AskingServers', `waiting for ${silent.join(', ')}`, silent));
  }
  const gate: Gate = {id: `${deed}-${ring.epoch}-${ring.version}`, deed, atMs: observation.now.wallMs};
  return changeRing(ring, {gate}, because('AskingServers', `every server is asked before ${deed}`));
}
