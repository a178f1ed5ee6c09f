// Where the API server is and how we prove who we are: a kubeconfig file, or a pod's service account. Only parsing is
// client-node's, and only its small `config_types` module: its whole `KubeConfig` class takes 330 ms and 80 MB more at
// start, because it brings the generated API. Exec plug-ins, proxies and passwords are refused by name.

import {readFile, stat} from 'node:fs/promises';
import {dirname, resolve} from 'node:path';
import {
  type Cluster,
  newClusters,
  newContexts,
  newUsers,
  type User,
} from '@kubernetes/client-node/dist/config_types.js';
import {parse} from 'yaml';

/** Everything a connection needs. Lives in memory only; nobody prints it. */
export interface Credentials {
  /** `https://host:port`, without a trailing slash. */
  readonly server: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** Name to verify in the server's certificate, when it is not the host of `server`. */
  readonly serverName?: string;
  readonly insecure: boolean;
  readonly token?: string;
  readonly impersonate?: string;
}

/** Reads credentials from where they are, and names every file they came from, so that a change can be seen. */
export interface CredentialSource {
  readonly read: () => Promise<{readonly credentials: Credentials; readonly files: readonly string[]}>;
}

export interface KubeconfigOptions {
  readonly path: string;
  /** Absent: the file's current context. */
  readonly context?: string;
  /** Replaces the server's URL, for instance by the node's own address. */
  readonly server?: string;
}

const serviceAccount = '/var/run/secrets/kubernetes.io/serviceaccount';

/** The service account of the pod we run in; `root` and `environment` are given by tests. */
export function inClusterCredentials(
  options: {
    readonly server?: string;
    readonly root?: string;
    readonly environment?: Readonly<Record<string, string | undefined>>;
  } = {},
): CredentialSource {
  const environment = options.environment ?? process.env;
  const root = options.root ?? serviceAccount;
  const read = async () => {
    const [host, port] = [environment.KUBERNETES_SERVICE_HOST, environment.KUBERNETES_SERVICE_PORT];
    if (options.server === undefined && (host === undefined || port === undefined)) {
      throw new Error('not in a cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set');
    }
    const address = host?.includes(':') ? `[${host}]` : host;
    const [caFile, tokenFile] = [`${root}/ca.crt`, `${root}/token`];
    const [ca, token] = await Promise.all([readFile(caFile, 'utf8'), readFile(tokenFile, 'utf8')]);
    const server = trimServer(options.server ?? `https://${address}:${port}`);
    return {credentials: {server, ca, token: token.trim(), insecure: false}, files: [caFile, tokenFile]};
  };
  return {read};
}

/** A kubeconfig file; it and every file it names are read again when they change. */
export function kubeconfigCredentials(options: KubeconfigOptions): CredentialSource {
  const path = resolve(options.path);
  return {read: async () => readCredentials(path, await readFile(path, 'utf8'), options)};
}

async function readCredentials(path: string, text: string, options: KubeconfigOptions) {
  const document = parse(text) as Readonly<Record<string, unknown>> | null;
  if (typeof document !== 'object' || document === null) throw new Error(`${path}: expected a kubeconfig`);
  const name = options.context ?? document['current-context'];
  const context = newContexts(document.contexts).find((each) => each.name === name);
  if (context === undefined) throw new Error(`${path}: no context ${JSON.stringify(name ?? '')}`);
  const cluster = newClusters(document.clusters).find((each) => each.name === context.cluster);
  if (cluster === undefined) throw new Error(`${path}: no cluster ${JSON.stringify(context.cluster)}`);
  const user = newUsers(document.users).find((each) => each.name === context.user);
  refuseUnsupported(path, cluster, user);
  const tokenFile = user === undefined ? undefined : findTokenFile(document.users, user.name);
  const files: string[] = [path];
  const material = async (inline: string | undefined, file: string | undefined): Promise<string | undefined> => {
    if (inline) return Buffer.from(inline, 'base64').toString('utf8');
    if (!file) return undefined;
    const absolute = resolve(dirname(path), file);
    files.push(absolute);
    return readFile(absolute, 'utf8');
  };
  const ca = await material(cluster.caData, cluster.caFile);
  const cert = await material(user?.certData, user?.certFile);
  const key = await material(user?.keyData, user?.keyFile);
  const token = (tokenFile === undefined ? user?.token : await material(undefined, tokenFile))?.trim();
  const credentials: Credentials = {
    server: trimServer(options.server ?? cluster.server),
    insecure: cluster.skipTLSVerify,
    ...(ca === undefined ? {} : {ca}),
    ...(cert === undefined ? {} : {cert}),
    ...(key === undefined ? {} : {key}),
    ...(cluster.tlsServerName ? {serverName: cluster.tlsServerName} : {}),
    ...(token ? {token} : {}),
    ...(user?.impersonateUser ? {impersonate: user.impersonateUser} : {}),
  };
  return {credentials, files};
}

function refuseUnsupported(path: string, cluster: Cluster, user: User | undefined): void {
  if (cluster.proxyUrl) throw new Error(`${path}: proxy-url of cluster "${cluster.name}" is not supported`);
  if (user?.exec)
    throw new Error(`${path}: exec of user "${user.name}" is not supported; use a certificate or a token`);
  if (user?.authProvider) throw new Error(`${path}: auth-provider of user "${user.name}" is not supported`);
  if (user?.username) throw new Error(`${path}: username of user "${user.name}" is not supported`);
}

/** `tokenFile` is kubectl's name for it; client-node's types do not carry it. */
function findTokenFile(users: unknown, name: string): string | undefined {
  if (!Array.isArray(users)) return undefined;
  const entry = users.find((each) => each?.name === name) as {user?: {tokenFile?: unknown}} | undefined;
  return typeof entry?.user?.tokenFile === 'string' ? entry.user.tokenFile : undefined;
}

const trimServer = (server: string): string => server.replace(/\/+$/, '');

/** A text that changes whenever one of the files is replaced or written: the kubelet swaps a link, people edit. */
export async function fingerprintFiles(files: readonly string[]): Promise<string> {
  const marks = await Promise.all(
    files.map((file) =>
      stat(file, {bigint: true}).then(
        ({ino, size, mtimeNs}) => `${ino}/${size}/${mtimeNs}`,
        () => 'absent',
      ),
    ),
  );
  return marks.join(' ');
}
