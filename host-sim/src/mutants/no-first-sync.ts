// A file is renamed before its bytes are durable.

import type {PortRequest} from '@etcd-encryption/rotation';
import {type NodeAction, ok, type Result, type Step} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';
import {changedRequests, type Instead} from './parts.ts';

export const noFirstSync: Mutant = {
  name: 'first fsync dropped',
  what: 'the bytes of a new configuration are not synced before the rename',
  diesBy: ['S11 file', 'S4 known'],
  parts: () => ({deeds: {node: changedRequests(unsynced)}}),
};

const unsynced =
  (action: NodeAction): Instead =>
  (request: PortRequest) =>
    action.do === 'writeFile' && request.op === 'files.sync' ? nothing() : undefined;

// biome-ignore lint/correctness/useYield: an answer without a request, in the form of one
function* nothing(): Step<Result<unknown>> {
  return ok(undefined);
}
