// What a campaign is made of, but for its worker threads: this package knows no host.

export {type Cell, cells, impossible, possibleCells} from './cells.ts';
export {digestSeed, type RunSeed, type SeedDigest} from './digest.ts';
export {aimOf, generateRehearsal} from './generate.ts';
export {chunkSeeds, seedsPerHit} from './limits.ts';
export {chunksOf, type SeedRange, type Shard, shardOf} from './ranges.ts';
export {
  type CampaignSummary,
  type CampaignTally,
  type CampaignVerdict,
  createCampaignTally,
  verdictOf,
} from './tally.ts';
