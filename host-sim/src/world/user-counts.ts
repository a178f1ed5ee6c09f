// What users are asked to do, and what they tell of it.

export interface UserOptions {
  /** Mean number of requests of each sort a second. */
  readonly writesPerSecond?: number;
  readonly readsPerSecond?: number;
  readonly listsPerSecond?: number;
  /** Share of the writes that create an object; 0.05 unless given. */
  readonly creates?: number;
  /** Share of the other writes that delete one; none unless given. */
  readonly deletes?: number;
  /** Resources that users touch; the objects made at the beginning are of these. */
  readonly resources?: readonly string[];
  /** Writes that are encrypted now and committed after up to `maxMs`, with probability `p`. */
  readonly lateCommit?: {readonly p: number; readonly maxMs: number};
  /** Probability that a write goes to a server that is draining, when there is one. */
  readonly toDraining?: number;
  /** Where their objects are; absent: `default`. */
  readonly namespace?: string;
  /** Whose name their choices are drawn under; absent: the cluster's. */
  readonly name?: string;
}

export interface UserFailure {
  readonly atMs: number;
  readonly operation: 'get' | 'list' | 'write' | 'content';
  readonly what: string;
  readonly message: string;
}

export interface UserCounts {
  readonly reads: number;
  readonly lists: number;
  readonly writes: number;
  readonly created: number;
  readonly deleted: number;
  /** Writes that another write overtook, and that were tried again. */
  readonly conflicts: number;
  readonly failedReads: number;
  readonly failedWrites: number;
  /** Reads that gave another content than was written. */
  readonly wrongContent: number;
  /** Requests that met no serving server at all. */
  readonly refused: number;
  /** Objects and changes that were not on the other side when they moved there. */
  readonly lost: number;
}
