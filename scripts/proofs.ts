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
    name: 'rotation',
    describe: 'first encryption and three rotations of 3,000 objects on three servers, users busy all the while',
    run: {file: 'test/cluster/rotation.test.ts'},
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
  {
    name: 'files',
    describe: 'Files of a node that are damaged, edited, unreadable or find no room lose no key and stop no server.',
    run: {file: 'test/cluster/files.test.ts'},
  },
  {
    name: 'restore',
    describe: 'Old snapshots, deleted objects and deleted node folders lose no key and leave no value unreadable.',
    run: {file: 'test/cluster/restore.test.ts'},
  },
  {
    name: 'restore-sim',
    describe: 'A restored etcd is noticed in the simulated cluster, whoever leads and however soon.',
    run: {file: 'test/sim/restore.test.ts'},
  },
  {
    name: 'lost',
    describe: 'Any two things of ours are deleted, at rest and at each point of a rotation, and are rebuilt.',
    run: {file: 'test/sim/lost.test.ts'},
  },
  {
    name: 'schedule',
    describe: 'Ten scheduled rotations are ten, pauses hold, and at the true minute a rotation takes two polls.',
    run: {file: 'test/cluster/schedule.test.ts'},
  },
  {
    name: 'reload',
    describe:
      'Servers that do not come to know of a new file hold activation back, with the cause named, until repaired.',
    run: {file: 'test/cluster/reload.test.ts'},
  },
  {
    name: 'refusal',
    describe:
      'A file that one server refuses goes to no other, is taken back at once, and leaves every server able to start.',
    run: {file: 'test/cluster/refusal.test.ts'},
  },
  {
    name: 'stopped-server',
    describe:
      'A node that is down through a rotation holds it back, can be forgotten, and gets every key when it returns.',
    run: {file: 'test/cluster/stopped-server.test.ts'},
  },
  {
    name: 'rehearsals',
    describe:
      'Every ready rehearsal passes as it stands and over twenty seeds in a hurry, and not if it expected something else.',
    run: {file: 'test/cli/rehearsal/ready-runs.test.ts'},
  },
  {
    name: 'mutants',
    describe:
      'Every deliberate bug of the engine dies by an invariant of its row, nearly all in rehearsals that shrink to eight events at most; the shipped engine survives.',
    run: {file: 'test/sim/mutants.test.ts'},
  },
  {
    name: 'pair',
    describe:
      'Two real control planes, one mirrored into the other, rotate, fail over and back in one lineage; every value is readable on both.',
    run: {file: 'test/cluster/pair.test.ts'},
  },
  {
    name: 'campaign',
    describe:
      'A hundred thousand generated rehearsals break nothing, and hit every possible cell of fault, phase and role.',
    run: {file: 'test/sim/campaign/campaign.test.ts'},
  },
  {
    name: 'small-world',
    describe: 'In worlds so small that everything is tried, each state once, no invariant breaks on any way.',
    run: {file: 'test/sim/small-world.test.ts'},
  },
  {
    name: 'sieve',
    describe: 'Every cut at every deed of a pair’s rotation, every two of them, and a failover at each with six lags.',
    run: {file: 'test/sim/sieve.test.ts'},
  },
];
