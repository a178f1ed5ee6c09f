// Medians, and the ratios of pairs of samples.

/** The middle value, or the mean of the two in the middle. Throws RangeError for no values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const high = sorted[Math.floor(sorted.length / 2)];
  const low = sorted[Math.floor((sorted.length - 1) / 2)];
  if (high === undefined || low === undefined) throw new RangeError('values: expected at least one, got none');
  return (low + high) / 2;
}

/** One round: the time that one unit took ourselves and the other, one right after the other, in nanoseconds. */
export type Pair = {readonly ours: number; readonly rival: number};

/** How many times faster than the other we are: the median of the rounds' ratios, the least and the greatest. */
export type Ratio = {readonly ratio: number; readonly min: number; readonly max: number; readonly rounds: number};

/** Compares within each round only: what slows the machine for a while slows both of a pair. */
export function ratioOf(pairs: readonly Pair[]): Ratio {
  const ratios = pairs.map(({ours, rival}) => rival / ours);
  return {ratio: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios), rounds: ratios.length};
}
