// CustomResourceDefinitions as YAML text.

import {stringify} from 'yaml';
import {type CustomResourceDefinition, customResourceDefinitions} from './definitions.ts';

/** One definition as a YAML document. */
export function renderCrd(definition: CustomResourceDefinition): string {
  return stringify(definition, {lineWidth: 120, aliasDuplicateObjects: false});
}

/** `etcdencryptionconfigs.yaml` and so on. */
export const crdFileName = (definition: CustomResourceDefinition): string =>
  `${definition.metadata.name.split('.', 1)[0]}.yaml`;

/** All definitions as one multi-document YAML text, for `kubectl apply -f -`. */
export function renderCrds(): string {
  return customResourceDefinitions.map(renderCrd).join('---\n');
}

const renderPlural = (plural: string): string => {
  const definition = customResourceDefinitions.find(({metadata}) => metadata.name.startsWith(`${plural}.`));
  if (definition === undefined) throw new RangeError(`plural: expected one of our kinds, got ${plural}`);
  return renderCrd(definition);
};

/** @public The committed file of one kind, called by name from the list of generated files. */
export const renderConfigCrd = (): string => renderPlural('etcdencryptionconfigs');
/** @public */
export const renderRingCrd = (): string => renderPlural('etcdencryptionrings');
/** @public */
export const renderNodeCrd = (): string => renderPlural('etcdencryptionnodes');
/** @public */
export const renderKeyCrd = (): string => renderPlural('etcdencryptionkeys');
/** @public */
export const renderSeedBundleCrd = (): string => renderPlural('seedbundles');
