// The phase of a cluster in the words of a rehearsal file, worked out from the ring and what its servers have loaded,
// never from what somebody stored as a phase. Total: every ring gives exactly one word, the first that fits:
//
//   a rotation without a key       Publish where a bundle is made or derived keys are in use, else Mint
//   its key does not write yet     Activate once the servers are asked for evidence, else Distribute
//   not noted as converged         Activate until a second server writes as the ring says, then Converge
//   a first pass is not through    Migrate
//   what comes after it            Verify
//   no rotation: publishing        Publish
//   a deep scan not settled        Preflight
//   a file not loaded everywhere   Drop after a certificate that is newer than the last rotation, else Distribute
//   a proof or gate for a drop     Drop
//   anything else                  Preflight while the status says so, else Idle

import type {Ring, Rotation} from '@etcd-encryption/rotation';
import type {Server} from '../world/server.ts';
import {clearTag} from '../world/stored-value.ts';
import {isLoadedEverywhere, type ManagedCluster} from './managed.ts';
import type {Fact, Phase} from './model.ts';

/** The phase that a cluster is in now. */
export function phaseOf(managed: ManagedCluster): Phase {
  const ring = managed.ring();
  if (ring === undefined) return 'Idle';
  if (ring.rotation !== undefined) return phaseInRotation(managed, ring, ring.rotation);
  if (ring.publishing !== undefined) return 'Publish';
  if (ring.scan?.deep === true && ring.checked !== ring.scan.id) return 'Preflight';
  if (ring.trial !== undefined || !isLoadedEverywhere(managed.cluster, ring)) return 'Distribute';
  if (managed.loadedOn() < managed.cluster.serving().length) return isAfterDrop(ring) ? 'Drop' : 'Distribute';
  if (isDropping(ring)) return 'Drop';
  return managed.status()?.phase === 'Preflight' ? 'Preflight' : 'Idle';
}

/** Whether a cluster is where a file waits for it. */
export const isFact = (managed: ManagedCluster, {phase, loadedOn}: Fact): boolean =>
  (loadedOn === undefined || managed.loadedOn() === loadedOn) && phaseOf(managed) === phase;

function phaseInRotation({cluster}: ManagedCluster, ring: Ring, rotation: Rotation): Phase {
  if (rotation.key === undefined)
    return ring.publishing !== undefined || ring.settings.derivation !== undefined ? 'Publish' : 'Mint';
  if (rotation.activatedAtMs === undefined) return ring.gate?.deed === 'activate' ? 'Activate' : 'Distribute';
  if (rotation.convergedAtMs === undefined) {
    const servers = cluster.serving();
    const following = servers.filter((server) => writesAsTold(server, ring)).length;
    return following <= 1 && servers.length > 1 ? 'Activate' : 'Converge';
  }
  const {migration} = rotation;
  const isThrough = migration.length > 0 && migration.every(({pass, state}) => pass > 1 || isDone(state));
  return isThrough ? 'Verify' : 'Migrate';
}

const isDone = (state: Rotation['migration'][number]['state']): boolean => state === 'done' || state === 'blocked';

/** Whether a server writes every resource with the key that the ring names; a pattern of resources is not looked at. */
function writesAsTold(server: Server, {layout, keys}: Ring): boolean {
  const tags = new Map(keys.map(({id, provider, name, check}) => [id, `${provider}/${name}/${check}`]));
  return layout.resources.every(({resource, write}) => {
    if (resource.includes('*')) return true;
    const [first] = server.loaded.of(resource);
    return first?.tag === (tags.get(write) ?? clearTag);
  });
}

/** Whether a gate is open, or something is proven or being proven unneeded that has written before the present key. */
function isDropping({gate, clean, scan, keys, layout}: Ring): boolean {
  if (gate?.deed === 'drop') return true;
  const revisions = new Map(keys.map(({id, revision}) => [id, revision]));
  const present = Math.max(0, ...layout.resources.map(({write}) => revisions.get(write) ?? 0));
  return [...clean.map(({key}) => key), ...(scan?.clears ?? [])].some((id) => (revisions.get(id) ?? 0) < present);
}

function isAfterDrop({certificates, history}: Ring): boolean {
  const last = certificates.at(-1);
  return last !== undefined && last.atMs > (history[0]?.completedAtMs ?? 0);
}
