// Activation: the new key becomes the write key, everywhere in one change of order, once every member has it loaded
// as a read key. Nothing else changes in that file version.

import type {LayoutResource} from '../model/layout.ts';
import {approval} from './approval.ts';
import {passGate} from './gate.ts';
import {changeRing, type Outcome, pass, type Rule, wait} from './plan.ts';
import {because} from './reason.ts';
import {hasLoaded, obstacles, type View} from './view.ts';

export const activate: Rule = {name: 'activate', apply};

function apply(view: View): Outcome {
  const {ring, blockers, members} = view;
  const rotation = ring.rotation;
  if (rotation === undefined) return pass;
  if (blockers.length > 0) return wait(...blockers);
  const waiting = obstacles(view, ring.layout);
  if (rotation.activatedAtMs !== undefined) {
    const open = rotation.convergedAtMs === undefined ? waiting : waiting.filter(({reason}) => reason !== 'ServerDown');
    if (open.length === 0) return pass;
    return wait(
      because('Converging', `${members.length - waiting.length} of ${members.length} servers have loaded it`),
      ...waiting,
    );
  }
  const key = rotation.key;
  if (key === undefined || !ring.layout.keys.includes(key))
    return wait(because('Distributing', 'the key is not in the layout yet'));
  if (waiting.length > 0) {
    return wait(
      because('Distributing', `${members.length - waiting.length} of ${members.length} servers have loaded it`),
      ...waiting,
    );
  }
  const waitingFor = approval(view, key);
  if (waitingFor !== undefined) return waitingFor;
  const gate = passGate(view, 'activate');
  if (gate !== undefined) return gate;
  const resources = ring.layout.resources.map(({resource}) => resource);
  const unready = members.filter(({report}) => !hasLoaded(report, key, resources)).map(({node}) => node);
  if (unready.length > 0) return wait(because('Distributing', `${unready.join(', ')} lost the key again`, unready));
  return makeWriteKey(view, key);
}

function makeWriteKey(view: View, key: string): Outcome {
  const {ring, observation, members} = view;
  const rotation = ring.rotation;
  if (rotation === undefined) return pass;
  const resources = ring.layout.resources.map((each): LayoutResource => {
    if (rotation.removing?.includes(each.resource)) return {resource: each.resource, write: 'identity', leaving: true};
    if (rotation.reason === 'resources' && rotation.adding?.includes(each.resource) !== true) return each;
    if (each.leaving === true && rotation.reason !== 'resources') return each;
    return {resource: each.resource, write: key};
  });
  const {[key]: _, ...stoppedWriting} = ring.stoppedWriting;
  const loaded = members.map(
    ({node, report}) => `${node}: ${report.loaded.state === 'known' ? report.loaded.hash : '?'}`,
  );
  return changeRing(
    ring,
    {
      layout: {...ring.layout, resources},
      gate: undefined,
      stoppedWriting,
      rotation: {...rotation, activatedAtMs: observation.now.wallMs},
    },
    because('Activating', `${view.keys.get(key)?.name ?? key} becomes the write key`),
    {
      deed: rotation.reason === 'resources' ? 'resource' : 'activate',
      what: view.keys.get(key)?.name ?? key,
      why: rotation.request === undefined ? rotation.reason : `${rotation.reason}: ${rotation.request}`,
      facts: loaded,
    },
  );
}
