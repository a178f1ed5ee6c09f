// A Standby at rest: it looks at its stored values now and then, since what is replicated tells which key the Active
// writes with and whether all of it can be read here.

import {idlePeriodMs} from '../limits.ts';
import {isDue} from './delay.ts';
import {etcdReaders} from './etcd-readers.ts';
import {typesOf} from './migrate.ts';
import {type Outcome, pass, type Rule, wait} from './plan.ts';
import {because} from './reason.ts';
import {roleOf} from './role.ts';
import {deterministicOf} from './settings.ts';
import {requestScan} from './verify.ts';
import type {View} from './view.ts';

export const standby: Rule = {name: 'standby', apply};

/** Stored values of a Standby are counted again after this unless the controller was told otherwise, ms. */
const defaultCountEveryMs = 600_000;

/** Stored values of a Standby are counted again after this, ms. */
export const countEveryMs = ({observation}: View): number => observation.countEveryMs ?? defaultCountEveryMs;

/** A list that did not answer is asked again after this, ms. */
const listAgainMs = 15_000;

function apply(view: View): Outcome {
  if (deterministicOf(view) === undefined || roleOf(view).role !== 'Standby') return pass;
  const {ring} = view;
  const follows = because('Scheduled', 'the next key writes here when the Active writes with it');
  const resources = ring.layout.resources.map(({resource}) => resource);
  if (ring.rotation !== undefined || resources.length === 0) return wait(follows);
  const listInMs = nextListInMs(view);
  if (listInMs <= 0 && !('unknown' in typesOf(view, resources))) {
    const reason = because('Verifying', 'every listed resource is listed once');
    return {kind: 'act', action: {do: 'checkLists', resources}, reason};
  }
  const able = etcdReaders(view, 'scan').find(({report}) => report.server.state !== 'down');
  if (able === undefined) return wait(follows);
  const everyMs = countEveryMs(view);
  if (ring.scan === undefined || isDue(ring.scan.atMs, everyMs, view.observation.now.wallMs))
    return requestScan(view, able.node, because('Verifying', `${able.node} counts the stored values`, [able.node]));
  const countInMs = Math.max(0, ring.scan.atMs + everyMs - view.observation.now.wallMs);
  return {kind: 'wait', reasons: [follows], wakeInMs: Math.min(idlePeriodMs, countInMs, Math.max(0, listInMs))};
}

/** When every list is to be asked again: a value whose key is here may be damaged all the same. */
function nextListInMs(view: View): number {
  const {listed, now} = view.observation;
  if (listed === undefined) return 0;
  const everyMs =
    Object.keys(listed.broken).length > 0 ? Math.min(listAgainMs, countEveryMs(view)) : countEveryMs(view);
  return listed.atMs + everyMs - now.monotonicMs;
}
