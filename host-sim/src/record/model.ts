// What one seed of a rehearsal looked like over time, as plain JSON data: what a report draws. Key names, counts, names
// and times only; never a key.

/** Version of this form; a reader refuses another one. */
export const recordingVersion = 1;

export interface Recording {
  readonly v: typeof recordingVersion;
  readonly title: string;
  /** For people: what was rehearsed and what had to come out of it. */
  readonly explanation?: string;
  readonly seed: number;
  /** What the run was set to, in the words of its file. */
  readonly settings: readonly Setting[];
  readonly verdict: Verdict;
  /** Virtual time that passed. */
  readonly virtualMs: number;
  /** In the order of the run. */
  readonly clusters: readonly ClusterRecording[];
  /** By time. */
  readonly marks: readonly Mark[];
  /** What was left out for its size, in sentences; empty when nothing was. */
  readonly cuts: readonly string[];
}

export interface Setting {
  readonly name: string;
  readonly value: string;
}

/** `vacuous`: nothing broke, and something planned never happened. */
export interface Verdict {
  readonly state: 'passed' | 'violated' | 'vacuous';
  /** One sentence. */
  readonly text: string;
}

/** `fromMs` is in it, `toMs` is not; virtual ms. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface ClusterRecording {
  readonly name: string;
  /** One per server, in the order in which their nodes came. */
  readonly lanes: readonly Lane[];
  readonly values: ValueSeries;
  /** The SeedBundle that this cluster followed; gaps are times without one. */
  readonly bundles: readonly BundleSpan[];
  /** Active or Standby by the truth of the run, and what the cluster says of itself where that differs. */
  readonly roles: readonly Band[];
  /** Phase of the rotation as the cluster's own status told it. */
  readonly phases: readonly Band[];
  /** Values that the Synchronizer had still to bring here; empty where none runs. */
  readonly backlog: readonly CountStep[];
}

export interface Lane {
  readonly node: string;
  /** Without gaps from the node's beginning to the end of the run; no two neighbours are equal. */
  readonly intervals: readonly LaneInterval[];
}

/** `draining`: takes no new request and may still write; `down`: no process answers. */
export type ServerState = 'serving' | 'draining' | 'down';

/** What the process had loaded, never what its file said. Keys as {@link ValueSeries} names them. */
export interface LaneInterval extends Span {
  readonly state: ServerState;
  /** Empty while it is down. */
  readonly writeKey: string;
  /** Sorted, oldest revision first. */
  readonly readKeys: readonly string[];
}

/** Live values by the key that wrote them, of the resources that are encrypted. */
export interface ValueSeries {
  /** `clear`, or names of keys; an adopted key with its provider, and with its check value where names collide. */
  readonly keys: readonly string[];
  readonly steps: readonly ValueStep[];
}

export interface ValueStep {
  readonly atMs: number;
  /** In the order of `keys`; from here until the next step. */
  readonly counts: readonly number[];
}

export interface CountStep {
  readonly atMs: number;
  readonly count: number;
}

export interface Band extends Span {
  readonly name: string;
}

export interface BundleSpan extends Span {
  /** Cluster that wrote it; empty where no ring tells. */
  readonly writer: string;
  /** First digits of its id, to tell lineages apart. */
  readonly bundle: string;
  readonly generation: number;
  /** Rising. */
  readonly revisions: readonly number[];
}

/**
 * `deed`: one of the dangerous ones, publish, activate or drop; `step`: another thing that our programs did; `operator`:
 * what people do; `fault`: what the world does to them; `failover`: another side is Active; `violation`: something that
 * had to hold did not.
 */
export type MarkKind = 'deed' | 'step' | 'operator' | 'fault' | 'failover' | 'violation';

export interface Mark {
  readonly atMs: number;
  /** Empty for what concerns all of them. */
  readonly cluster: string;
  /** Empty where it is no one node's. */
  readonly node: string;
  readonly kind: MarkKind;
  /** One word or two: `publish`, `activate`, `drop`, `mint`, `crash`, … */
  readonly what: string;
  /** One sentence for people. */
  readonly text: string;
}
