// Writes the kernel's generated sources: SHA-512's constants and its compression function in three forms.
import {lanes, type Notation, plain} from './notation.ts';
import {addToState, extend, loadState, round, roundsAtOnce, type Words} from './rounds.ts';

/** One form of the compression function. */
interface Form {
  readonly name: string;
  readonly about: readonly string[];
  /** The hashes it works on at once, with the words of their messages and states. */
  readonly hashes: readonly {readonly notation: Notation; readonly words: Words; readonly state: Words}[];
  /** The statements that append the words which the schedule makes in round `t`, in one list for each notation. */
  readonly schedule: (t: number) => readonly string[][];
  readonly temporaries: readonly string[];
  /** Bytes from a word to the next. */
  readonly stride: number;
}

const numbers = Array.from({length: roundsAtOnce}, (_, t) => t);
const scalarTemporaries = ['let x: u64;', 'let y: u64;'];
const vectorTemporaries = ['let vx: v128;', 'let vy: v128;'];
const sideBySide = (at: string): Words => ({at, first: 0, stride: 8});
const firstTwo = (at: string): Words => ({at, first: 0, stride: 32});
const third = (at: string): Words => ({at, first: 16, stride: 32});

/** One hash in plain words, schedule and all. */
export function renderCompressOneScalar(): string {
  return render({
    name: 'compressOneScalar',
    about: ['One hash, for engines without vectors.'],
    hashes: [{notation: plain, words: sideBySide('words'), state: sideBySide('state')}],
    schedule: (t) => [extend(plain, t, sideBySide('words'))],
    temporaries: scalarTemporaries,
    stride: 8,
  });
}

/** One hash in plain words; its schedule in vectors, two words at a time. */
export function renderCompressOneSimd(): string {
  return render({
    name: 'compressOneSimd',
    about: ['One hash; the lanes of a vector are two words of its schedule that follow each other.'],
    hashes: [{notation: plain, words: sideBySide('words'), state: sideBySide('state')}],
    schedule: (t) => (t % 2 === 0 ? [extend(lanes, t, sideBySide('words'))] : []),
    temporaries: vectorTemporaries,
    stride: 8,
  });
}

/** Two hashes in the lanes of vectors and a third in plain words, which keep all units of the processor busy. */
export function renderCompressThree(): string {
  return render({
    name: 'compressThree',
    about: ['Three hashes: two in the lanes of vectors, the third in plain words, whose turns fill the gaps.'],
    hashes: [
      {notation: lanes, words: firstTwo('words'), state: firstTwo('state')},
      {notation: plain, words: third('words'), state: third('state')},
    ],
    schedule: (t) => [extend(lanes, t, firstTwo('words')), extend(plain, t, third('words'))],
    temporaries: [...vectorTemporaries, ...scalarTemporaries],
    stride: 32,
  });
}

function render({name, about, hashes, schedule, temporaries, stride}: Form): string {
  const rounds = (t: number) => hashes.map(({notation, words}) => round(notation, t, words));
  const next = [`words += ${roundsAtOnce * stride};`, `k += ${roundsAtOnce * 8};`];
  const scheduled = numbers.flatMap((t) => interleave([...rounds(t), ...schedule(t)]));
  const last = numbers.flatMap((t) => interleave(rounds(t)));
  return [
    ...headerOf(about),
    "import {roundConstants} from './constants.gen';",
    '',
    '/** Hashes the 16 words of a block. With `kept`, the 64 that follow them are there already. */',
    `export function ${name}(state: usize, words: usize, kept: bool): void {`,
    ...indent(hashes.flatMap(({notation, state}) => loadState(notation, state))),
    ...indent([...temporaries, 'let k = roundConstants;']),
    `  for (const end = k + (kept ? 0 : ${64 * 8}); k < end; ) {`,
    ...indent(indent([...scheduled, ...next])),
    '  }',
    `  for (const end = roundConstants + ${80 * 8}; k < end; ) {`,
    ...indent(indent([...last, ...next])),
    '  }',
    ...indent(hashes.flatMap(({notation, state}) => addToState(notation, state))),
    '}',
    '',
  ].join('\n');
}

/** The constants of FIPS 180-4, sections 4.2.3 and 5.3.5: 64 bits of roots of the first primes. */
export function renderConstants(): string {
  const table = (name: string, words: readonly bigint[]) => [
    `export const ${name}: usize = memory.data<u64>([`,
    ...words.map((word) => `  0x${word.toString(16).padStart(16, '0')},`),
    ']);',
  ];
  const cubes = firstPrimes(80).map((prime) => fractionOfRoot(prime, 3n));
  const squares = firstPrimes(8).map((prime) => fractionOfRoot(prime, 2n));
  return [
    ...headerOf(['The constants of SHA-512, below `scratchAt`: fractions of cube roots and square roots of primes.']),
    '',
    ...table('roundConstants', cubes),
    '',
    ...table('initialState', squares),
    '',
  ].join('\n');
}

function headerOf(about: readonly string[]): string[] {
  return [
    ...about.map((line) => `// ${line}`),
    '// Written by wasm/scripts/compress.ts; `npm run generate` renews it.',
  ];
}

/**
 * The first of each list, then the second of each: statements that wait for nothing of each other stand close together,
 * within what a processor looks ahead.
 */
function interleave(lists: readonly string[][]): string[] {
  const longest = Math.max(...lists.map(({length}) => length));
  return Array.from({length: longest}, (_, i) => lists.flatMap((list) => list.slice(i, i + 1))).flat();
}

const indent = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);

function firstPrimes(count: number): bigint[] {
  const primes: bigint[] = [];
  for (let n = 2n; primes.length < count; n++) if (primes.every((prime) => n % prime !== 0n)) primes.push(n);
  return primes;
}

/** The first 64 bits of the fraction of a number's root, by halving an interval. */
function fractionOfRoot(of: bigint, degree: bigint): bigint {
  const target = of << (64n * degree);
  let low = 0n;
  let high = of << 64n;
  while (low < high) {
    const middle = (low + high + 1n) >> 1n;
    if (middle ** degree <= target) low = middle;
    else high = middle - 1n;
  }
  return low & ((1n << 64n) - 1n);
}
