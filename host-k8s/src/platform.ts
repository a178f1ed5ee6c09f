// What a node's own manifest says of its kube-apiserver. A missing or broken manifest is named in `problem`; nothing
// here is proof of what a server has loaded.

import {type Answer, failed, type NodePlatform, ok, type Result} from '@etcd-encryption/rotation';
import type {FilesPorts} from './files.ts';
import {maxManifestBytes} from './limits.ts';
import {placeOnNode, readStaticPod, type StaticPod} from './static-pod.ts';

/** Where kubeadm keeps it, and the only file of that folder that is ever looked at. */
export const manifestPath = '/etc/kubernetes/manifests/kube-apiserver.yaml';

/** How the node's kube-apiserver reaches etcd, from its flags; paths are the node's. */
export interface EtcdFlags {
  readonly servers: readonly string[];
  /** `--etcd-servers-overrides`: `group/resource` (or `/resource` for the core group) and its own servers. */
  readonly overrides: readonly {readonly resource: string; readonly servers: readonly string[]}[];
  readonly caPath?: string;
  readonly certPath?: string;
  readonly keyPath?: string;
  /** Value of `--etcd-prefix`, normally `/registry`. */
  readonly prefix: string;
}

export interface PlatformOptions {
  readonly hostName: string;
  /** The folder that stands for the node's `/`; flags that name it are taken for paths of the node. */
  readonly root: string;
}

const defaultPrefix = '/registry';
const addressAnnotation = 'kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint';

/** Reads the manifest through the node's files. Fails only with what reading fails with; absence is a `problem`. */
export async function readPlatform(
  files: Pick<FilesPorts, 'files.read'>,
  options: PlatformOptions,
): Promise<Answer<'server.platform'>> {
  const pod = await readPod(files);
  if (!pod.ok) return pod;
  if (typeof pod.value === 'string') {
    return ok({
      automaticReload: false,
      mount: 'unknown',
      etcdPrefix: defaultPrefix,
      fipsOnly: false,
      address: '',
      hostName: options.hostName,
      problem: pod.value,
    });
  }
  return ok(platformOf(pod.value, options));
}

/** How to reach this node's etcd, for the scanner; `invalid` when the manifest does not say. */
export async function readEtcdFlags(
  files: Pick<FilesPorts, 'files.read'>,
  options: Pick<PlatformOptions, 'root'>,
): Promise<Result<EtcdFlags>> {
  const pod = await readPod(files);
  if (!pod.ok) return pod;
  if (typeof pod.value === 'string') return failed('invalid', pod.value);
  const {flags} = pod.value;
  const servers = splitList(flags.get('etcd-servers'), ',');
  if (servers.length === 0) return failed('invalid', `${manifestPath}: --etcd-servers is missing`);
  const path = (flag: string): string | undefined => {
    const value = flags.get(flag);
    return value === undefined || typeof pod.value === 'string'
      ? undefined
      : stripRoot(placeOnNode(pod.value, value).path, options.root);
  };
  const [caPath, certPath, keyPath] = [path('etcd-cafile'), path('etcd-certfile'), path('etcd-keyfile')];
  return ok({
    servers,
    overrides: readOverrides(pod.value),
    ...(caPath === undefined ? {} : {caPath}),
    ...(certPath === undefined ? {} : {certPath}),
    ...(keyPath === undefined ? {} : {keyPath}),
    prefix: readPrefix(pod.value),
  });
}

async function readPod(files: Pick<FilesPorts, 'files.read'>): Promise<Result<StaticPod | string>> {
  const read = await files['files.read']({path: manifestPath});
  // A folder or a link in the manifest's place is a problem of the node, not of the reading.
  if (!read.ok) return read.error.code === 'invalid' ? ok(read.error.message) : read;
  if (read.value === undefined) return ok(`${manifestPath} is missing`);
  if (read.value.size > maxManifestBytes) return ok(`${manifestPath}: expected at most ${maxManifestBytes} bytes`);
  const found = readStaticPod(new TextDecoder().decode(read.value.bytes));
  return ok(found.outcome === 'read' ? found.pod : `${manifestPath}: ${found.problem}`);
}

function platformOf(pod: StaticPod, options: PlatformOptions): NodePlatform {
  const {flags, env} = pod;
  const configured = flags.get('encryption-provider-config');
  const placement = configured === undefined ? undefined : placeOnNode(pod, stripRoot(configured, options.root));
  const address = addressOf(pod);
  const problem = problemOf(placement?.mount, address);
  const overrides = readOverrides(pod).map(({resource}) => resource);
  return {
    ...(placement === undefined ? {} : {configPath: stripRoot(placement.path, options.root)}),
    automaticReload: isTrue(flags.get('encryption-provider-config-automatic-reload')),
    mount: placement?.mount ?? 'unknown',
    etcdPrefix: readPrefix(pod),
    ...(overrides.length === 0 ? {} : {etcdOverrides: overrides}),
    fipsOnly: splitList(env.get('GODEBUG'), ',').includes('fips140=only'),
    address,
    hostName: options.hostName,
    ...(problem === undefined ? {} : {problem}),
  };
}

function problemOf(mount: NodePlatform['mount'] | undefined, address: string): string | undefined {
  if (mount === 'unknown') return `${manifestPath}: no hostPath volume holds the encryption configuration`;
  if (address === '') return `${manifestPath}: the server's address is not named`;
  return undefined;
}

function addressOf({flags, annotations}: StaticPod): string {
  const named = flags.get('advertise-address') ?? flags.get('bind-address');
  if (named !== undefined && named !== '0.0.0.0' && named !== '::') return named;
  return (annotations.get(addressAnnotation) ?? '').replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
}

/** As kube-apiserver joins it: one slash in front, none behind; an empty flag is the whole of etcd. */
function readPrefix({flags}: StaticPod): string {
  const value = flags.get('etcd-prefix');
  return value === undefined ? defaultPrefix : `/${splitList(value, '/').join('/')}`;
}

const readOverrides = ({flags}: StaticPod): EtcdFlags['overrides'] =>
  splitList(flags.get('etcd-servers-overrides'), ',').map(readOverride);

function readOverride(text: string): {resource: string; servers: readonly string[]} {
  const end = text.indexOf('#');
  return {resource: text.slice(0, Math.max(end, 0)), servers: splitList(text.slice(end + 1), ';')};
}

/** pflag's booleans. */
const isTrue = (value: string | undefined): boolean => ['1', 't', 'T', 'true', 'TRUE', 'True'].includes(value ?? '');

function splitList(text: string | undefined, separator: string): readonly string[] {
  return (text ?? '')
    .split(separator)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** A path inside the folder that stands for `/`, as the node would name it. */
function stripRoot(path: string, root: string): string {
  const folder = root.replace(/\/+$/, '');
  return folder !== '' && path.startsWith(`${folder}/`) ? path.slice(folder.length) : path;
}
