// Keyed random substreams: each choice is hash(seed, entity, purpose, n), so removing one fault or one entity does not
// reshuffle what the others draw. Not for keys of a real cluster.

/** Draws of one entity for one purpose. */
export interface Stream {
  /** A number in [0, 1). */
  next(): number;
  /** A whole number from `least` to `most`, both included. */
  integer(least: number, most: number): number;
  /** True with probability `p`. */
  chance(p: number): boolean;
  /** One of `items`, which must not be empty. */
  pick<T>(items: readonly T[]): T;
  bytes(length: number): Uint8Array;
}

export interface Random {
  readonly seed: number;
  /** The stream of an entity for a purpose; asking again continues the same stream. */
  stream(entity: string, purpose: string): Stream;
  /** Draws that depend on nothing that was drawn before: a number in [0, 1) for a time and a count. */
  keyed(entity: string, purpose: string): (atMs: number, n: number) => number;
}

export function createRandom(seed: number): Random {
  const streams = new Map<string, Stream>();
  return {
    seed,
    stream(entity, purpose) {
      const id = `${entity}\n${purpose}`;
      const known = streams.get(id);
      if (known !== undefined) return known;
      const made = createStream(seed, id);
      streams.set(id, made);
      return made;
    },
    keyed(entity, purpose) {
      const {low, high} = keyOf(seed, `${entity}\n${purpose}`);
      return (atMs, n) => {
        const time = mix(low ^ Math.imul(atMs >>> 0, 0x85ebca6b) ^ Math.floor(atMs / 2 ** 32));
        return mix(time ^ high ^ Math.imul(n, 0x9e3779b1)) / 2 ** 32;
      };
    },
  };
}

const keyOf = (seed: number, id: string): {readonly low: number; readonly high: number} => ({
  low: hashText(id, seed >>> 0),
  high: hashText(id, Math.floor(seed / 2 ** 32) ^ 0x9e3779b9),
});

function createStream(seed: number, id: string): Stream {
  const {low, high} = keyOf(seed, id);
  let n = 0;
  const word = (): number => {
    n++;
    return mix(mix(low ^ Math.imul(n, 0x85ebca6b)) ^ high ^ n);
  };
  const next = (): number => (word() * 2 ** 21 + (word() >>> 11)) / 2 ** 53;
  const integer = (least: number, most: number): number => least + Math.floor(next() * (most - least + 1));
  return {
    next,
    integer,
    chance: (p) => next() < p,
    pick<T>(items: readonly T[]): T {
      if (items.length === 0) throw new RangeError('items: expected at least one, got none');
      return items[integer(0, items.length - 1)] as T;
    },
    bytes(length) {
      const out = new Uint8Array(length);
      for (let i = 0; i < length; i++) out[i] = word() & 255;
      return out;
    },
  };
}

/** A 32-bit hash of a text (FNV-1a with a final mix), from a starting state. */
export function hashText(text: string, start = 0x811c9dc5): number {
  let state = start ^ 0x811c9dc5;
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193);
  return mix(state);
}

function mix(value: number): number {
  let state = value ^ (value >>> 16);
  state = Math.imul(state, 0x7feb352d);
  state = Math.imul(state ^ (state >>> 15), 0x846ca68b);
  return (state ^ (state >>> 16)) >>> 0;
}
