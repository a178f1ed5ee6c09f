// A key whose making had no answer is made once more.

import {
  ask,
  keyResource,
  type NodeAction,
  ok,
  type PortRequest,
  type Result,
  type Step,
  type StoredObject,
} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';
import {changedRequests, type Instead} from './parts.ts';

export const unknownResultNewKey: Mutant = {
  name: 'unknown result → new key',
  what: 'whether the object is there already is not asked, and one that stands in the way is replaced',
  diesBy: ['S5 one name, one key'],
  parts: () => ({deeds: {node: changedRequests(makingAgain)}}),
};

const makingAgain =
  (action: NodeAction): Instead =>
  (request: PortRequest) => {
    if (action.do !== 'mint' || !('resource' in request.args)) return undefined;
    const {resource} = request.args;
    if (typeof resource === 'string' || resource.plural !== keyResource.plural) return undefined;
    if (request.op === 'store.get') return nothing();
    return request.op === 'store.create' ? replaceOrCreate(request.args.object) : undefined;
  };

// biome-ignore lint/correctness/useYield: an answer without a request, in the form of one
function* nothing(): Step<Result<unknown>> {
  return ok(undefined);
}

function* replaceOrCreate(object: StoredObject): Step<Result<unknown>> {
  const address = {resource: keyResource, namespace: object.metadata.namespace ?? '', name: object.metadata.name};
  const present = yield* ask('store.get', address);
  const resourceVersion = present.ok ? present.value?.metadata.resourceVersion : undefined;
  if (resourceVersion === undefined) return yield* ask('store.create', {resource: keyResource, object});
  const metadata = {...object.metadata, resourceVersion};
  return yield* ask('store.replace', {resource: keyResource, object: {...object, metadata}});
}
