// A small seeded generator (mulberry32), so that a run can be repeated from its seed.

/** Whole numbers below a bound, and choices made by them. */
export type Random = {
  readonly below: (bound: number) => number;
  readonly chance: (probability: number) => boolean;
  readonly pick: <T>(choices: readonly [T, ...T[]]) => T;
};

/** The same seed gives the same numbers. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  const unit = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (bound: number): number => Math.floor(unit() * bound);
  return {
    below,
    chance: (probability) => unit() < probability,
    pick: (choices) => choices[below(choices.length)] ?? choices[0],
  };
}
