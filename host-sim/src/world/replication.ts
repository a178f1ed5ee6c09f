// Which etcd keys the Synchronizer of a pair copies (product.md "The pair as it is run today"): all but those of the
// excluded namespaces and of machines, and some keys by exact name. Judged by the text of a key alone, as it does.

import {objectPath, seedBundleKind} from './kinds.ts';

/** Namespaces whose objects each side has for itself. */
export const excludedNamespaces: readonly string[] = [
  'kube-system',
  'default',
  'kube-public',
  'kube-node-lease',
  'cpaas-system',
  'cert-manager',
  'operators',
  'kubevirt',
  'kube-ovn',
  'nsx-system',
  'global-credentials',
  'cpaas-system-global-credentials',
  'cpaas-solution',
  'nativestor-system',
];

/**
 * Starts of keys that are left alone too: Nodes. A Standby could not live with the Active's, so they are excluded
 * though no list of namespaces says so; hand in others to see what happens when they are copied (hazards.md H64).
 */
export const excludedPrefixes: readonly string[] = ['/registry/minions/'];

/** Keys that are copied although their namespace is excluded. */
export const exactCopyKeys: readonly string[] = [
  objectPath(seedBundleKind, {namespace: 'kube-system', name: 'default'}),
];

export interface ReplicationRule {
  readonly namespaces?: readonly string[];
  readonly prefixes?: readonly string[];
  /** `[]` is a Synchronizer that is too old for the bundle. */
  readonly exactKeys?: readonly string[];
}

/** Whether a key is copied; each key is judged once. */
export function createReplicationRule(rule: ReplicationRule = {}): (key: string) => boolean {
  const namespaces = new Set(rule.namespaces ?? excludedNamespaces);
  const prefixes = rule.prefixes ?? excludedPrefixes;
  const exact = new Set(rule.exactKeys ?? exactCopyKeys);
  const known = new Map<string, boolean>();
  const judge = (key: string): boolean => {
    if (exact.has(key)) return true;
    return !prefixes.some((prefix) => key.startsWith(prefix)) && !namespaces.has(namespaceOf(key) ?? '');
  };
  return (key) => {
    const answer = known.get(key) ?? judge(key);
    known.set(key, answer);
    return answer;
  };
}

/** The namespace in a key, a Namespace object's own name included; undefined where there is none. */
function namespaceOf(key: string): string | undefined {
  const [, registry, first = '', ...rest] = key.split('/');
  if (registry !== 'registry') return undefined;
  // Resources with a dot in the first part lie below their group: `/registry/<group>/<resource>/…`.
  const inside = first.includes('.') ? rest.slice(1) : rest;
  return inside.length >= 2 || first === 'namespaces' ? inside[0] : undefined;
}
