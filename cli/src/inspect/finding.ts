// What `inspect` says about a file, whatever its kind: plain data without key bytes.

/** One thing that is wrong or worth knowing, and where. */
export interface Finding {
  readonly path: string;
  readonly reason: string;
  readonly message: string;
}

/** A key as it may be shown: a check value only for keys of ours. */
export interface ShownKey {
  readonly name: string;
  readonly provider: string;
  readonly bytes: number;
  readonly check?: string;
}

export interface Inspection {
  readonly kind: 'configuration' | 'history' | 'sealed key' | 'seed bundle';
  /** What it holds, in its kind's own shape. */
  readonly content: unknown;
  /** Lines for people. */
  readonly lines: readonly string[];
  /** What makes it wrong. */
  readonly problems: readonly Finding[];
  /** What is odd and loads all the same. */
  readonly warnings: readonly Finding[];
}

export const keyWords = ({name, provider, bytes, check}: ShownKey): string =>
  `${name} (${provider}, ${bytes} bytes${check === undefined ? ', not ours' : `, check ${check}`})`;
