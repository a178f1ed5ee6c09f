// The deterministic strategy before it runs: whether the root Secret holds a root key, whether our kind for bundles is
// there, and whether a bundle has arrived where the etcd Synchronizer runs. The root key is read as an agent reads it;
// nothing of it is told.

import {decodeSeedBundle, fromBase64, hex, type Settings} from '@etcd-encryption/crypto';
import type {StorePorts} from '@etcd-encryption/host-k8s';
import {
  absent,
  type DeterministicSpec,
  deploymentResource,
  drive,
  type Fact,
  leaseResource,
  moduleInfoResource,
  ourNamespace,
  readRootKey,
  seedBundleResource,
  seen,
  singletonName,
  synchronizer,
  unknown,
} from '@etcd-encryption/rotation';
import type {Findings, PreflightFinding} from './finding.ts';

/** The one key in etcd that the Synchronizer must copy although it leaves its namespace alone (product.md). */
const bundleKey = `/registry/${seedBundleResource.group}/${seedBundleResource.plural}/${ourNamespace}/${singletonName}`;

/** Adds lines about the root Secret and the SeedBundle. */
export async function checkPair(store: StorePorts, spec: DeterministicSpec, findings: Findings): Promise<void> {
  const {report, root} = await drive(readRootKey(spec.derivation, undefined), {'store.get': store['store.get']});
  try {
    if (report.state === 'ready') findings.fine('root key', `32 bytes; root check ${report.rootCheck}`);
    else if (report.state === 'unknown') findings.unseen('root key', report.why);
    else findings.red('root key', report.why);
    const {replicationGroupId, dimension} = spec.derivation;
    const settings = root === undefined ? undefined : {rootKey: root.secret, replicationGroupId, dimension};
    findings.list.push({about: 'bundle', ...(await tellBundle(store, settings))});
  } finally {
    root?.secret.wipe();
  }
}

type Told = Pick<PreflightFinding, 'level' | 'message'>;
const red = (message: string): Told => ({level: 'red', message});
const fine = (message: string): Told => ({level: 'fine', message});
const unseen = (message: string): Told => ({level: 'not seen', message});

async function tellBundle(store: StorePorts, settings: Settings | undefined): Promise<Told> {
  const address = {resource: seedBundleResource, namespace: ourNamespace, name: singletonName};
  const object = await store['store.get'](address);
  if (!object.ok) return unseen(object.error.message);
  if (object.value === undefined) return tellMissing(store);
  const {bundle} = (object.value.spec ?? {}) as {readonly bundle?: unknown};
  return tellRead(typeof bundle === 'string' ? bundle : '', settings);
}

/** An object that is not there looks like one whose kind is not served; a list tells them apart. */
async function tellMissing(store: StorePorts): Promise<Told> {
  const listed = await store['store.list']({resource: seedBundleResource, namespace: ourNamespace, limit: 1});
  if (!listed.ok && listed.error.code === 'gone')
    return red('our kind SeedBundle is not installed: etcd-encryption-manager crds | kubectl apply -f -');
  if (!listed.ok) return unseen(`whether our kind SeedBundle is installed: ${listed.error.message}`);
  const signs = await readSigns(store);
  if (signs.state === 'absent') return fine('there is none yet; the Active makes the first one');
  if (signs.state === 'unknown') return unseen(`there is none yet; whether this is a Standby: ${signs.why}`);
  return red(
    `${signs.value} is here, so this is a Standby, and no SeedBundle has arrived: the Synchronizer must be v4.3.7 or later, with ${bundleKey} on its exact-copy list, and the Active must have published`,
  );
}

/** What shows that the Synchronizer is here; it is installed on the Standby only. A sign that could not be read is none. */
async function readSigns(store: StorePorts): Promise<Fact<string>> {
  const {namespace, deployment, lease, moduleSelector: labelSelector} = synchronizer;
  const named = [
    {resource: deploymentResource, namespace, name: deployment},
    {resource: leaseResource, namespace, name: lease},
  ];
  const unread: string[] = [];
  for (const address of named) {
    const answer = await store['store.get'](address);
    if (!answer.ok) unread.push(answer.error.message);
    else if (answer.value !== undefined) return seen(`${address.resource.kind} ${address.name}`);
  }
  const listed = await store['store.list']({resource: moduleInfoResource, labelSelector, limit: 1});
  if (!listed.ok && listed.error.code !== 'gone') unread.push(listed.error.message);
  const [module] = listed.ok ? listed.value.items : [];
  if (module !== undefined) return seen(`${moduleInfoResource.kind} ${module.metadata.name}`);
  return unread.length === 0 ? absent : unknown(unread.join('; '));
}

function tellRead(text: string, settings: Settings | undefined): Told {
  const read = fromBase64(text);
  if (read.outcome !== 'ok') return red('SeedBundle/default: spec.bundle is no base64');
  if (settings === undefined) return unseen('SeedBundle/default is there; without a root key it cannot be verified');
  const decoded = decodeSeedBundle(read.bytes, settings);
  if (decoded.outcome !== 'ok') return red(`${decoded.outcome}: ${decoded.detail}`);
  const {bundleId, generation, entries} = decoded.bundle;
  const newest = entries.at(-1)?.revision;
  return fine(`generation ${generation} of ${hex(bundleId)} verifies; its newest revision is r${newest}`);
}
