// The rounds and the message schedule of SHA-512 (FIPS 180-4, sections 4.1.3 and 6.4.2) as statements. Eight rounds
// stand one after another, because after eight every working variable has its own name again: none is ever moved.
import type {Notation} from './notation.ts';

const letters = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'] as const;

/** Rounds that stand one after another. */
export const roundsAtOnce = 8;

/** Where words lie: `at + first + t * stride`. */
export interface Words {
  readonly at: string;
  readonly first: number;
  readonly stride: number;
}

const offsetOf = ({first, stride}: Words, t: number): number => first + t * stride;

/** Declares the working variables and loads them from the state. */
export function loadState(to: Notation, from: Words): string[] {
  const name = (letter: string) => to.prefix + letter;
  return [
    ...letters.map((letter, i) => `let ${name(letter)} = ${to.load(from.at, offsetOf(from, i))};`),
    `let ${name('ab')}: ${to.type};`,
    `let ${name('bc')} = ${to.xor(name('b'), name('c'))};`,
  ];
}

/** Adds the working variables to the state. */
export function addToState(to: Notation, state: Words): string[] {
  return letters.map((letter, i) => {
    const sum = to.add(to.prefix + letter, to.load(state.at, offsetOf(state, i)));
    return to.store(state.at, offsetOf(state, i), sum);
  });
}

/**
 * Round `t` of eight; the constants are at `k`. Maj(a, b, c) is written as ((a ^ b) & (b ^ c)) ^ b, because a ^ b is
 * the next round's b ^ c. The terms that wait for nothing are added first.
 */
export function round(to: Notation, t: number, words: Words): string[] {
  const name = (i: number) => to.prefix + letters[(i - t + letters.length) % letters.length];
  const [a, b, d, e, f, g, h] = [name(0), name(1), name(3), name(4), name(5), name(6), name(7)];
  const [ab, bc] = t % 2 === 0 ? [`${to.prefix}ab`, `${to.prefix}bc`] : [`${to.prefix}bc`, `${to.prefix}ab`];
  const sum1 = to.xor(...[14, 18, 41].flatMap((by) => to.turned(e, by)));
  const sum0 = to.xor(...[28, 34, 39].flatMap((by) => to.turned(a, by)));
  const choice = to.xor(g, to.and(e, to.xor(f, g)));
  const word = to.load(words.at, offsetOf(words, t));
  return [
    `${h} = ${to.add(h, word, to.loadConstant('k', t * 8), choice, sum1)};`,
    `${d} = ${to.add(d, h)};`,
    `${ab} = ${to.xor(a, b)};`,
    `${h} = ${to.add(h, to.xor(to.and(ab, bc), b), sum0)};`,
  ];
}

/** Appends word `t + 16`. With vectors over words that stand side by side, word `t + 17` as well. */
export function extend(to: Notation, t: number, words: Words): string[] {
  const word = (n: number) => to.load(words.at, offsetOf(words, t + n));
  const [x, y] = [`${to.prefix}x`, `${to.prefix}y`];
  const sigma0 = to.xor(...to.turned(x, 1), ...to.turned(x, 8), to.shifted(x, 7));
  const sigma1 = to.xor(...to.turned(y, 19), ...to.turned(y, 61), to.shifted(y, 6));
  return [
    `${x} = ${word(1)};`,
    `${y} = ${word(14)};`,
    to.store(words.at, offsetOf(words, t + 16), to.add(word(0), word(9), sigma0, sigma1)),
  ];
}
