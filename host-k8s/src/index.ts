// The host package: the rotation ports on a real cluster.

export {createServerPorts, type NodeServer, type ServerOptions, type ServerPorts} from './api-server.ts';
export {type Clock, type ClockPorts, createClock} from './clock.ts';
export type {ConfigSpec, ConfigStatus} from './crd/config.ts';
export {configSpecSchema, configStatusSchema} from './crd/config.ts';
export {type CustomResourceDefinition, customResourceDefinitions} from './crd/definitions.ts';
export {type SeedBundleSpec, seedBundleSchema} from './crd/derivation.ts';
export {checkInstalledSchema, crdResource, type InstalledSchema, missingFields} from './crd/installed.ts';
export {type KeySpec, keySpecSchema} from './crd/key.ts';
export {type NodeStatus, nodeReportSchema} from './crd/node.ts';
export {crdFileName, renderCrd, renderCrds} from './crd/render.ts';
export {type RingSpec, ringSchema} from './crd/ring.ts';
export {type ResourceMap, readResourceMap} from './discovery.ts';
export {createEntropyPorts, type EntropyPorts} from './entropy.ts';
export {portErrorOf} from './errno.ts';
export {createEtcdPorts, type EtcdClient, type EtcdOptions, type EtcdPorts} from './etcd.ts';
export {
  keyBytes,
  keyText,
  prefixEnd,
  readRangeResponse,
  readStatusResponse,
  type StatusResponse as EtcdStatus,
  writeRangeRequest,
} from './etcd-messages.ts';
export {createFilesPorts, type FilesOptions, type FilesPorts} from './files.ts';
export {createGrpcClient, type GrpcClient, type GrpcTls as EtcdTls} from './grpc.ts';
export {type CredentialSource, type Credentials, inClusterCredentials, kubeconfigCredentials} from './kubeconfig.ts';
export {type EtcdAddress, type NodeEtcdOptions, openEtcd} from './node-etcd.ts';
export {type EtcdFlags, manifestPath, type PlatformOptions, readEtcdFlags, readPlatform} from './platform.ts';
export {
  type ClusterOptions,
  type ControllerOptions,
  type NodeProgramOptions,
  runAgent,
  runController,
  runScanner,
} from './programs.ts';
export {type RecoveredKeys, recoverKeys} from './recovery.ts';
export {createSealPorts, type SealPorts} from './seal.ts';
export {createEvidenceReader, type EvidenceReader} from './server-evidence.ts';
export {type ServerIdentity, serverIdentity} from './server-identity.ts';
export {createStorePorts, type StoreClient, type StoreOptions, type StorePorts, storePortsOn} from './store.ts';
export {createTracePorts, type TraceOptions, type TracePorts} from './trace.ts';
export {type ApiAnswer, type ApiRequest, type ApiTransport, createApiTransport} from './transport.ts';
export {type Watch, type WatchOptions, type WatchTarget, watchHints} from './watch.ts';
