// Objects that every program reads: the cluster's id, the ring, and the sealed keys.

import {absent, type Fact, seen, unknown, unread} from '../model/fact.ts';
import {isNamedAfterKey, readKeyObject} from '../model/key-object.ts';
import type {KeyObject} from '../model/node.ts';
import {keyResource, namespaceResource, ourNamespace, ringResource, singletonName} from '../model/resource-types.ts';
import {type Ring, readRing} from '../model/ring.ts';
import {ask, type Step} from '../ports.ts';
import {listAll} from './lists.ts';

/** The cluster's id is the uid of kube-system: made by the cluster, kept by snapshots, never replicated. */
export function* readClusterId(): Step<Fact<string>> {
  const answer = yield* ask('store.get', {resource: namespaceResource, name: ourNamespace});
  if (!answer.ok) return unread(answer.error);
  const uid = answer.value?.metadata.uid;
  return uid === undefined || uid === '' ? absent : seen(uid);
}

/** The ring; one that cannot be understood is `unknown`. */
export function* readRingFact(): Step<Fact<Ring>> {
  const answer = yield* ask('store.get', {resource: ringResource, namespace: ourNamespace, name: singletonName});
  if (!answer.ok) return unread(answer.error);
  if (answer.value === undefined) return absent;
  const read = readRing(answer.value);
  if (read.outcome === 'ok') return seen(read.ring, answer.value.metadata.resourceVersion ?? '');
  return unknown(read.outcome === 'newer' ? `written by a newer release (v${read.v})` : read.detail);
}

/** Sealed keys that bear the name of their key, sorted; others are left out. */
export function* readKeyObjects(): Step<Fact<readonly KeyObject[]>> {
  const list = yield* listAll({resource: keyResource, namespace: ourNamespace});
  if (list.state !== 'seen') return list;
  const objects: KeyObject[] = [];
  for (const item of list.value) {
    const read = readKeyObject(item);
    if (read.outcome === 'ok' && isNamedAfterKey(read.object)) objects.push(read.object);
  }
  return seen(objects.sort((a, b) => (a.name < b.name ? -1 : 1)));
}
