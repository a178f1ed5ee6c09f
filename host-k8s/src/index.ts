// The host package: the rotation ports on a real cluster.

export {createServerPorts, type NodeServer, type ServerOptions, type ServerPorts} from './api-server.ts';
export {type Clock, type ClockPorts, createClock} from './clock.ts';
export {createEntropyPorts, type EntropyPorts} from './entropy.ts';
export {createEtcdPorts, type EtcdClient, type EtcdOptions, type EtcdPorts} from './etcd.ts';
export type {StatusResponse as EtcdStatus} from './etcd-messages.ts';
export {createFilesPorts, type FilesOptions, type FilesPorts} from './files.ts';
export type {GrpcTls as EtcdTls} from './grpc.ts';
export {type EtcdFlags, manifestPath, type PlatformOptions, readEtcdFlags, readPlatform} from './platform.ts';
export {createSealPorts, type SealPorts} from './seal.ts';
export {type ServerIdentity, serverIdentity} from './server-identity.ts';
export {createTracePorts, type TraceOptions, type TracePorts} from './trace.ts';
