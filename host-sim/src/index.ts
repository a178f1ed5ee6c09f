// The simulated host: a cluster in virtual time with the rotation's ports, faults, users and oracles.

export {allInvariants} from './oracles/index.ts';
export type {Finding} from './oracles/readable.ts';
export {type InvariantName, InvariantViolation, type ViolationDetail} from './oracles/violation.ts';
export {createSimPorts, type SimPortsOptions} from './ports/index.ts';
export type {Decorator, ProgramState} from './program.ts';
export {
  createSimulation,
  ProgramFailed,
  type ProgramOptions,
  type Simulation,
  type SimulationOptions,
} from './run.ts';
export type {Cluster} from './world/cluster.ts';
export type {Disk, DiskNode} from './world/disk.ts';
export {configMapResource, customKind, defaultKinds, type Kind, secretResource} from './world/kinds.ts';
export {faultActor, type NodeOptions, type SimNode} from './world/node.ts';
export type {Admission} from './world/objects.ts';
export type {UserCounts, UserFailure, UserOptions, Users} from './world/users.ts';
