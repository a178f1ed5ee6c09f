// Whether etcd has room for rewriting: each rewrite leaves the old value in history until a compaction, and an etcd
// whose quota is used up takes no write of anybody.

import {agentSilentMs, spaceFilePercent, spaceInUsePercent} from '../limits.ts';
import {because, type Reason} from './reason.ts';
import type {View} from './view.ts';

/** Why rewriting waits; `undefined` while there is room as far as anybody knows. */
export function spaceLow({observation, members}: View): Reason | undefined {
  if (observation.spaceExceeded !== undefined)
    return because('EtcdSpaceLow', `etcd took no write: ${observation.spaceExceeded}; it is tried again in a minute`);
  const full = members.flatMap(({node, unchangedForMs, report: {etcdSpace}}) => {
    // What a node said before it went down would never change again.
    if (etcdSpace === undefined || unchangedForMs > agentSilentMs) return [];
    const {inUsePercent, filePercent} = etcdSpace;
    if (inUsePercent >= spaceInUsePercent)
      return [{node, why: `${inUsePercent} % of the quota is in use; rewriting goes on after a compaction`}];
    if (filePercent >= spaceFilePercent)
      return [{node, why: `its file takes ${filePercent} % of the quota; rewriting goes on after a defragmentation`}];
    return [];
  });
  if (full.length === 0) return undefined;
  const nodes = full.map(({node}) => node);
  return because('EtcdSpaceLow', full.map(({node, why}) => `etcd of ${node}: ${why}`).join('; '), nodes);
}
