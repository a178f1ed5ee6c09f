// The migration writes what it read with the page, whatever stands there by now.

import {
  ask,
  doControllerAction,
  type EngineParts,
  type PortRequest,
  type Result,
  type Step,
  type StoredObject,
} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';
import {answered} from './parts.ts';

export const blindPut: Mutant = {
  name: 'PUT without resourceVersion',
  what: 'an object is written back as the page had it, over any write in between',
  diesBy: ['S9 content'],
  parts,
};

function parts(): EngineParts {
  const read = new Map<string, StoredObject>();
  const instead = (request: PortRequest): Step<Result<unknown>> | undefined => {
    if (request.op === 'store.list' && request.args.metadataOnly === true) return listWhole(request, read);
    return request.op === 'all' ? putAll(request.args.requests, read) : undefined;
  };
  return {
    deeds: {
      controller: (deed, action) => {
        const step = doControllerAction(deed, action);
        return action.do === 'migratePage' ? answered(step, instead) : step;
      },
    },
  };
}

type List = Extract<PortRequest, {op: 'store.list'}>;

function* listWhole({args}: List, read: Map<string, StoredObject>): Step<Result<unknown>> {
  const answer = yield* ask('store.list', {...args, metadataOnly: false});
  if (answer.ok)
    for (const item of answer.value.items) if (item.metadata.uid !== undefined) read.set(item.metadata.uid, item);
  return answer;
}

function* putAll(requests: readonly PortRequest[], read: ReadonlyMap<string, StoredObject>): Step<Result<unknown>> {
  const results: Result<unknown>[] = [];
  for (const request of requests) results.push(yield* put(request, read));
  return {ok: true, value: results};
}

/** The API as an unconditional update goes through it: the version is whatever is there. */
function* put(request: PortRequest, read: ReadonlyMap<string, StoredObject>): Step<Result<unknown>> {
  if (request.op !== 'store.rewrite') return yield request;
  const {resource, name, namespace, uid} = request.args;
  const old = uid === undefined ? undefined : read.get(uid);
  const present = yield* ask('store.get', {resource, name, ...(namespace === undefined ? {} : {namespace})});
  if (old === undefined || !present.ok || present.value === undefined) return yield request;
  const {resourceVersion = ''} = present.value.metadata;
  const written = yield* ask('store.replace', {
    resource,
    object: {...old, metadata: {...old.metadata, resourceVersion}},
  });
  return written.ok ? {ok: true, value: {resourceVersion: written.value.metadata.resourceVersion ?? ''}} : written;
}
