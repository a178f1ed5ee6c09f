// The cluster as its API shows it: version, platform, servers, our kinds, the config, and whether every listed resource
// can be listed. Only reads, but for SelfSubjectAccessReviews, which store nothing.

import {utf8} from '@etcd-encryption/crypto';
import {checkInstalledSchema, readPlatform} from '@etcd-encryption/host-k8s';
import {
  configResource,
  configurationPath,
  controlPlaneLabel,
  kubernetesNodeResource,
  leaseResource,
  ok,
  ourNamespace,
  type ResourceType,
  readSpec,
  type Spec,
  type StoredObject,
  serverLeaseSelector,
  singletonName,
} from '@etcd-encryption/rotation';
import {type ClusterClient, listEvery} from '../cluster-client.ts';
import {platforms} from '../platforms.ts';
import {UnreachableError} from '../verb.ts';
import type {Findings} from './finding.ts';
import {checkPair} from './pair.ts';
import {checkPermissions} from './permissions.ts';
import {checkServerSetup} from './server-setup.ts';

export interface ClusterLook {
  readonly spec: Spec | undefined;
  readonly resources: readonly string[];
  /** Objects by type name; a type that could not be listed is absent. */
  readonly objects: Readonly<Record<string, number>>;
  /** kube-apiservers, by identity lease. */
  readonly servers: number;
}

/** What is encrypted when nobody said otherwise. */
export const defaultResources: readonly string[] = ['secrets', 'configmaps'];
/** Fewest minor releases: aggregated discovery, reload counters by server, the hash of what is loaded. */
const minors = {least: 27, counters: 29, hash: 34} as const;
/** Objects per page, and pages: a list longer than this is no longer counted. */
const [pageSize, maxPages] = [500, 20_000];

/** @throws UnreachableError when the API cannot be asked at all */
export async function lookAtCluster(client: ClusterClient, findings: Findings): Promise<ClusterLook> {
  const version = await checkVersion(client, findings);
  const nodes = await checkNodes(client, version, findings);
  const servers = await checkServers(client, nodes, findings);
  await checkSchema(client, findings);
  const spec = await checkConfig(client, findings);
  const resources = spec?.resources ?? defaultResources;
  const types = await resolveTypes(client, resources, findings);
  const isDeterministic = spec?.deterministic !== undefined;
  await checkPermissions(client.request, {types, isDeterministic}, findings);
  if (spec?.deterministic !== undefined) await checkPair(client.store, spec.deterministic, findings);
  const objects = await listTypes(client, types, findings);
  return {spec, resources, objects, servers};
}

async function checkVersion({request}: ClusterClient, findings: Findings): Promise<string> {
  const answer = await request({method: 'GET', path: '/version'});
  if (answer.outcome !== 'answered') throw new UnreachableError(`the API: ${answer.message}`);
  if (answer.status !== 200) throw new UnreachableError(`the API: /version answered ${answer.status}`);
  const {gitVersion = '', major = '', minor = ''} = JSON.parse(answer.text) as Readonly<Record<string, string>>;
  const number = Number.parseInt(minor, 10);
  if (major !== '1' || Number.isNaN(number)) findings.warn('version', `Kubernetes ${gitVersion}: not known here`);
  else if (number < minors.least)
    findings.red('version', `Kubernetes ${gitVersion}: 1.${minors.least} or later is needed`);
  else if (number < minors.counters)
    findings.warn(
      'version',
      `Kubernetes ${gitVersion}: before 1.${minors.counters} a server does not say whose reload counters it shows`,
    );
  else if (number < minors.hash)
    findings.fine(
      'version',
      `Kubernetes ${gitVersion}; before 1.${minors.hash} a load is known by counters, not by the file’s hash`,
    );
  else findings.fine('version', `Kubernetes ${gitVersion}; its servers show the hash of what they have loaded`);
  return gitVersion;
}

async function checkNodes(
  {store, request}: ClusterClient,
  version: string,
  findings: Findings,
): Promise<readonly StoredObject[]> {
  const control = await listEvery(store, {resource: kubernetesNodeResource, labelSelector: controlPlaneLabel});
  const any = await store['store.list']({resource: kubernetesNodeResource, limit: 1});
  if (!control.ok) findings.unseen('nodes', control.error.message);
  const nodes = control.ok ? control.value : [];
  const sample = [...nodes, ...(any.ok ? any.value.items : [])];
  for (const platform of platforms) {
    const group =
      platform.apiGroup === undefined ? undefined : await request({method: 'GET', path: `/apis/${platform.apiGroup}`});
    const fits =
      platform.version?.test(version) === true ||
      (group?.outcome === 'answered' && group.status === 200) ||
      sample.some((node) => hasSign(node, platform.nodeLabel, platform.osImage));
    if (fits)
      findings.red('platform', `${platform.name} owns the encryption configuration; its own way: ${platform.instead}`);
  }
  if (control.ok && nodes.length === 0)
    findings.warn('nodes', 'no control-plane Node is visible: on a managed control plane nothing of this can run');
  if (nodes.length > 0) findings.fine('nodes', `control plane: ${nodes.map(({metadata}) => metadata.name).join(', ')}`);
  return nodes;
}

function hasSign(node: StoredObject, label: string | undefined, osImage: RegExp | undefined): boolean {
  const {nodeInfo} = (node.status ?? {}) as {readonly nodeInfo?: {readonly osImage?: string}};
  const labelled = label !== undefined && node.metadata.labels?.[label] !== undefined;
  return labelled || (osImage !== undefined && nodeInfo?.osImage !== undefined && osImage.test(nodeInfo.osImage));
}

