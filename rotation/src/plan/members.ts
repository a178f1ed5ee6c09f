// Members: remembers every node that ever reported, and lets an operator take one out that is not alive.

import {busyPeriodMs} from '../limits.ts';
import {annotation} from '../model/resource-types.ts';
import {same} from '../model/same.ts';
import {sortedBy} from '../model/sorted.ts';
import {spentWith} from './budget.ts';
import {lifeOf} from './life.ts';
import {changeRing, type Outcome, passWith, type Rule} from './plan.ts';
import {because} from './reason.ts';
import {settingsOf} from './settings.ts';
import type {View} from './view.ts';

export const members: Rule = {name: 'members', apply};

function apply(view: View): Outcome {
  const {ring, observation} = view;
  const returned = ring.forgotten.filter(({node, identity}) => isBack(view, node, identity));
  if (returned.length > 0) {
    const forgotten = ring.forgotten.filter((each) => !returned.includes(each));
    const names = returned.map(({node}) => node);
    return changeRing(
      ring,
      {forgotten},
      because('Distributing', `${names.join(', ')} is back and counts again`, names),
    );
  }
  const forget = observation.ringAnnotations[annotation.forgetNode];
  const fresh = forget !== undefined && forget !== '' && forget !== ring.handledForget;
  const asked = fresh ? forgetNode(view, forget) : undefined;
  if (asked?.kind === 'act') return asked;
  const known = view.members.map(({node, identity, address}) => ({node, identity, address}));
  const gone = ring.members.filter((old) => !known.some(({node}) => node === old.node));
  const staying = [...known, ...gone].filter(({node}) => !ring.forgotten.some((each) => each.node === node));
  const next = sortedBy(staying, ({node}) => node);
  const {settings, refused} = settingsOf(view);
  const present = sortedBy(ring.members, ({node}) => node);
  if (!same(next, present) || !same(settings, ring.settings)) {
    return changeRing(ring, {members: next, settings}, because('Distributing', 'the list of members changed'));
  }
  const notes = [...view.notes, ...(refused === undefined ? [] : [refused])];
  if (asked?.kind === 'pass') return {...asked, notes: [...notes, ...(asked.notes ?? [])]};
  return passWith(...notes);
}

/** A forgotten node is back when its lease is being renewed again. */
const isBack = ({observation}: View, _node: string, identity: string): boolean =>
  observation.leases.state === 'seen' &&
  observation.leases.value.some((lease) => lease.identity === identity && lease.life === 'alive');

/** The annotation's first word is the node, host name or server identity; what follows (a time) makes it new. */
function forgetNode(view: View, text: string): Outcome {
  const {ring, observation} = view;
  const name = text.split(/\s/, 1)[0] ?? text;
  const lease =
    observation.leases.state === 'seen'
      ? observation.leases.value.find(({hostName, identity}) => hostName === name || identity === name)
      : undefined;
  const member = view.members.find(({node}) => node === name);
  const known = member ?? ring.members.find(({node}) => node === name);
  const life = lifeOf(observation, known === undefined ? [name] : [name, known.identity]);
  const refused = because('ForgetRefused', `${name}: its server renews its lease`, [name]);
  // Refused for good: the annotation would otherwise take the node out at its next longer restart.
  if (text === ring.refusedForget) return passWith(refused);
  if (life === 'alive') return changeRing(ring, {refusedForget: text}, refused);
  if (life === 'unknown') {
    const pending = because('ForgetRefused', `${name}: whether its server lives is not known yet`, [name]);
    return {kind: 'pass', notes: [pending], wakeInMs: busyPeriodMs};
  }
  const identity = known?.identity ?? lease?.identity ?? name;
  const entry = {node: name, identity, atMs: observation.now.wallMs};
  const members = ring.members.filter(({node}) => node !== name);
  const forgotten = [...ring.forgotten.filter(({node}) => node !== name), entry];
  return changeRing(
    ring,
    {forgotten, members, handledForget: text, ...spentWith(view, member)},
    because('NodeForgotten', `${name} no longer counts`, [name]),
  );
}
