// Which objects on a Standby are its own: those in namespaces that the mirror leaves alone. Nothing in a stored value or in
// an object tells who wrote it, so this is the Synchronizer's list, by default or as operators say that they changed it.

import {annotation, localNamespaces} from '../model/resource-types.ts';
import {because, type Reason} from './reason.ts';
import type {View} from './view.ts';

/** What Kubernetes takes for a namespace (RFC 1123 label). */
const namespacePattern = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** Words of the annotation: a name adds that namespace, one behind a minus takes it away. */
const wordsIn = ({observation}: View): readonly string[] =>
  (observation.ringAnnotations[annotation.localNamespaces] ?? '').split(/[\s,]+/).filter((word) => word !== '');

const nameIn = (word: string): string => (word.startsWith('-') ? word.slice(1) : word);

/** Namespaces whose objects a Standby rewrites itself, sorted. */
export function ownNamespaces(view: View): readonly string[] {
  const names = new Set(localNamespaces);
  for (const word of wordsIn(view)) {
    if (!namespacePattern.test(nameIn(word))) continue;
    if (word.startsWith('-')) names.delete(nameIn(word));
    else names.add(word);
  }
  return [...names].sort();
}

/** Words that are no namespace; what was meant by them is not known. */
export function unknownNamespaces(view: View): readonly Reason[] {
  const odd = wordsIn(view).filter((word) => !namespacePattern.test(nameIn(word)));
  if (odd.length === 0) return [];
  const shown = odd.slice(0, 5).map((word) => JSON.stringify(word.slice(0, 63)));
  return [because('LocalNamespacesInvalid', `annotation local-namespaces: no namespace: ${shown.join(', ')}`)];
}
