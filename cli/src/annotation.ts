// Annotations are how people speak to the controller. Each is changed by compare-and-swap, so that nothing that the
// controller writes meanwhile is lost.

import type {StorePorts} from '@etcd-encryption/host-k8s';
import type {ObjectAddress, StoredObject} from '@etcd-encryption/rotation';
import {answerOf} from './cluster-client.ts';
import {UsageError} from './verb.ts';

/** The controller writes the ring once a second at most; so many conflicts in a row are no chance. */
const attempts = 20;
/** Longest word of a person, characters; it stands in conditions and in the rotation record. */
const maxReasonLength = 256;

export interface AnnotationChange {
  readonly on: ObjectAddress;
  readonly name: string;
  /** `undefined` takes it away. */
  readonly value: string | undefined;
}

export interface ChangedAnnotation {
  readonly previous: string | undefined;
  /** The object as it stands now. */
  readonly object: StoredObject;
}

/** @throws Error when the object is not there; UnreachableError when the store is not */
export async function changeAnnotation(store: StorePorts, change: AnnotationChange): Promise<ChangedAnnotation> {
  const what = `${change.on.resource.kind}/${change.on.name}`;
  let previous: {readonly value: string | undefined} | undefined;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const object = answerOf(what, await store['store.get'](change.on));
    if (object === undefined) throw new Error(`${what}: there is none in this cluster`);
    const present = object.metadata.annotations?.[change.name];
    previous ??= {value: present};
    if (present === change.value) return {previous: previous.value, object};
    const replaced = await store['store.replace']({
      resource: change.on.resource,
      object: withAnnotation(object, change),
    });
    if (replaced.ok) return {previous: previous.value, object: replaced.value};
    // What may have happened shows when it is read again.
    if (replaced.error.code !== 'conflict' && replaced.error.code !== 'ambiguous') answerOf(what, replaced);
  }
  throw new Error(`${what}: it changed ${attempts} times while its annotation was being written`);
}

function withAnnotation(object: StoredObject, {name, value}: AnnotationChange): StoredObject {
  const {managedFields: _, ...metadata} = object.metadata as StoredObject['metadata'] & {managedFields?: unknown};
  const {[name]: _old, ...others} = metadata.annotations ?? {};
  const annotations = value === undefined ? others : {...others, [name]: value};
  return {...object, metadata: {...metadata, annotations}};
}

/** A person's reason as it will stand in the cluster. @throws UsageError for one that is empty, too long or not one line */
export function checkReason(text: string): string {
  const reason = text.trim();
  if (reason === '') throw new UsageError('--reason: expected a reason, got none');
  if (reason.length > maxReasonLength)
    throw new UsageError(`--reason: expected at most ${maxReasonLength} characters, got ${reason.length}`);
  if (/\p{Cc}/u.test(reason)) throw new UsageError('--reason: expected one line without control characters');
  return reason;
}
