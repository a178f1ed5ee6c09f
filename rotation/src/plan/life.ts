// Whether a server lives, by what this controller saw of its lease on its own clock. A server that ends in order takes
// its lease with it, and one that is being rebooted is back in a minute: so a lease that is missing proves nothing until
// it has been missing for as long as one that is not renewed must stand still.

import {leaseAliveMs} from '../limits.ts';
import type {ClusterObservation, ServerLease} from '../model/observation.ts';

/** The life of the server under any of these identities and host names; what tells most of a life counts. */
export function lifeOf({leases, leaseWatch}: ClusterObservation, names: readonly string[]): ServerLease['life'] {
  if (leases.state !== 'seen') return 'unknown';
  const known = new Set(names.filter((name) => name !== ''));
  const isMeant = ({identity, hostName}: {identity: string; hostName: string}): boolean =>
    known.has(identity) || known.has(hostName);
  const lives = leases.value.filter(isMeant).map(({life}) => life);
  if (lives.includes('alive')) return 'alive';
  if (lives.includes('unknown')) return 'unknown';
  if (lives.length > 0) return 'silent';
  const gone = leaseWatch.gone.filter(isMeant).map(({goneForMs}) => goneForMs);
  return Math.min(leaseWatch.watchedForMs, ...gone) >= leaseAliveMs ? 'silent' : 'unknown';
}
