// What the first (or next) rotation would do, in words: from the file of one node and the objects that the API counted.

import {isKey, refOf, type ScanReport, type Spec, writeEntries} from '@etcd-encryption/rotation';
import {labelKeys} from '../key-label.ts';
import {inWords} from '../time-words.ts';
import type {ClusterLook} from './cluster.ts';
import type {NodeLook} from './node.ts';

export interface RotationFacts {
  readonly cluster: ClusterLook | undefined;
  readonly node: NodeLook | undefined;
  readonly resources: readonly string[];
  /** Values by resource and label, from etcd. */
  readonly counts: ScanReport['counts'] | undefined;
}

/** Steps in order; empty when neither node nor cluster could be looked at. */
export function tellRotation({cluster, node, resources, counts}: RotationFacts): readonly string[] {
  if (cluster === undefined && node === undefined) return [];
  const keys = labelKeys((node?.keys ?? []).map(refOf));
  const adopted = keys.filter(({revision}) => revision === 0);
  const revision = 1 + Math.max(0, ...keys.map((key) => key.revision));
  return [
    ...(adopted.length === 0
      ? []
      : [
          `take over ${adopted.map(({short, provider}) => `${short} (${provider})`).join(', ')}: kept until none of their values is left`,
        ]),
    `${originWords(cluster?.spec, revision)}, and put it into every history`,
    `add r${revision} as a read key to the file of one node, wait until it is loaded, then of every other: ${presentWrites(node, resources)}`,
    `make r${revision} the write key when ${serverWords(cluster)} loaded it${approvalWords(cluster?.spec)}, and wait until it writes everywhere`,
    `rewrite ${amountWords({cluster, resources, counts})} as they are, ${paceWords(cluster?.spec)}`,
    node?.etcd !== undefined
      ? 'prove it by a scan of etcd that finds no other key name'
      : 'prove it by a scan of etcd where an agent can read it, else by a second pass that changes nothing',
  ];
}

const originWords = (spec: Spec | undefined, revision: number): string =>
  spec?.deterministic === undefined
    ? `make r${revision} on one node, seal it for the others`
    : `derive r${revision} on every node from the root Secret and the SeedBundle, which the Active publishes`;

/** What a derived key waits for beyond being loaded. */
function approvalWords(spec: Spec | undefined): string {
  const {deterministic} = spec ?? {};
  if (deterministic === undefined) return '';
  const {activationPolicy, approvalDelayMs, standby} = deterministic;
  const policies = {
    'timed-approval': [`${inWords(approvalDelayMs)} have passed since it was published`],
    'manual-approval': ['the ring’s annotation approve names it'],
    immediate: [],
  } as const;
  const proof = standby === 'none' ? [] : ['a Standby has proved once that it can read (verify --record)'];
  return [...policies[activationPolicy], ...proof].map((words) => `, ${words}`).join('');
}

/** What each resource is written with until then. */
function presentWrites(node: NodeLook | undefined, resources: readonly string[]): string {
  if (node === undefined || node.file === 'unknown') return 'everything is written as before until then';
  const entries = writeEntries(node.blocks);
  const told = resources.map((resource) => {
    const entry = entries.get(resource) ?? 'identity';
    const key = node.keys.map(refOf).find(({id}) => id === entry);
    const how = entry === 'identity' ? 'in clear' : isKey(entry) ? `with ${key?.name ?? 'its key'}` : 'with KMS';
    return `${resource} ${how}`;
  });
  return `until then ${told.join(', ')}`;
}

const serverWords = (cluster: ClusterLook | undefined): string => {
  const servers = cluster?.servers ?? 0;
  return servers === 0 ? 'every server has' : servers === 1 ? 'the one server has' : `all ${servers} servers have`;
};

function amountWords({cluster, resources, counts}: Omit<RotationFacts, 'node'>): string {
  const objects = cluster?.objects ?? {};
  const names = Object.keys(objects);
  if (names.length > 0) return names.map((name) => `${objects[name]} ${name}`).join(' and ');
  const scanned = Object.entries(counts ?? {}).sort();
  if (scanned.length === 0) return `all ${resources.join(' and ')}`;
  return scanned
    .map(([name, labels]) => `${Object.values(labels).reduce((sum, count) => sum + count, 0)} ${name}`)
    .join(' and ');
}

const paceWords = (spec: Spec | undefined): string =>
  `at most ${spec?.migration.maxInFlight ?? 64} at a time${spec?.migration.qps === undefined ? '' : ` and ${spec.migration.qps} a second`}`;
