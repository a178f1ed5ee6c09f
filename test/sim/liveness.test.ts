// The promises L1 – L8 under the shipped engine, alone and as a pair: kept without faults and after them.

import {createLiveness, type Liveness} from '@etcd-encryption/host-sim';
import {annotation} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {EnginePair} from './engine-pair.ts';
import type {EngineSide} from './engine-side.ts';
import {Installed} from './installed.ts';
import {hourMs, minuteMs} from './pairs.ts';

function watchPair({pair, east, west}: EnginePair): Liveness {
  const side = ({cluster}: EngineSide, own: EngineSide) => ({
    cluster,
    ring: () => own.ring,
    status: () => own.status,
    role: () => (cluster.active ? ('Active' as const) : ('Standby' as const)),
  });
  const {simulation} = pair;
  return createLiveness({
    simulation,
    clusters: [side(east, east), side(west, west)],
    healedAtMs: simulation.nowMs,
  });
}

function watchOne(installed: Installed): Liveness {
  const {simulation} = installed;
  const cluster = {
    cluster: simulation.cluster,
    ring: () => installed.ring(),
    status: () => installed.status(),
    role: () => 'single' as const,
  };
  return createLiveness({simulation, clusters: [cluster], healedAtMs: simulation.nowMs});
}

describe('the engine as it is shipped', () => {
  test('a cluster alone from its first start through three rotations ⇒ every promise kept, and it comes to rest', () => {
    const installed = new Installed({seed: 5});
    const liveness = watchOne(installed);
    installed.complete(1);
    for (const revision of [2, 3]) {
      installed.rotate(`rotation ${revision}`);
      installed.complete(revision);
    }
    installed.simulation.runUntil(() => liveness.settled(), installed.simulation.nowMs + hourMs);
    expect(liveness.judge()).toBeUndefined();
    expect(liveness.settled()).toBe(true);
  });

  test('a pair from its beginning through a failover and a rotation on the new Active ⇒ every promise kept', () => {
    const both = new EnginePair();
    both.begin();
    const liveness = watchPair(both);
    both.until('r2', () => both.isAt(2), 6 * hourMs);
    expect(both.pair.failover('west', 'planned')).toBe(true);
    both.west.annotateRing(annotation.role, 'Active');
    both.runFor(5 * minuteMs);
    both.pair.follow('east');
    both.until('r3 on the new Active, followed by the old one', () => both.isAt(3), 6 * hourMs);
    both.until('rest', () => liveness.settled(), 2 * hourMs);
    expect(liveness.judge()).toBeUndefined();
  }, 120_000);
});
