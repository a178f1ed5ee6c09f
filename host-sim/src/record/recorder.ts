// Watches a run and makes its recording. It only listens: with it or without it, the run has the same trace hash.

import type {Simulation} from '../run.ts';
import type {TraceLine} from '../trace.ts';
import type {Cluster} from '../world/cluster.ts';
import {watchCluster} from './cluster-watch.ts';
import {createMarks} from './marks.ts';
import {type Mark, type Recording, recordingVersion, type Setting, type Verdict} from './model.ts';
import type {NewMark} from './rings.ts';
import {markOf} from './trace-marks.ts';

export interface RecorderOptions {
  readonly title: string;
  readonly explanation?: string;
  readonly seed: number;
  readonly settings?: readonly Setting[];
  /** Phase of a cluster, looked at whenever something changes there; absent: as its own status says. */
  readonly phaseOf?: (cluster: string) => string | undefined;
  /** Told of each mark as it is made. */
  readonly listen?: (mark: Mark) => void;
  /** Resources whose values are counted, such as `secrets`; those that get an encrypted value later join them. */
  readonly resources?: readonly string[];
}

export interface Recorder {
  /**
   * Adds what only whoever drives the run knows: what an operator or a fault did. At present unless `atMs` says. What
   * the trace tells of the same kind, cluster and moment is left out.
   */
  readonly mark: (mark: NewMark & {readonly cluster?: string; readonly atMs?: number}) => void;
  /** Ends the recording with what came out. */
  readonly finish: (verdict: Verdict) => Recording;
}

/** Records from now on. Call it before time passes. */
export function createRecorder(simulation: Simulation, options: RecorderOptions): Recorder {
  const {scheduler, trace} = simulation.world;
  const clusters = simulation.sides.map(({cluster}) => cluster);
  const marks = createMarks(options.listen);
  const surroundings = {
    add: marks.add,
    writers: new Map<string, string>(),
    paired: clusters.length > 1,
    resources: options.resources ?? ['secrets', 'configmaps'],
    phaseOf: options.phaseOf,
  };
  const watches = clusters.map((cluster) => watchCluster(cluster, surroundings));
  trace.listen((line) => {
    const mark = markOf(line);
    if (mark !== undefined) marks.addTraced({atMs: line.atMs, ...placeOf(line, clusters), ...mark});
  });
  return {
    mark: ({cluster = '', atMs = scheduler.nowMs, ...rest}) => marks.tell({atMs, cluster, ...rest}),
    finish(verdict) {
      const endMs = Math.max(scheduler.nowMs, 1);
      const {title, explanation, seed, settings = []} = options;
      return {
        v: recordingVersion,
        title,
        ...(explanation === undefined ? {} : {explanation}),
        seed,
        settings,
        verdict,
        virtualMs: endMs,
        clusters: watches.map((watch) => watch.close(endMs)),
        marks: marks.sorted(),
        cuts: [...marks.cuts(), ...watches.flatMap((watch) => watch.cuts())],
      };
    },
  };
}

/** An entity such as `east/agent-e1` or `west/w2` is of a cluster, and may be of a node. */
function placeOf({entity}: TraceLine, clusters: readonly Cluster[]): Pick<Mark, 'cluster' | 'node'> {
  const [first] = clusters;
  const [before = '', after = before] = entity.split('/');
  const cluster = clusters.find(({name}) => name === before) ?? (clusters.length === 1 ? first : undefined);
  const node = cluster?.nodes.find(({name}) => new RegExp(`(^|[- ])${escapePattern(name)}$`).test(after));
  return {cluster: cluster?.name ?? '', node: node?.name ?? ''};
}

const escapePattern = (name: string): string => name.replaceAll(/[^\w-]/g, String.raw`\$&`);