/** Servers by their leases, and each one's flags by its mirror Pod. */
async function checkServers(
  {store}: ClusterClient,
  nodes: readonly StoredObject[],
  findings: Findings,
): Promise<number> {
  const leases = await listEvery(store, {
    resource: leaseResource,
    namespace: ourNamespace,
    labelSelector: serverLeaseSelector,
  });
  const count = leases.ok ? leases.value.length : 0;
  if (!leases.ok) findings.unseen('servers', `their leases: ${leases.error.message}`);
  else if (count === 0)
    findings.red(
      'servers',
      'none keeps an identity lease, so none can be told apart and nothing is rotated; switch feature APIServerIdentity on, as it is by default',
    );
  else if (nodes.length > 0 && count > nodes.length)
    findings.warn(
      'servers',
      `${count} identity leases for ${nodes.length} control-plane nodes; a server that ended shows for an hour`,
    );
  else findings.fine('servers', `${count} with an identity`);
  const pods = await listEvery(store, {
    resource: podResource,
    namespace: ourNamespace,
    labelSelector: 'component=kube-apiserver',
  });
  if (!pods.ok) findings.unseen('servers', `their Pods: ${pods.error.message}`);
  else if (pods.value.length === 0)
    findings.unseen('servers', 'flags: no kube-apiserver Pod is visible; look on each node with --node-root');
  else for (const pod of pods.value) await checkPod(pod, findings);
  return count;
}

const podResource: ResourceType = {group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true};

/** A mirror Pod says what the manifest on its node says. */
async function checkPod(pod: StoredObject, findings: Findings): Promise<void> {
  const bytes = utf8(JSON.stringify(pod));
  const content = {
    kind: 'file',
    mode: 0,
    uid: 0,
    gid: 0,
    size: bytes.length,
    modifiedAtMs: 0,
    inode: '',
    bytes,
  } as const;
  const hostName = (pod.spec as {readonly nodeName?: string} | undefined)?.nodeName ?? pod.metadata.name;
  const platform = await readPlatform({'files.read': async () => ok(content)}, {hostName, root: '/'});
  if (platform.ok) checkServerSetup(hostName, platform.value, findings);
}

async function checkSchema({store}: ClusterClient, findings: Findings): Promise<void> {
  const schema = await checkInstalledSchema(store);
  if (schema.outcome === 'unknown') findings.unseen('definitions', schema.why);
  else if (schema.outcome === 'complete') findings.fine('definitions', 'our kinds are installed with every field');
  else if (schema.missing.every((path) => path.endsWith(': not installed')))
    findings.warn('definitions', 'our kinds are not installed yet: etcd-encryption-manager crds | kubectl apply -f -');
  else
    findings.red('definitions', `installed ones lack ${schema.missing.slice(0, 5).join(', ')}; apply the present ones`);
}

async function checkConfig({store}: ClusterClient, findings: Findings): Promise<Spec | undefined> {
  const object = await store['store.get']({resource: configResource, name: singletonName});
  if (!object.ok) {
    findings.unseen('config', object.error.message);
    return undefined;
  }
  if (object.value === undefined) {
    findings.fine('config', `there is no EtcdEncryptionConfig yet; looked at ${defaultResources.join(' and ')}`);
    return undefined;
  }
  const read = readSpec(object.value);
  if (read.outcome === 'invalid') {
    for (const problem of read.problems) findings.red('config', problem);
    return undefined;
  }
  findings.fine(
    'config',
    `${read.spec.resources.join(', ')}; ${configurationPath} is ${read.spec.nodes.writeMode === 'external' ? 'placed by others' : 'written by the agents'}`,
  );
  return read.spec;
}

async function resolveTypes(
  {store}: ClusterClient,
  resources: readonly string[],
  findings: Findings,
): Promise<readonly ResourceType[]> {
  const types: ResourceType[] = [];
  for (const resource of resources) {
    const answer = await store['store.resolve']({resource});
    if (!answer.ok) findings.unseen('resources', `${resource}: ${answer.error.message}`);
    else if (answer.value.length === 0) findings.warn('resources', `${resource}: not served here`);
    else types.push(...answer.value);
  }
  return types;
}

/** A list of metadata fails when one stored value cannot be read, and the answer names it. */
async function listTypes(
  {store}: ClusterClient,
  types: readonly ResourceType[],
  findings: Findings,
): Promise<Readonly<Record<string, number>>> {
  const objects: Record<string, number> = {};
  for (const resource of types) {
    const name = resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`;
    const counted = await countObjects({store}, resource);
    if (counted.ok) objects[name] = counted.value;
    else if (['InternalError', 'StorageReadError'].includes(counted.error.reason ?? ''))
      findings.red('values', `${name} cannot be listed: ${counted.error.message}`);
    else findings.unseen('values', `${name}: ${counted.error.message}`);
  }
  const told = Object.entries(objects).map(([name, count]) => `${count} ${name}`);
  if (told.length > 0) findings.fine('values', `${told.join(', ')} can be listed`);
  return objects;
}

async function countObjects({store}: Pick<ClusterClient, 'store'>, resource: ResourceType) {
  let [count, token]: [number, string | undefined] = [0, undefined];
  for (let page = 0; page < maxPages; page++) {
    const next: {readonly continue?: string} = token === undefined ? {} : {continue: token};
    const answer = await store['store.list']({resource, limit: pageSize, metadataOnly: true, ...next});
    if (!answer.ok) {
      if (answer.error.code !== 'gone' || answer.error.continue === undefined) return answer;
      token = answer.error.continue;
      continue;
    }
    count += answer.value.items.length;
    token = answer.value.continue;
    if (token === undefined || token === '') break;
  }
  return ok(count);
}
