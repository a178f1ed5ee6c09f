// Keys go into files first, and into the history when the rotation is over.

import {
  ask,
  historyPath,
  type NodeAction,
  type NodeObservation,
  ok,
  type PortRequest,
  type Result,
  type Step,
} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';
import {changedActions, changedRequests, type Instead, withNodePlan} from './parts.ts';

export const distributeBeforePersist: Mutant = {
  name: 'distribute before persist',
  what: 'a key is minted, opened and written into files while its record waits for the end of the rotation',
  diesBy: ['S4 known'],
  parts: () => withNodePlan(changedActions(notYet), changedRequests(later)),
};

const notYet = (action: NodeAction, {ring}: NodeObservation): NodeAction | undefined =>
  action.do === 'appendHistory' && (ring.state !== 'seen' || ring.value.rotation !== undefined) ? undefined : action;

/** Any other deed finds its record where it would be, and nothing reaches the disk. */
const later = (action: NodeAction): Instead => {
  const parts: Uint8Array[] = [];
  return (request: PortRequest) => {
    if (action.do === 'appendHistory' || pathIn(request) !== historyPath) return undefined;
    if (request.op === 'files.read') return readWith(parts);
    if (request.op === 'files.write') parts.push(Uint8Array.from(request.args.bytes));
    return done();
  };
};

const pathIn = ({args}: PortRequest): string | undefined => ('path' in args ? args.path : undefined);

function* readWith(parts: readonly Uint8Array[]): Step<Result<unknown>> {
  const read = yield* ask('files.read', {path: historyPath});
  if (!read.ok || parts.length === 0) return read;
  const bytes = Uint8Array.from([...(read.value?.bytes ?? []), ...parts.flatMap((part) => [...part])]);
  return ok({...read.value, bytes});
}

// biome-ignore lint/correctness/useYield: an answer without a request, in the form of one
function* done(): Step<Result<unknown>> {
  return ok(undefined);
}
