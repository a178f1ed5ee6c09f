// The file is written again where it stands.

import {
  ask,
  configurationPath,
  type NodeAction,
  type PortRequest,
  type Result,
  type Step,
} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';
import {changedRequests, type Instead} from './parts.ts';

export const inPlaceWrite: Mutant = {
  name: 'in-place file write',
  what: 'the bytes go into the file in place of a rename over it',
  diesBy: ['S11 file'],
  parts: () => ({deeds: {node: changedRequests(writing)}}),
};

const writing =
  (action: NodeAction): Instead =>
  (request: PortRequest) => {
    if (action.do !== 'writeFile' || request.op !== 'files.rename' || request.args.to !== configurationPath)
      return undefined;
    return overwrite(request.args.from);
  };

function* overwrite(from: string): Step<Result<unknown>> {
  const read = yield* ask('files.read', {path: from});
  if (!read.ok || read.value === undefined) return read;
  const written = yield* ask('files.write', {path: configurationPath, bytes: read.value.bytes, append: false});
  if (!written.ok) return written;
  yield* ask('files.sync', {path: configurationPath});
  return yield* ask('files.remove', {path: from});
}
