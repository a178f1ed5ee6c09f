// How long and how often things are measured.

/** Alternating rounds of every pair of ways. */
export const defaultRounds = 21;

/** Fewer rounds have no median worth a check. */
export const leastCheckedRounds = 15;

/** Milliseconds that each side works in one round: far above the clock's steps and a collection of young garbage. */
export const sampleMs = 25;

/** Milliseconds after which the two sides of a round take turns: about what a busy machine lets a process run. */
export const sliceMs = 3;

/** Part of a slice's time for which this thread must have had the processor; the rest is for the clock's own faults. */
export const heldPart = 0.9;

/** Part of a pair's rounds that must be undisturbed for the disturbed ones to be left out. */
export const undisturbedPart = 1 / 3;

/** How often a disturbed slice is taken again before the least disturbed one counts. */
export const maxRetakes = 3;

/** Milliseconds that each way works before anything counts, so that the engine has compiled it. */
export const warmUpMs = 120;

/** Milliseconds that a foreign runner may measure each way. */
export const runnerMs = 400;

/** Milliseconds after which a child process counts as hanging. */
export const childMs = 60_000;

/** Rounds of a rate: each does the same work with another seed. */
export const rateRounds = 3;

/** Virtual time that a simulated pair is rotated for in one round, ms. */
export const rotatedMs = 3_600_000;

/** Campaign seeds of one round. */
export const campaignSeeds = 8;

/** Derivations of one batch. */
export const batchSize = 1_000;

/** Calls that a single-derivation sample makes one after the other before it looks at the clock. */
export const singleCalls = 100;

/** Entries of the SeedBundle that is decoded, verified and derived. */
export const bundleEntries = 8;

/** Fresh processes of which the quickest is a sample of the first key. */
export const processesPerSample = 3;
