// What a control plane can be asked to be, and where its files are.
import {join} from 'node:path';
import type {Endpoint} from './addresses.ts';
import type {ProcessIdentity} from './processes.ts';

/** Functions of a node get its name, `node-1` and so on; they are asked at the start and by `reconfigureServer`. */
export interface ControlPlaneOptions {
  /** A folder for everything; an existing one is started again with the same addresses, authorities and data. */
  readonly dir: string;
  /** How many kube-apiservers, each standing for one control-plane node. */
  readonly nodes: number;
  /** A Go duration between two looks at the encryption configuration; left out, the released minute. */
  readonly pollPeriod?: string;
  /** etcd demands client certificates; each node has one as kubeadm would give it. */
  readonly etcdTls?: boolean;
  /** etcd waits for the disk, as in production. Off for speed. */
  readonly fsync?: boolean;
  readonly quotaBackendBytes?: number;
  /** A Go duration; kube-apiserver's own is 5m. */
  readonly etcdCompactionInterval?: string;
  /** Reading requests at once; writing ones get half. */
  readonly maxRequestsInFlight?: number;
  /** The encryption configuration to start with. Undefined: an existing file, else one with `identity` alone. */
  readonly encryption?: (node: string) => Uint8Array | undefined;
  /** False leaves out both encryption flags, as on a cluster that was never set up for encryption. */
  readonly encryptionFlags?: (node: string) => boolean;
  /** Automatic reload; on unless false. */
  readonly reload?: (node: string) => boolean;
  /** The server sees the configuration as a mount of that one file; a rename over it on the node does not reach it. */
  readonly singleFileMount?: (node: string) => boolean;
  /** The server is root, but the permissions of files hold for it, as where a container lacks `dac_override`. */
  readonly boundByPermissions?: (node: string) => boolean;
  /** More environment of the server, such as GODEBUG; it is in the manifest too. */
  readonly env?: (node: string) => Readonly<Record<string, string>>;
  /** `--flag=value` each; replaces a flag of the same name. */
  readonly extraArgs?: (node: string) => readonly string[];
  /** Changes the static Pod manifest that is written for the node. */
  readonly manifest?: (node: string, text: string) => string;
  /** The process that `stopControlPlane` asks to end everything; left out, it ends the servers itself. */
  readonly supervisor?: ProcessIdentity;
  /** Gets lines of progress. */
  readonly report?: (line: string) => void;
}

/** Where one node is and what it listens on; all of it follows from name, folder and endpoint. */
export interface NodePlan extends Endpoint {
  readonly name: string;
  /** The host name of the server's UTS namespace. */
  readonly hostName: string;
  readonly url: string;
  /** A folder that stands for the node's `/`. */
  readonly root: string;
  readonly configPath: string;
  /** Where a server finds its configuration that is mounted as a single file; inside `root`, as containers are. */
  readonly mountedConfigPath: string;
  readonly manifestPath: string;
  readonly logPath: string;
  /** An administrator's, aimed at this server. */
  readonly kubeconfig: string;
}

export function planNode(dir: string, name: string, endpoint: Endpoint): NodePlan {
  const root = join(dir, name);
  return {
    ...endpoint,
    name,
    hostName: name,
    url: `https://${endpoint.address}:${endpoint.port}`,
    root,
    configPath: join(root, 'etc/kubernetes/encryption-provider.conf'),
    mountedConfigPath: join(root, 'run/kube-apiserver/encryption-provider.conf'),
    manifestPath: join(root, 'etc/kubernetes/manifests/kube-apiserver.yaml'),
    logPath: join(root, 'var/log/kube-apiserver.log'),
    kubeconfig: join(dir, `${name}.kubeconfig`),
  };
}
