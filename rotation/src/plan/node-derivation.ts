// What an agent does with bundles: which one it accepts, what it makes at the ring's request, and why a derived key is
// not held. Keys that are derived need no object.

import type {BundleReport} from '../model/bundle.ts';
import type {NodeObservation, NodeState} from '../model/node-observation.ts';
import type {Ring, RingKey} from '../model/ring.ts';
import type {NodeAction} from './node-plan.ts';

/**
 * The bundle that the state file shall hold. What goes on from the accepted one is accepted at once; a fork, changed
 * entries or another bundle only when the ring follows exactly these bytes. A mere rollback never is: after a restore
 * of etcd, the ring and the bundle come from the same past.
 */
export function bundleToKeep(o: NodeObservation, ring: Ring): Pick<NodeState, 'generation' | 'bundle'> {
  const old = o.state.state === 'seen' ? o.state.value : {generation: 0, bundle: ''};
  const {bundle: report, bytes = ''} = o.derivation ?? {};
  if (report?.state !== 'read' || bytes === '') return {generation: old.generation, bundle: old.bundle};
  const {acceptance, bundle} = report;
  const isTaken = acceptance === 'accepted' || (isOther(acceptance) && isFollowed(ring, bundle.hash));
  return isTaken ? {generation: bundle.generation, bundle: bytes} : {generation: old.generation, bundle: old.bundle};
}

const isOther = (acceptance: string): boolean => ['fork', 'changed-entry', 'other-bundle'].includes(acceptance);

/** What a restored ring follows is not its word until the nodes' histories are in it. */
const isFollowed = ({following, restored}: Ring, hash: string): boolean =>
  following?.hash === hash && restored?.merged !== false;

/** Making a bundle, once for each request, and after what was read has been accepted. */
export function prepareActions(o: NodeObservation, ring: Ring): readonly NodeAction[] {
  const request = ring.publishing;
  if (request === undefined || request.node !== o.node || request.prepared !== undefined) return [];
  if (o.derivation === undefined || o.derivation.prepared?.id === request.id) return [];
  const kept = o.state.state === 'seen' ? o.state.value.bundle : '';
  return bundleToKeep(o, ring).bundle === kept ? [{do: 'prepareBundle', request}] : [];
}

/** Why a derived key is not held; `undefined` under the random strategy. */
export function whyNotDerived({derivation}: NodeObservation, {name}: RingKey): string | undefined {
  if (derivation === undefined) return undefined;
  const {root, bundle} = derivation;
  const cause = root.state === 'ready' ? whyUnread(bundle) : root.why;
  return `${name} cannot be derived: ${cause}`;
}

function whyUnread(bundle: BundleReport): string {
  switch (bundle.state) {
    case 'absent':
      return 'there is no SeedBundle';
    case 'unknown':
      return `SeedBundle: ${bundle.why}`;
    case 'refused':
      return `SeedBundle: ${bundle.outcome}: ${bundle.detail}`;
    case 'read':
      return 'no bundle that is read here has it';
    default:
      return bundle satisfies never;
  }
}
