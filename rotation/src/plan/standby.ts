// A Standby at rest: it looks at its stored values now and then, since what is replicated tells which key the Active
// writes with and whether all of it can be read here.

import {idlePeriodMs} from '../limits.ts';
import {isDue} from './delay.ts';
import {etcdReaders} from './etcd-readers.ts';
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

function apply(view: View): Outcome {
  if (deterministicOf(view) === undefined || roleOf(view).role !== 'Standby') return pass;
  const {ring, observation} = view;
  const able = etcdReaders(view, 'scan').find(({report}) => report.server.state !== 'down');
  const isFree = ring.scan === undefined || isDue(ring.scan.atMs, countEveryMs(view), observation.now.wallMs);
  const follows = because('Scheduled', 'the next key writes here when the Active writes with it');
  if (able === undefined || ring.rotation !== undefined || ring.layout.resources.length === 0) return wait(follows);
  if (isFree)
    return requestScan(view, able.node, because('Verifying', `${able.node} counts the stored values`, [able.node]));
  return {kind: 'wait', reasons: [follows], wakeInMs: Math.min(idlePeriodMs, countEveryMs(view))};
}
