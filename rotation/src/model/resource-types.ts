// The Kubernetes kinds the engine reads and writes, and the fixed names among them (product.md, host-k8s.md).

import type {ResourceType} from '../ports.ts';

export const ourGroup = 'cluster.alauda.io';
const ourVersion = 'v1alpha1';
const own = (plural: string, kind: string, namespaced: boolean): ResourceType => ({
  group: ourGroup,
  version: ourVersion,
  plural,
  kind,
  namespaced,
});

export const configResource = own('etcdencryptionconfigs', 'EtcdEncryptionConfig', false);
export const ringResource = own('etcdencryptionrings', 'EtcdEncryptionRing', true);
export const nodeReportResource = own('etcdencryptionnodes', 'EtcdEncryptionNode', true);
export const keyResource = own('etcdencryptionkeys', 'EtcdEncryptionKey', true);
/** `SeedBundle/default` in {@link ourNamespace}: `spec.bundle` is the base64 of the bundle's bytes. */
export const seedBundleResource = own('seedbundles', 'SeedBundle', true);

const core = (plural: string, kind: string, namespaced: boolean): ResourceType => ({
  group: '',
  version: 'v1',
  plural,
  kind,
  namespaced,
});

export const secretResource = core('secrets', 'Secret', true);
export const namespaceResource = core('namespaces', 'Namespace', false);
export const kubernetesNodeResource = core('nodes', 'Node', false);
export const eventResource = core('events', 'Event', true);
export const leaseResource: ResourceType = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  namespaced: true,
};
/** Endpoints of services; the servers keep that of {@link serversService} themselves. */
export const endpointSliceResource: ResourceType = {
  group: 'discovery.k8s.io',
  version: 'v1',
  plural: 'endpointslices',
  kind: 'EndpointSlice',
  namespaced: true,
};
/** Service and slice whose endpoints are the kube-apiservers. */
export const serversService = {namespace: 'default', name: 'kubernetes'} as const;
/** Label of the leases in {@link ourNamespace} that kube-apiservers keep under their identities. */
export const serverLeaseSelector = 'apiserver.kubernetes.io/identity=kube-apiserver';
/** Label that kubeadm and its like give to control-plane Nodes. */
export const controlPlaneLabel = 'node-role.kubernetes.io/control-plane';

/** The etcd Synchronizer, which runs on a Standby only (product.md, "The pair as it is run today"). */
export const synchronizer = {
  namespace: 'cpaas-system',
  deployment: 'etcd-sync',
  lease: 'etcd-sync-mirror',
  /** Selects its ModuleInfo, whose name is generated, by the label that the platform puts on it. */
  moduleSelector: 'cpaas.io/module-name=etcd-sync',
} as const;
/** Namespaces that the Synchronizer leaves alone by default (product.md): on a Standby their objects are its own. */
export const localNamespaces: readonly string[] = [
  'cert-manager',
  'cpaas-solution',
  'cpaas-system',
  'cpaas-system-global-credentials',
  'default',
  'global-credentials',
  'kube-node-lease',
  'kube-ovn',
  'kube-public',
  'kube-system',
  'kubevirt',
  'nativestor-system',
  'nsx-system',
  'operators',
];
export const deploymentResource: ResourceType = {
  group: 'apps',
  version: 'v1',
  plural: 'deployments',
  kind: 'Deployment',
  namespaced: true,
};
/** The platform's list of installed modules. */
export const moduleInfoResource: ResourceType = {
  group: 'cluster.alauda.io',
  version: 'v1alpha1',
  plural: 'moduleinfoes',
  kind: 'ModuleInfo',
  namespaced: false,
};

/** Where our namespaced objects live: the Synchronizer leaves this namespace alone. */
export const ourNamespace = 'kube-system';
/** The one name of `EtcdEncryptionConfig` and `EtcdEncryptionRing`. */
export const singletonName = 'default';
/** Secret in {@link ourNamespace} with the root key under `root-key` (product.md). */
export const defaultRootSecret = 'etcd-derivation-root';
export const rootKeyField = 'root-key';
/** Lease of the controllers; it saves work and never fences. */
export const leaderLeaseName = 'etcd-encryption-manager';

export const annotationPrefix = 'etcd-encryption.alauda.io/';
export const annotation = {
  /** On the config: a rotation request, any text. */
  rotate: `${annotationPrefix}rotate`,
  /** On the config: stops the dangerous deeds; the text says why. */
  pause: `${annotationPrefix}pause`,
  /** On the ring: a node (or unknown member) that shall no longer count. */
  forgetNode: `${annotationPrefix}forget-node`,
  /** On the ring: check value (or `all`) of adopted keys that may be dropped. */
  dropAdopted: `${annotationPrefix}drop-adopted`,
  /** On the ring: when the newest backup of etcd was made (RFC 3339), under `retention.requireSnapshot`. */
  snapshot: `${annotationPrefix}snapshot`,
  /** On the ring: the operator accepts a union under which some aescbc values would be misread. */
  acceptAmbiguous: `${annotationPrefix}accept-ambiguous`,
  /** On the ring: `Active` or `Standby`, stated by an operator. */
  role: `${annotationPrefix}role`,
  /** On the ring: `none` = this global cluster has no Standby. */
  standby: `${annotationPrefix}standby`,
  /** On the ring: the Standby's fingerprint as JSON, put there by `verify --record`. */
  standbyProof: `${annotationPrefix}standby-proof`,
  /** On a Standby's ring: namespaces that the Synchronizer leaves alone too, and behind a minus those that it does not. */
  localNamespaces: `${annotationPrefix}local-namespaces`,
  /** On the ring: root check (16 hex digits) of the root that shall be changed to. */
  rootCheck: `${annotationPrefix}root-check`,
  /** On the ring: the revision that may become the write key, under `manual-approval`. */
  approve: `${annotationPrefix}approve`,
} as const;
