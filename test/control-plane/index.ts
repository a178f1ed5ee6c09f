// The real control plane for tests.
export type {Report} from './build.ts';
export {ensureBinaries} from './build.ts';
export type {Account, KubeconfigTarget} from './certificates.ts';
export type {AccountFiles, ControlPlaneEtcd, ControlPlaneNode} from './control-plane.ts';
export {ControlPlane} from './control-plane.ts';
export type {LoaderAnswer, LoaderOptions} from './loader-client.ts';
export {LoaderClient, openLoader} from './loader-client.ts';
export type {ControlPlaneOptions, NodePlan} from './options.ts';
export type {Binary} from './paths.ts';
export {binaryPath} from './paths.ts';
export type {ClientFiles, ProbeAnswer} from './probe.ts';
export {probe} from './probe.ts';
export type {ProcessIdentity} from './processes.ts';
export {identifyProcess, isRunning} from './processes.ts';
export type {StartOptions} from './server.ts';
export {startControlPlane} from './start.ts';
export {stopControlPlane} from './stop.ts';
