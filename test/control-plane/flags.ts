// The flags of one kube-apiserver that runs alone on loopback.
import {join} from 'node:path';
import type {ControlPlaneOptions, NodePlan} from './options.ts';

export interface EtcdTarget {
  readonly url: string;
  readonly tls: boolean;
}

/** Sorted, each flag once. */
export function serverFlags(node: NodePlan, etcd: EtcdTarget, options: ControlPlaneOptions): readonly string[] {
  const pki = join(node.root, 'etc/kubernetes/pki');
  const flags = new Map<string, string>([
    ['--advertise-address', node.address],
    ['--allow-privileged', 'true'],
    ['--authorization-mode', 'Node,RBAC'],
    ['--bind-address', node.address],
    ['--client-ca-file', join(pki, 'ca.crt')],
    // Loopback addresses are refused as Endpoints of the `kubernetes` service, which no test needs.
    ['--endpoint-reconciler-type', 'none'],
    ['--secure-port', String(node.port)],
    ['--service-account-issuer', 'https://kubernetes.default.svc.cluster.local'],
    ['--service-account-key-file', join(pki, 'sa.pub')],
    ['--service-account-signing-key-file', join(pki, 'sa.key')],
    ['--service-cluster-ip-range', '10.0.0.0/24'],
    ['--tls-cert-file', join(pki, 'apiserver.crt')],
    ['--tls-private-key-file', join(pki, 'apiserver.key')],
    ...etcdFlags(pki, etcd, options),
    ...encryptionFlags(node, options),
    ...inFlightFlags(options),
  ]);
  for (const argument of options.extraArgs?.(node.name) ?? []) {
    const [flag, value] = splitFlag(argument);
    flags.set(flag, value);
  }
  return [...flags].map(([flag, value]) => `${flag}=${value}`).sort();
}

function etcdFlags(pki: string, etcd: EtcdTarget, options: ControlPlaneOptions): [string, string][] {
  const flags: [string, string][] = [['--etcd-servers', etcd.url]];
  if (etcd.tls) {
    flags.push(
      ['--etcd-cafile', join(pki, 'etcd/ca.crt')],
      ['--etcd-certfile', join(pki, 'apiserver-etcd-client.crt')],
      ['--etcd-keyfile', join(pki, 'apiserver-etcd-client.key')],
    );
  }
  if (options.etcdCompactionInterval !== undefined) {
    flags.push(['--etcd-compaction-interval', options.etcdCompactionInterval]);
  }
  return flags;
}

function encryptionFlags(node: NodePlan, options: ControlPlaneOptions): [string, string][] {
  if (options.encryptionFlags?.(node.name) === false) return [];
  const reload = options.reload?.(node.name) ?? true;
  const mounted = options.singleFileMount?.(node.name) === true;
  return [
    ['--encryption-provider-config', mounted ? node.mountedConfigPath : node.configPath],
    ['--encryption-provider-config-automatic-reload', String(reload)],
  ];
}

function inFlightFlags({maxRequestsInFlight}: ControlPlaneOptions): [string, string][] {
  if (maxRequestsInFlight === undefined) return [];
  return [
    ['--max-requests-inflight', String(maxRequestsInFlight)],
    ['--max-mutating-requests-inflight', String(Math.ceil(maxRequestsInFlight / 2))],
  ];
}

function splitFlag(argument: string): [string, string] {
  const end = argument.indexOf('=');
  if (!argument.startsWith('--') || end < 0) throw new TypeError(`extraArgs: want --flag=value, got ${argument}`);
  return [argument.slice(0, end), argument.slice(end + 1)];
}
