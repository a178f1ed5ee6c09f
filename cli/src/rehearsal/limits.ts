// Bounds of a rehearsal file. They keep a mistyped number from becoming a run that never ends.

/** Longest text that is read, UTF-16 units. */
export const maxRehearsalLength = 131_072;
/** Most problems of one file that are told. */
export const maxProblems = 50;
/** Longest piece of what was there that a problem repeats, characters. */
export const maxGotLength = 60;
/** Longest duration: ten years, ms. */
export const maxDurationMs = 87_600 * 3_600_000;
/** Most control-plane nodes of one cluster (simulator.md "World"). */
export const maxNodes = 5;
/** Most clusters: an Active and a Standby. */
export const maxClusters = 2;
/** Most objects of one resource on one cluster. */
export const maxObjects = 1_000_000;
/** Most writes in one second, minute or hour. */
export const maxWrites = 1_000;
/** Most entries of a timeline, and most deeds of one entry. */
export const maxTimelineEntries = 1_000;
export const maxDeeds = 16;
/** Most expectations. */
export const maxExpectations = 100;
/** Most seeds of one rehearsal. */
export const maxSeeds = 1_000_000_000;
/** Longest explanation, characters. */
export const maxExplanationLength = 2_000;
/** Most revisions that a file keeps; EtcdEncryptionConfig takes no more either. */
export const maxRevisions = 64;
