// The pace of a migration: how many rewrites are in flight, and how it yields to a server that pushes back.

/** How fast a controller rewrites now: it doubles while all goes well and halves when a server pushes back. */
export interface Pace {
  inFlight: number;
}

export interface PaceLimits {
  readonly maxInFlight: number;
  /** Most rewrites a second; absent: as fast as `maxInFlight` allows. */
  readonly qps?: number;
}

/** Rewrites in flight at first. */
const firstInFlight = 8;
/** Requests of one batch per place in flight; between two batches the pace is looked at. */
export const batchDepth = 4;
/** Pause after a push-back without Retry-After, and the longest one we wait in one go, ms. */
export const pushBackMs = 500;
export const maxPushBackMs = 5_000;

export const newPace = (): Pace => ({inFlight: firstInFlight});
