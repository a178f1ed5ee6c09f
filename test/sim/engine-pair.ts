// The shipped engine on both sides of a simulated pair, with the root Secret that operators made on each, all oracles on
// and lenient only where the truth says that a key can be derived.

import {createDerivable, createPair, type Pair, type PairOptions, type SideName} from '@etcd-encryption/host-sim';
import {annotation} from '@etcd-encryption/rotation';
import {EngineSide} from './engine-side.ts';
import {hourMs, minuteMs} from './pairs.ts';

const rootKey = Uint8Array.from({length: 32}, (_, at) => (at * 37 + 11) % 256);
const group = 'group-1';

/**
 * Longest time until a derivable key is loaded on a Standby: the periods of agent and controller, a poll on the node
 * that gets the file first, the same for the others, and their requests, ms.
 */
const loadMs = 2 * (30_000 + 30_000 + 60_000) + 10_000;

export interface EnginePairOptions {
  readonly pair?: Partial<PairOptions>;
  /** Of rotations, a Go duration; two hours unless given. */
  readonly interval?: string;
  /** Changes to `spec.deterministic`. */
  readonly deterministic?: Readonly<Record<string, unknown>>;
}

export class EnginePair {
  readonly pair: Pair;
  readonly east: EngineSide;
  readonly west: EngineSide;

  constructor({pair: options = {}, interval = '2h0m0s', deterministic = {}}: EnginePairOptions = {}) {
    this.pair = makePair(options);
    this.east = new EngineSide(this.pair, 'east');
    this.west = new EngineSide(this.pair, 'west');
    for (const side of [this.east, this.west]) side.createRoot(rootKey);
    this.east.createConfig(specOf(group, interval, deterministic));
    this.pair.users.start();
  }

  runFor(ms: number): void {
    this.pair.simulation.runFor(ms);
  }

  /** Lets time pass until it holds, looking once a second. @throws Error with what both sides say when it never does */
  until(what: string, holds: () => boolean, limitMs = hourMs): void {
    const {simulation} = this.pair;
    let lookedAtMs = Number.NEGATIVE_INFINITY;
    const look = (): boolean => {
      if (simulation.nowMs - lookedAtMs < 1_000) return false;
      lookedAtMs = simulation.nowMs;
      return holds();
    };
    if (simulation.runUntil(look, simulation.nowMs + limitMs)) return;
    const lines = simulation.world.trace.lines.slice(-15).map((line) => Object.values(line).join(' '));
    throw new Error([`not within ${limitMs} ms: ${what}`, this.east.told, this.west.told, ...lines].join('\n'));
  }

  /** As `verify --record` does: what the Standby's servers have loaded of the bundle, put on the Active's ring. */
  recordProof(standby: SideName = 'west'): void {
    const [from, to] = standby === 'west' ? [this.west, this.east] : [this.east, this.west];
    const {following} = from.ring;
    const loaded = (following?.entries ?? []).filter(({key, check}) => isLoaded(from, `aesgcm/${key}/${check}`));
    const revisions = loaded.map(({revision, key: name, check: checkValue}) => ({revision, name, checkValue}));
    to.annotateRing(annotation.standbyProof, JSON.stringify({bundleId: following?.bundleId, revisions}));
  }

  /** The pair's beginning: r1 is published, proven on the Standby and completes on both sides, r2 waits on both. */
  begin(): void {
    this.until('the Standby has loaded r1', () => loadedRevisions(this.west).includes(1));
    this.recordProof();
    this.until('r2 waits on both sides', () => this.isAt(1));
  }

  /** Whether both sides completed a revision, have loaded the next one, and have nothing under way. */
  isAt(revision: number, sides: readonly EngineSide[] = [this.east, this.west]): boolean {
    return sides.every(
      (side) =>
        side.completed[0] === revision &&
        side.ring.rotation === undefined &&
        side.ring.publishing === undefined &&
        loadedRevisions(side).includes(revision + 1),
    );
  }
}

/** Revisions of the followed bundle that every server of a side has loaded. */
export function loadedRevisions(side: EngineSide): readonly number[] {
  const entries = side.ring?.following?.entries ?? [];
  return entries.filter(({key, check}) => isLoaded(side, `aesgcm/${key}/${check}`)).map(({revision}) => revision);
}

const isLoaded = ({cluster}: EngineSide, tag: string): boolean =>
  cluster.nodes.every(({server}) => server?.canRead('secrets', tag) === true);

export const specOf = (
  replicationGroupId: string,
  rotationInterval: string,
  deterministic: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> => ({
  resources: ['secrets', 'configmaps'],
  rotationInterval,
  type: 'aesgcm',
  keyStrategy: 'deterministic',
  deterministic: {replicationGroupId, approvalDelay: '10m', ...deterministic},
});

function makePair(options: Partial<PairOptions>): Pair {
  const derivable = createDerivable({replicationGroupId: group});
  let made: Pair | undefined;
  const isDerivable = (tag: string, name: string): boolean =>
    made !== undefined && derivable(tag, made.cluster(name === 'east' ? 'east' : 'west'));
  made = createPair({
    seed: 23,
    objects: {secrets: 8, configmaps: 4},
    users: {writesPerSecond: 0.05, readsPerSecond: 0.05, listsPerSecond: 0.01, creates: 0.01},
    east: {nodes: 2, objects: {secrets: 2}},
    west: {nodes: 2, objects: {secrets: 3}},
    oracleOptions: {
      isDerivable,
      mayLag: (tag, ageMs, name) => ageMs < loadMs && isDerivable(tag, name),
      demotionGraceMs: minuteMs,
    },
    ...options,
  });
  return made;
}
