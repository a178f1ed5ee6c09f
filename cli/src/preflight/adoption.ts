// What an existing configuration means for the first rotation: a KMS plugin that writes, and resources that are
// encrypted although nobody lists them.

import {writeEntries} from '@etcd-encryption/rotation';
import type {ClusterLook} from './cluster.ts';
import type {Findings} from './finding.ts';
import type {NodeLook} from './node.ts';

export interface AdoptionFacts {
  readonly node: NodeLook;
  readonly cluster: ClusterLook | undefined;
  /** What is to be encrypted. */
  readonly resources: readonly string[];
}

export function checkAdoption({node, cluster, resources}: AdoptionFacts, findings: Findings): void {
  const entries = writeEntries(node.blocks);
  const kms = [...entries].filter(([, entry]) => entry.startsWith('kms:')).map(([resource]) => resource);
  const listed = kms.filter((resource) => resources.includes(resource));
  if (listed.length > 0 && cluster?.spec?.adoption.replaceKMS !== true)
    findings.red(
      node.node,
      `a KMS plugin writes ${listed.join(', ')}; only spec.adoption.replaceKMS: true replaces it`,
    );
  if (cluster === undefined) return;
  const unlisted = [...entries].filter(([resource, entry]) => entry !== 'identity' && !resources.includes(resource));
  if (unlisted.length > 0)
    findings.warn(
      node.node,
      `its file encrypts ${unlisted.map(([resource]) => resource).join(', ')}, which the config does not list; that block stays word for word`,
    );
}
