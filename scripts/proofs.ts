// The proofs that have a small run in `npm test` and a full one in `npm run test:long -- <name>`.

/** One proof: a vitest file that looks at `scripts/proof-run.ts` for whether, and from where, it runs in full. */
export interface Proof {
  readonly name: string;
  /** What the full run shows, in one sentence; it opens the evidence. */
  readonly describe: string;
  readonly run: {
    /** The vitest file or folder, below the root. */
    readonly file: string;
    readonly env?: Readonly<Record<string, string>>;
  };
}

// To register a proof, add it here.
export const proofs: readonly Proof[] = [
  {
    name: 'loader',
    describe: 'The parser of encryption configurations judges like the loader of kube-apiserver, over every byte.',
    run: {file: 'test/loader'},
  },
  {
    name: 'kills',
    describe:
      'Controller, agents and a kube-apiserver are killed in every phase; the end is that of a run without kills.',
    run: {file: 'test/cluster/kills.test.ts'},
  },
  {
    name: 'leaders',
    describe: 'A leader that stands still in any phase for longer than its lease does no deed twice when it goes on.',
    run: {file: 'test/cluster/two-leaders.test.ts'},
  },
];
