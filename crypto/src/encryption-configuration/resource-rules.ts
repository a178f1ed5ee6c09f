// kube-apiserver's rules for the resources of a block and across blocks (v1.37, ValidateEncryptionConfiguration and
// the building of the transformers). Wildcards are `*.` for the core group, `*.<group>` and `*.*`.

import type {ProblemReason, Report} from './problem.ts';

/** A resource and its API group, as kube-apiserver splits them at the first dot. */
export type GroupResource = {readonly resource: string; readonly group: string};

const internalResources: ReadonlySet<string> = new Set([
  'apiserveripinfo',
  'serviceipallocations',
  'servicenodeportallocations',
]);

/** Splits a resource of the file, such as `deployments.apps`. */
export function groupResourceOf(name: string): GroupResource {
  const dot = name.indexOf('.');
  return dot < 0 ? {resource: name, group: ''} : {resource: name.slice(0, dot), group: name.slice(dot + 1)};
}

/** One text for each resource, equal if the resources are. */
export function identityOf({resource, group}: GroupResource): string {
  return `${resource}.${group}`;
}

/** Reports what is wrong with the resources of one block. */
export function checkResources(resources: readonly string[], path: string, report: Report): void {
  if (resources.length === 0) report(path, 'no-resources', 'expected at least one resource, got none');
  const parsed = resources.map(groupResourceOf);
  if (new Set(parsed.map(identityOf)).size < parsed.length) {
    report(path, 'resource-twice', 'expected each resource once, got one of them again');
  }
  if (overlap(parsed)) report(path, 'overlapping-resources', 'expected no wildcard over another resource of this list');
  resources.forEach((name, i) => {
    const [reason, message] = nameProblem(name) ?? [];
    if (reason !== undefined && message !== undefined) report(`${path}[${i}]`, reason, message);
  });
}

// A wildcard may stand beside no other resource that it covers.
function overlap(parsed: readonly GroupResource[]): boolean {
  const distinct = new Map(parsed.map((one) => [identityOf(one), one]));
  if (distinct.size > 1 && distinct.has('*.*')) return true;
  const perGroup = new Map<string, {count: number; wildcard: boolean}>();
  for (const {resource, group} of parsed) {
    const seen = perGroup.get(group) ?? {count: 0, wildcard: false};
    perGroup.set(group, {count: seen.count + 1, wildcard: seen.wildcard || resource === '*'});
  }
  return [...perGroup.values()].some(({count, wildcard}) => wildcard && count > 1);
}

function nameProblem(name: string): readonly [ProblemReason, string] | undefined {
  const {resource, group} = groupResourceOf(name);
  if (name.toLowerCase() !== name) return ['capital-letter', 'expected lower case, got a capital letter'];
  if (name === '*') return ['bare-star', 'expected "*." for the core group or "*.*" for all, got "*"'];
  if (internalResources.has(name)) return ['not-a-rest-resource', 'expected a resource that has a REST API'];
  if (group === 'events.k8s.io') return ['events-group', 'expected "events", got the group events.k8s.io'];
  if (group === 'extensions') return ['extensions-group', 'expected a group that exists, got extensions'];
  if (group === '*' && resource !== '*') return ['resource-across-groups', 'expected one group, got all of them'];
  return undefined;
}

/** Remembers the wildcards of earlier blocks and reports resources that they hide. */
export function maskChecker(report: Report): (resources: readonly string[], path: string) => void {
  const seen = new Set<string>();
  return (resources, path) => {
    resources.forEach((name, i) => {
      const parsed = groupResourceOf(name);
      if (seen.has(identityOf({resource: '*', group: parsed.group})) || seen.has('*.*')) {
        report(`${path}[${i}]`, 'masked-resource', 'expected no wildcard over it in an earlier place, got one');
      }
      seen.add(identityOf(parsed));
    });
  };
}
