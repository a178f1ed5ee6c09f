// The SeedBundle is written as the ring recorded it: in place of the very version that was decided on, or, where there
// was none, only if there still is none. Whether it arrived is seen by reading it back.

import {ourGroup, ourNamespace, seedBundleResource, singletonName} from '../model/resource-types.ts';
import type {Action} from '../plan/plan.ts';
import {ask, failed, type Result, type Step, type StoredObject} from '../ports.ts';

/** Creates or replaces it; `conflict` when another version is there, and then everything is looked at again. */
export function* publishBundle({
  bytes,
  resourceVersion,
}: Extract<Action, {do: 'publishBundle'}>): Step<Result<unknown>> {
  if (resourceVersion === undefined) {
    const object: StoredObject = {
      apiVersion: `${ourGroup}/${seedBundleResource.version}`,
      kind: seedBundleResource.kind,
      metadata: {name: singletonName, namespace: ourNamespace},
      spec: {bundle: bytes},
    };
    return yield* ask('store.create', {resource: seedBundleResource, object});
  }
  const present = yield* ask('store.get', {
    resource: seedBundleResource,
    namespace: ourNamespace,
    name: singletonName,
  });
  if (!present.ok) return present;
  if (present.value?.metadata.resourceVersion !== resourceVersion)
    return failed('conflict', 'the SeedBundle is not the one that was read');
  const {managedFields: _, ...metadata} = present.value.metadata as StoredObject['metadata'] & {
    managedFields?: unknown;
  };
  const object = {...present.value, metadata, spec: {...(present.value.spec as object), bundle: bytes}};
  return yield* ask('store.replace', {resource: seedBundleResource, object});
}
