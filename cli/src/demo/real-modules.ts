// What the demonstration uses of the repository's cluster for tests. This package cannot import it by name, and an
// installed one has none; a test compares these shapes with what is there.

import {existsSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import type {StoreClient, StorePorts} from '@etcd-encryption/host-k8s';
import type {NodeReport} from '@etcd-encryption/rotation';
import {UsageError} from '../verb.ts';
import type {Census, Status} from './stage.ts';

/** What is used of the repository's cluster for tests, which this package cannot import by name. */
export interface RealCluster {
  readonly plane: {
    readonly nodes: readonly {readonly name: string}[];
    readonly stopServer: (node: string) => Promise<void>;
    readonly startServer: (node: string) => Promise<void>;
    readonly kubectl: (node: string, ...args: readonly string[]) => Promise<string>;
  };
  readonly controller: RealProgram;
  readonly agents: ReadonlyMap<string, RealProgram>;
  readonly store: (node?: string) => StoreClient;
  readonly startPrograms: () => void;
  readonly createConfig: () => Promise<void>;
  readonly status: () => Promise<Status>;
  readonly reports: () => Promise<readonly NodeReport[]>;
  readonly rotate: (reason: string) => Promise<void>;
  /** By resource, then key name. */
  readonly census: () => Promise<Readonly<Record<string, Census>>>;
  readonly stop: () => Promise<void>;
}

interface RealProgram {
  readonly logPath: string;
  readonly start: () => void;
  readonly end: (signal: NodeJS.Signals) => Promise<void>;
}

export interface RealUsers {
  readonly counts: {
    readonly gets: number;
    readonly lists: number;
    readonly writes: number;
    readonly failedReads: number;
    readonly failedWrites: number;
    readonly wrongContent: number;
    readonly failures: readonly string[];
  };
  readonly populate: (counts: {readonly secrets: number; readonly configMaps: number}) => Promise<void>;
  readonly start: () => void;
  readonly stop: () => Promise<unknown>;
}

export interface RealModules {
  readonly startRotationCluster: (options: {
    readonly nodes: number;
    readonly plane: {readonly dir: string; readonly report: (line: string) => void};
  }) => Promise<RealCluster>;
  readonly Workload: new (options: {
    readonly stores: () => readonly StorePorts[];
    readonly readsPerSecond: number;
    readonly writesPerSecond: number;
    readonly listEveryMs: number;
  }) => RealUsers;
}

/** @throws UsageError where the repository's control plane is not at hand */
export async function loadRealModules(): Promise<RealModules> {
  const folder = new URL('../../../test/cluster/', import.meta.url);
  const [cluster, workload] = ['rotation-cluster.ts', 'workload.ts'].map((name) => new URL(name, folder));
  if (cluster === undefined || workload === undefined || !existsSync(fileURLToPath(cluster))) {
    throw new UsageError(
      '--real: needs the project’s repository, whose kube-apiserver and etcd it starts; this is an installed package',
    );
  }
  const {startRotationCluster} = (await import(cluster.href)) as Pick<RealModules, 'startRotationCluster'>;
  const {Workload} = (await import(workload.href)) as Pick<RealModules, 'Workload'>;
  return {startRotationCluster, Workload};
}
