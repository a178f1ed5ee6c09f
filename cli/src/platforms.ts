// Platforms that own kube-apiserver's encryption configuration themselves: how each is known, and its own way. One
// table; `preflight` prints the row that fits.

export interface Platform {
  readonly name: string;
  /** In the server's `gitVersion`. */
  readonly version?: RegExp;
  /** A group that only its API serves. */
  readonly apiGroup?: string;
  /** A label of its Nodes. */
  readonly nodeLabel?: string;
  /** In a Node's `osImage`. */
  readonly osImage?: RegExp;
  /** Paths that only its nodes have. */
  readonly nodePaths: readonly string[];
  readonly instead: string;
}

export const platforms: readonly Platform[] = [
  {
    name: 'k3s',
    version: /\+k3s\d/,
    nodePaths: ['/etc/rancher/k3s', '/var/lib/rancher/k3s'],
    instead: 'k3s secrets-encrypt',
  },
  {
    name: 'RKE2',
    version: /\+rke2r\d/,
    nodePaths: ['/etc/rancher/rke2', '/var/lib/rancher/rke2'],
    instead: 'rke2 secrets-encrypt',
  },
  {
    name: 'OpenShift',
    apiGroup: 'config.openshift.io',
    nodePaths: ['/etc/kubernetes/static-pod-resources'],
    instead: 'spec.encryption of the APIServer object named cluster',
  },
  {
    name: 'Talos',
    osImage: /^Talos/,
    nodePaths: ['/system/state'],
    instead: 'its machine configuration; spec.nodes.writeMode external leaves placing the file to it',
  },
  {
    name: 'Amazon EKS',
    version: /-eks-/,
    nodePaths: [],
    instead: 'envelope encryption with the provider’s key service',
  },
  {
    name: 'Google GKE',
    version: /-gke\./,
    nodePaths: [],
    instead: 'application-layer secrets encryption with the provider’s key service',
  },
  {
    name: 'Azure AKS',
    nodeLabel: 'kubernetes.azure.com/cluster',
    nodePaths: [],
    instead: 'etcd encryption with the provider’s key service',
  },
];
