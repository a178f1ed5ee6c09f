// The static Pod manifest that a node with these flags would have, and the flags that a manifest asks for.
// The node's folder stands for `/`, so paths inside it are written as the node would see them.
import {parse, stringify} from 'yaml';
import type {FileMount} from './bound-process.ts';
import type {NodePlan} from './options.ts';

export interface ServerCommand {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly fileMounts: readonly FileMount[];
}

export function writeManifest(node: NodePlan, command: ServerCommand): string {
  const onNode = (text: string) => text.replaceAll(`${node.root}/`, '/');
  const args = command.args.map(onNode);
  const env = Object.entries(command.env).map(([name, value]) => ({name, value}));
  const probe = (path: string) => ({httpGet: {host: node.address, path, port: node.port, scheme: 'HTTPS'}});
  const files = command.fileMounts.map(({from, to}, index) => ({
    name: `file-${index + 1}`,
    from: onNode(from),
    to: onNode(to),
  }));
  const container = {
    command: ['kube-apiserver', ...args],
    ...(env.length === 0 ? {} : {env}),
    image: 'registry.k8s.io/kube-apiserver:v1.37.2',
    imagePullPolicy: 'IfNotPresent',
    livenessProbe: probe('/livez'),
    name: 'kube-apiserver',
    readinessProbe: probe('/readyz'),
    startupProbe: probe('/livez'),
    volumeMounts: [
      {mountPath: '/etc/kubernetes', name: 'kubernetes', readOnly: true},
      ...files.map(({name, to}) => ({mountPath: to, name, readOnly: true})),
    ],
  };
  const manifest = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      annotations: {'kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint': `${node.address}:${node.port}`},
      labels: {component: 'kube-apiserver', tier: 'control-plane'},
      name: 'kube-apiserver',
      namespace: 'kube-system',
    },
    spec: {
      containers: [container],
      hostNetwork: true,
      priorityClassName: 'system-node-critical',
      securityContext: {seccompProfile: {type: 'RuntimeDefault'}},
      volumes: [
        {hostPath: {path: '/etc/kubernetes', type: 'Directory'}, name: 'kubernetes'},
        ...files.map(({name, from}) => ({hostPath: {path: from, type: 'File'}, name})),
      ],
    },
  };
  return stringify(manifest, {lineWidth: 0});
}

interface ReadManifest {
  readonly spec: {
    readonly containers: readonly {
      readonly command: readonly string[];
      readonly env?: readonly {readonly name: string; readonly value: string}[];
      readonly volumeMounts: readonly {readonly name: string; readonly mountPath: string}[];
    }[];
    readonly volumes: readonly {
      readonly name: string;
      readonly hostPath?: {readonly path: string; readonly type?: string};
    }[];
  };
}

/**
 * What a kubelet would run, with the paths of mounts moved into the node's folder.
 *
 * @throws TypeError when there is no container.
 */
export function readManifest(node: NodePlan, text: string): ServerCommand {
  const {containers, volumes} = (parse(text) as ReadManifest).spec;
  const container = containers[0];
  if (container === undefined) throw new TypeError('manifest: want a container, got none');
  const args = container.command.slice(1);
  const fileMounts = container.volumeMounts.flatMap(({name, mountPath}) => {
    const hostPath = volumes.find((volume) => volume.name === name)?.hostPath;
    return hostPath?.type === 'File' ? [{from: `${node.root}${hostPath.path}`, to: `${node.root}${mountPath}`}] : [];
  });
  return {
    args: args.map((argument) => argument.replace(/=(\/etc\/kubernetes\/|\/run\/kube-apiserver\/)/, `=${node.root}$1`)),
    env: Object.fromEntries((container.env ?? []).map(({name, value}) => [name, value])),
    fileMounts,
  };
}
