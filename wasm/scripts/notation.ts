// How a hash is written in AssemblyScript: over plain words of 64 bits, or over the words of two hashes in the lanes of
// a vector. WebAssembly has no rotation of lanes, hence the two shifts for each.

/** Expressions and names of one hash's round. */
export interface Notation {
  /** Put before the names of the hash's variables. */
  readonly prefix: string;
  /** The type of its variables. */
  readonly type: 'u64' | 'v128';
  /** Bytes of one variable. */
  readonly bytes: number;
  readonly add: (...terms: readonly string[]) => string;
  readonly xor: (...terms: readonly string[]) => string;
  readonly and: (a: string, b: string) => string;
  readonly load: (at: string, offset: number) => string;
  readonly store: (at: string, offset: number, value: string) => string;
  /** A word of 64 bits, in every lane. */
  readonly loadConstant: (at: string, offset: number) => string;
  /** The terms of an XOR that make a value turned to the right. */
  readonly turned: (value: string, by: number) => readonly string[];
  readonly shifted: (value: string, by: number) => string;
}

const join = (terms: readonly string[], two: (a: string, b: string) => string): string => terms.reduce(two);

export const plain: Notation = {
  prefix: '',
  type: 'u64',
  bytes: 8,
  add: (...terms) => terms.join(' + '),
  xor: (...terms) => `(${terms.join(' ^ ')})`,
  and: (a, b) => `(${a} & ${b})`,
  load: (at, offset) => `load<u64>(${at}, ${offset})`,
  store: (at, offset, value) => `store<u64>(${at}, ${value}, ${offset});`,
  loadConstant: (at, offset) => `load<u64>(${at}, ${offset})`,
  turned: (value, by) => [`rotr<u64>(${value}, ${by})`],
  shifted: (value, by) => `(${value} >> ${by})`,
};

export const lanes: Notation = {
  prefix: 'v',
  type: 'v128',
  bytes: 16,
  add: (...terms) => join(terms, (a, b) => `i64x2.add(${a}, ${b})`),
  xor: (...terms) => join(terms, (a, b) => `v128.xor(${a}, ${b})`),
  and: (a, b) => `v128.and(${a}, ${b})`,
  load: (at, offset) => `v128.load(${at}, ${offset})`,
  store: (at, offset, value) => `v128.store(${at}, ${value}, ${offset});`,
  loadConstant: (at, offset) => `v128.load_splat<u64>(${at}, ${offset})`,
  turned: (value, by) => [`i64x2.shr_u(${value}, ${by})`, `i64x2.shl(${value}, ${64 - by})`],
  shifted: (value, by) => `i64x2.shr_u(${value}, ${by})`,
};
