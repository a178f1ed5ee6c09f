// The operator of a pair does what the runbook says when the Active shows StandbyUnproven: `verify --record`, which puts
// a fingerprint of what the Standby's servers have loaded of the bundle on the Active's ring.

import {annotation} from '@etcd-encryption/rotation';
import {annotate, type ManagedCluster} from './managed.ts';
import type {RehearsalWorld} from './world.ts';

/** Time until the operator sees the condition, and until it is tried again while that stands, ms. */
const noticeMs = 30_000;
const againMs = 300_000;

/** From now on the Standby's proof is recorded whenever it is asked for. */
export function keepProof({simulation, clusters, pair}: RehearsalWorld): void {
  if (pair === undefined) return;
  const {scheduler} = simulation.world;
  for (const active of clusters) {
    const standby = clusters.find(({name}) => name === pair.other(active.name));
    let awaited = false;
    const soon = (ms: number): void => {
      if (awaited || !isAsked(active)) return;
      awaited = true;
      scheduler.after(ms, `${active.name}/operator`, () => {
        awaited = false;
        if (!isAsked(active)) return;
        if (standby !== undefined) record(active, standby);
        // What was recorded may be of a bundle that is not the newest any more.
        soon(againMs);
      });
    };
    active.onFact(() => soon(noticeMs));
  }
}

const isAsked = (active: ManagedCluster): boolean =>
  active.role() === 'Active' && active.status()?.conditions?.some(({reason}) => reason === 'StandbyUnproven') === true;

/** Records what the Standby has loaded, once that is all of the bundle. */
function record(active: ManagedCluster, standby: ManagedCluster): void {
  const following = standby.ring()?.following;
  const {cluster} = standby;
  if (following === undefined || cluster.serving().length < cluster.nodes.length) return;
  const entries = following.entries.map(({revision, key: name, check: checkValue}) => ({revision, name, checkValue}));
  const isLoaded = entries.every(({name, checkValue}) =>
    cluster.serving().every((server) => server.canRead('secrets', `aesgcm/${name}/${checkValue}`)),
  );
  if (!isLoaded) return;
  const proof = JSON.stringify({bundleId: following.bundleId, revisions: entries});
  annotate(active, 'ring', [annotation.standbyProof, proof]);
}
