// What several bugs of a pair have in common: a side that takes itself for the Active, and bundles that are made or
// recorded past the engine's checks.

import {
  annotation,
  changeRing,
  doNodeAction,
  type EngineParts,
  type NodeAction,
  type NodeDeed,
  type Outcome,
  type PublishRequest,
  type Result,
  type Step,
  seen,
  type View,
} from '@etcd-encryption/rotation';

/** The parts on one side; the other runs the shipped engine. */
export const onSide =
  (side: string, parts: () => EngineParts) =>
  (cluster: string): EngineParts =>
    cluster === side ? parts() : {};

/** A view in which no sign of the Synchronizer is left and an operator stated that this side is the Active. */
export function asActive(view: View): View {
  const {observation} = view;
  const ringAnnotations = {...observation.ringAnnotations, [annotation.role]: 'Active'};
  const synchronizer = seen({installed: false, lease: 'absent'} as const);
  return {...view, observation: {...observation, synchronizer, ringAnnotations}};
}

/** Whether the Synchronizer is installed here, as far as was read. */
export const isInstalled = ({observation: {synchronizer}}: View): boolean =>
  synchronizer.state === 'seen' && synchronizer.value.installed;

/** Asks the first node for a bundle; `undefined` while something is under way. */
export function requestBundle(view: View, asked: Pick<PublishRequest, 'kind' | 'revision'>): Outcome | undefined {
  const {ring, members} = view;
  const [maker] = members;
  if (maker === undefined || ring.publishing !== undefined || ring.rotation !== undefined) return undefined;
  const publishing = {...asked, id: `again-${ring.epoch}-${ring.version}`, node: maker.node, approvalDelayMs: 30_000};
  return changeRing(ring, {publishing}, {reason: 'Publishing', message: 'it is made again'});
}

/** Records what the node made without a look at it; `undefined` where there is nothing to record. */
export function recordUnseen({ring, members, observation}: View): Outcome | undefined {
  const {publishing, publications = []} = ring;
  if (publishing?.id.startsWith('again-') !== true || publishing.prepared !== undefined) return undefined;
  const prepared = members
    .map(({report}) => report.derivation?.prepared)
    .find((each) => each !== undefined && each.id === publishing.id);
  if (prepared === undefined) return undefined;
  const {bundleId, generation, hash} = prepared;
  const publication = {bundleId, generation, hash, atMs: observation.now.wallMs};
  return changeRing(
    ring,
    {publishing: {...publishing, prepared}, publications: [publication, ...publications]},
    {reason: 'Publishing', message: 'it is recorded'},
  );
}

/** Makes a bundle as if another one had been accepted last; `base` gives that one's text, known to the agent as opened. */
export const preparing =
  (base: (deed: NodeDeed) => string | undefined) =>
  (deed: NodeDeed, action: NodeAction): Step<Result<unknown>> => {
    const text = action.do === 'prepareBundle' && action.request.id.startsWith('again-') ? base(deed) : undefined;
    const {state} = deed.observation;
    if (text === undefined || state.state !== 'seen') return doNodeAction(deed, action);
    const observation = {...deed.observation, state: seen({...state.value, bundle: text})};
    return doNodeAction({...deed, observation}, action);
  };
