// Whether the definitions in the cluster know every field we store: kube-apiserver silently drops a field that its
// schema does not name, so rotation is refused while one of ours would be lost.

import type {ResourceType} from '@etcd-encryption/rotation';
import type {StorePorts} from '../store.ts';
import {type CustomResourceDefinition, customResourceDefinitions} from './definitions.ts';
import type {JsonSchema} from './structural.ts';

export type InstalledSchema =
  | {readonly outcome: 'complete'}
  /** Paths such as `etcdencryptionrings: spec.rotation.adding`; a kind that is not installed is one path. */
  | {readonly outcome: 'incomplete'; readonly missing: readonly string[]}
  | {readonly outcome: 'unknown'; readonly why: string};

export const crdResource: ResourceType = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
};

/** Reads the installed definitions and compares their fields with ours; more fields than ours are fine. */
export async function checkInstalledSchema(store: Pick<StorePorts, 'store.get'>): Promise<InstalledSchema> {
  const missing: string[] = [];
  for (const expected of customResourceDefinitions) {
    const {name} = expected.metadata;
    const answer = await store['store.get']({resource: crdResource, name});
    if (!answer.ok) return {outcome: 'unknown', why: `${name}: ${answer.error.code}: ${answer.error.message}`};
    const installed = answer.value as Partial<CustomResourceDefinition> | undefined;
    missing.push(...missingFields(expected, installed));
  }
  return missing.length === 0 ? {outcome: 'complete'} : {outcome: 'incomplete', missing};
}

/** Fields of `expected` that `installed` would prune, sorted as in the schema. */
export function missingFields(
  expected: CustomResourceDefinition,
  installed: Partial<CustomResourceDefinition> | undefined,
): readonly string[] {
  const plural = expected.metadata.name.split('.', 1)[0];
  const wanted = expected.spec.versions[0];
  const present = installed?.spec?.versions?.find(({name}) => name === wanted?.name);
  if (wanted === undefined || present === undefined) return [`${plural}: not installed`];
  const paths = compareSchemas(wanted.schema.openAPIV3Schema, present.schema?.openAPIV3Schema, []);
  const lost = paths.map((path) => `${plural}: ${path}`);
  if (wanted.subresources !== undefined && present.subresources?.status === undefined) {
    lost.push(`${plural}: status subresource`);
  }
  return lost;
}

function compareSchemas(wanted: JsonSchema, present: JsonSchema | undefined, at: readonly string[]): readonly string[] {
  if (present === undefined) return [at.join('.')];
  if (present['x-kubernetes-preserve-unknown-fields'] === true) return [];
  const lost: string[] = [];
  for (const [name, field] of Object.entries(wanted.properties ?? {})) {
    lost.push(...compareSchemas(field, present.properties?.[name], [...at, name]));
  }
  if (wanted.items !== undefined) lost.push(...compareSchemas(wanted.items, present.items, [...at, '[]']));
  if (wanted.additionalProperties !== undefined) {
    lost.push(...compareSchemas(wanted.additionalProperties, present.additionalProperties, [...at, '*']));
  }
  return lost;
}
