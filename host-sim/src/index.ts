// The simulated host: a cluster in virtual time with the rotation's ports, faults, users and oracles.

export * from './campaign/index.ts';
export * from './mutants/index.ts';
export {allInvariants} from './oracles/index.ts';
export {
  allPromises,
  createLiveness,
  type Liveness,
  type LivenessCluster,
  type LivenessSubject,
  type PromiseName,
} from './oracles/liveness.ts';
export type {BlindSpot, OracleOptions} from './oracles/options.ts';
export type {Finding} from './oracles/readable.ts';
export {secretIn} from './oracles/secrecy.ts';
export {type InvariantName, InvariantViolation, type ViolationDetail} from './oracles/violation.ts';
export {
  createNamedPair,
  createPair,
  type Pair,
  type PairOptions,
  type PairSideOptions,
  replicatedNamespace,
  type SideName,
} from './pair.ts';
export {createSimPorts, type SimPortsOptions} from './ports/index.ts';
export type {Decorator, ProgramState} from './program.ts';
export * from './record/index.ts';
export {bundleText, createDerivable} from './rehearsal/derivable.ts';
export type {ManagedCluster, SaidStatus} from './rehearsal/managed.ts';
export * from './rehearsal/model.ts';
export {type ClusterRole, cellOf, isVacuous, type SeedResult, type Strike, type Violation} from './rehearsal/result.ts';
export {createRun, type Run, type RunOptions, runRehearsal} from './rehearsal/run.ts';
export type {WorldTimes} from './rehearsal/settings.ts';
export type {RunEvent} from './rehearsal/stage.ts';
export {
  createSimulation,
  ProgramFailed,
  type ProgramOptions,
  type Simulation,
  type SimulationOptions,
} from './run.ts';
export {deedsOf, type ShrinkOptions, shrinkRehearsal} from './shrink/shrink.ts';
export type {Side, SideOptions} from './side.ts';
export {type CutKind, cutKinds, type SieveCut} from './sieve/cuts.ts';
export {
  countPairs,
  type FailoverAt,
  pairOfCuts,
  type Reference,
  refer,
  runCuts,
  type Sieve,
  singleCuts,
  withFailover,
} from './sieve/sieve.ts';
export type {FaultKind} from './small-world/choices.ts';
export {
  type SearchOptions,
  type SearchProgress,
  type SearchResult,
  searchSmallWorld,
} from './small-world/search.ts';
export type {Cluster} from './world/cluster.ts';
export type {Disk, DiskNode} from './world/disk.ts';
export {
  configMapResource,
  customKind,
  defaultKinds,
  type Kind,
  secretResource,
} from './world/kinds.ts';
export {mirrorDeployment, mirrorLease} from './world/mirror-signs.ts';
export {faultActor, type NodeOptions, type SimNode} from './world/node.ts';
export type {Admission} from './world/objects.ts';
export {exactCopyKeys, excludedNamespaces, excludedPrefixes, type ReplicationRule} from './world/replication.ts';
export {compareSides, type Difference, restoreSnapshot, type Snapshot, takeSnapshot} from './world/snapshot.ts';
export {mirrorWriter, type Synchronizer, type SynchronizerOptions} from './world/synchronizer.ts';
export type {UserCounts, UserFailure, UserOptions} from './world/user-counts.ts';
export type {Users} from './world/users.ts';
