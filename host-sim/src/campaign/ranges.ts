// Which seeds a campaign runs: a range, the share of one shard of it, and the chunks that its workers take.

import {chunkSeeds} from './limits.ts';

export interface SeedRange {
  readonly from: number;
  readonly count: number;
}

/** Share `index` of `of`, counted from 0. */
export interface Shard {
  readonly index: number;
  readonly of: number;
}

/** The shard's part of a range: parts do not overlap, leave nothing out, and differ by one seed at most. */
export function shardOf({from, count}: SeedRange, {index, of}: Shard): SeedRange {
  if (!Number.isSafeInteger(of) || of < 1) throw new RangeError(`of: expected a whole number from 1, got ${of}`);
  if (!Number.isSafeInteger(index) || index < 0 || index >= of)
    throw new RangeError(`index: expected a whole number from 0 to ${of - 1}, got ${index}`);
  const least = Math.floor(count / of);
  const more = count % of;
  return {from: from + index * least + Math.min(index, more), count: least + (index < more ? 1 : 0)};
}

/** The range in small pieces, in order. */
export function* chunksOf({from, count}: SeedRange): Generator<SeedRange> {
  for (let done = 0; done < count; done += chunkSeeds) {
    yield {from: from + done, count: Math.min(chunkSeeds, count - done)};
  }
}
