// Bounds and periods of campaigns and shrinking, with their units and reasons.

/** One seed in so many is run twice and has to leave the same trace (simulator.md "Engine rules"). */
export const repeatEvery = 100;
/** Of these, one seed in so many is run with real AES-GCM the second time. */
export const realEvery = 1_000;
/** Seeds that a worker runs at a time: enough that messages cost nothing, few enough that the order needs little memory. */
export const chunkSeeds = 8;
/** Failing seeds that a campaign keeps word for word; the rest are counted. */
export const keptFailures = 20;
/** A campaign has to hit each possible cell once for each so many of its seeds: 100 times in 100,000. */
export const seedsPerHit = 1_000;
/** Period of a server's look at its file in a campaign's worlds, ms; companions of an aimed fault come within two. */
export const campaignPollMs = 10_000;
/** Most runs that shrinking may cost. */
export const maxShrinkRuns = 2_000;
