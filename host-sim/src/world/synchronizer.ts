// The etcd Synchronizer of a pair: runs on the Standby, reads the Active's etcd and writes the Standby's past every
// server, values byte for byte, one way, in the order of revisions, each after a lag. A full resync goes in the order
// of keys. A restart loses what it had in memory, deletions for good. It compares nothing: what a server of the
// Standby wrote to a copied key stays until the next copy.

import {mirrorLagMaxMs, mirrorLagMeanMs, mirrorRetryMs, resyncKeysPerSecond} from '../limits.ts';
import type {Stream} from '../prng.ts';
import type {Cancel} from '../scheduler.ts';
import type {Cluster} from './cluster.ts';
import type {Commit} from './etcd.ts';
import {deleteDeployment, renewMirrorLease, writeDeployment} from './mirror-signs.ts';
import {type Change, Pending} from './pending.ts';

export interface SynchronizerOptions {
  readonly lag?: {readonly meanMs: number; readonly maxMs: number};
  /** Stalls, each followed by a burst: mean time from the end of one to the next, and how long they last, ms. */
  readonly stalls?: {readonly everyMs: number; readonly leastMs: number; readonly mostMs: number};
  /** Full resyncs: mean time between them, ms. */
  readonly resyncs?: {readonly everyMs: number};
  /** Probability that a deletion is lost. */
  readonly lostDeletes?: number;
  readonly resyncKeysPerSecond?: number;
}

/** Faults that hold until they are taken away. */
export interface SynchronizerFaults {
  /** Every deletion is lost. */
  losesDeletes: boolean;
  /** Keys whose changes are lost. */
  skips: (key: string) => boolean;
}

export class Synchronizer {
  readonly faults: SynchronizerFaults = {losesDeletes: false, skips: () => false};
  readonly #from: Cluster;
  readonly #to: Cluster;
  readonly #options: SynchronizerOptions;
  readonly #pending: Pending;
  readonly #entity: string;
  readonly #lag: Stream;
  readonly #losses: Stream;
  #installed = false;
  #runningSinceMs: number | undefined;
  /** One more at each installation, so that faults drawn for an earlier one do not strike. */
  #installation = 0;
  #stalledUntilMs = 0;
  #next: Cancel | undefined;
  #copied = 0;

  /** @param from the cluster whose values it reads @param to the cluster that it runs on */
  constructor(from: Cluster, to: Cluster, options: SynchronizerOptions = {}) {
    this.#from = from;
    this.#to = to;
    this.#options = options;
    this.#pending = new Pending(to.need);
    this.#entity = `${to.name}/etcd-sync`;
    this.#lag = to.world.random.stream(this.#entity, 'lag');
    this.#losses = to.world.random.stream(this.#entity, 'lost deletes');
    from.etcd.listen({onCommit: (commit) => this.#see(commit)});
    to.leaseKeepers.push((only) => {
      if (this.#runningSinceMs !== undefined) renewMirrorLease(to, this.#runningSinceMs, only);
    });
  }

  get installed(): boolean {
    return this.#installed;
  }

  /** Changes that it has still to copy; by key in the receiving cluster's `need`. */
  get backlog(): number {
    return this.#pending.size;
  }

  /** Age of the oldest change that is not copied, ms; 0 when there is none. */
  get lagMs(): number {
    const {first} = this.#pending;
    return first === undefined ? 0 : this.#nowMs - first.committedAtMs;
  }

  /** Changes copied so far. */
  get copied(): number {
    return this.#copied;
  }

  /**
   * Installs and starts it; it begins by copying everything.
   * @param how `at once`: no time passes until all is copied, for a world that begins; `copied`: all is there already
   */
  install(how: 'in time' | 'at once' | 'copied' = 'in time'): void {
    if (this.#installed) return;
    this.#installed = true;
    this.#installation++;
    writeDeployment(this.#to);
    this.#record('mirror-installed');
    this.start();
    if (how === 'copied') this.#pending.replace([]);
    if (how === 'at once') while (this.#pending.size > 0) this.#copyFirst();
    this.#drawFault('stalls', this.#options.stalls, ({leastMs, mostMs}, stream) =>
      this.stall(stream.integer(leastMs, mostMs)),
    );
    this.#drawFault('resyncs', this.#options.resyncs, () => this.resync());
  }

  /** Takes it away, with all that it had still to copy. Its Lease stays and is renewed no more. */
  uninstall(): void {
    if (!this.#installed) return;
    this.kill();
    this.#installed = false;
    this.#pending.replace([]);
    deleteDeployment(this.#to);
    this.#record('mirror-uninstalled');
  }

  /** Its process ends; the Deployment stays. What it had in memory comes again at its start, but for deletions. */
  kill(): void {
    if (this.#runningSinceMs === undefined) return;
    this.#to.disturb();
    renewMirrorLease(this.#to, this.#runningSinceMs);
    this.#runningSinceMs = undefined;
    this.#disarm();
    this.#record('mirror-killed');
  }

  /** Its process starts and copies everything. */
  start(): void {
    if (!this.#installed || this.#runningSinceMs !== undefined) return;
    this.#to.disturb();
    this.#runningSinceMs = this.#nowMs;
    renewMirrorLease(this.#to, this.#nowMs);
    this.#readAll([]);
  }

  /** Copies everything in the order of keys; deletions that wait come first. */
  resync(): void {
    if (this.#runningSinceMs !== undefined) this.#readAll(this.#pending.deletions());
  }

  /** For so long it copies nothing; then all that was due comes at once. Its Lease is renewed all the while. */
  stall(forMs: number): void {
    this.#stalledUntilMs = Math.max(this.#stalledUntilMs, this.#nowMs + forMs);
    this.#record('mirror-stalled', String(forMs));
    this.#arm();
  }

  /** A stall that goes on ends now. */
  endStall(): void {
    if (this.#stalledUntilMs <= this.#nowMs) return;
    this.#stalledUntilMs = this.#nowMs;
    this.#arm();
  }

  get #nowMs(): number {
    return this.#to.world.scheduler.nowMs;
  }

  #see({key, current}: Commit): void {
    if (!this.#installed || !this.#from.isReplicated(key)) return;
    // Drawn for each change, whatever becomes of it, so that a fault does not shift the lags of others.
    const lagMs = this.#drawLag();
    const lost = current === undefined && this.#losses.chance(this.#options.lostDeletes ?? 0);
    if (lost || (current === undefined && this.faults.losesDeletes) || this.faults.skips(key)) return;
    const committedAtMs = this.#nowMs;
    this.#pending.push({key, value: current?.value, committedAtMs, dueAtMs: committedAtMs + lagMs});
    if (this.#pending.size === 1) this.#arm();
  }

  #drawLag(): number {
    const {meanMs, maxMs} = this.#options.lag ?? {meanMs: mirrorLagMeanMs, maxMs: mirrorLagMaxMs};
    return Math.min(maxMs, Math.ceil(-Math.log(1 - this.#lag.next()) * meanMs));
  }

  #readAll(first: readonly Change[]): void {
    const {items} = this.#from.etcd.range({prefix: '/registry/', limit: Number.MAX_SAFE_INTEGER});
    const perSecond = this.#options.resyncKeysPerSecond ?? resyncKeysPerSecond;
    const committedAtMs = this.#nowMs;
    const changes = items
      .filter(({key}) => this.#from.isReplicated(key) && !this.faults.skips(key))
      .map(({key, value}, index): Change => {
        return {key, value, committedAtMs, dueAtMs: committedAtMs + Math.floor((index * 1_000) / perSecond)};
      });
    this.#pending.replace([...first.map((change) => ({...change, dueAtMs: committedAtMs})), ...changes]);
    this.#record('mirror-resync', String(changes.length));
    this.#arm();
  }

  /** Sets the moment of the next copy. */
  #arm(): void {
    this.#disarm();
    const {first} = this.#pending;
    if (first === undefined || this.#runningSinceMs === undefined) return;
    this.#next = this.#to.world.scheduler.at(Math.max(first.dueAtMs, this.#stalledUntilMs), this.#entity, () => {
      this.#copyDue();
    });
  }

  #disarm(): void {
    this.#next?.();
    this.#next = undefined;
  }

  #copyDue(): void {
    if (this.#from.faults.etcdDown || this.#to.faults.etcdDown) {
      this.#next = this.#to.world.scheduler.after(mirrorRetryMs, this.#entity, () => this.#copyDue());
      return;
    }
    for (let first = this.#pending.first; first !== undefined; first = this.#pending.first) {
      if (first.dueAtMs > this.#nowMs) break;
      this.#copyFirst();
    }
    this.#arm();
  }

  #copyFirst(): void {
    const {etcd} = this.#to;
    this.#pending.shift(({key, value}) => {
      const present = etcd.get(key)?.modRevision ?? 0;
      if (value !== undefined) etcd.put(key, value, present, mirrorWriter);
      else if (present !== 0) etcd.delete(key, present, mirrorWriter);
      this.#copied++;
      this.#to.world.trace.fold(this.#nowMs, this.#entity, 'copied', key);
    });
  }

  /** Draws the time of the next fault of one sort, again after each, until the Synchronizer is uninstalled. */
  #drawFault<T extends {readonly everyMs: number}>(
    purpose: string,
    options: T | undefined,
    strike: (options: T, stream: Stream) => void,
  ): void {
    if (options === undefined) return;
    const {scheduler, random} = this.#to.world;
    const stream = random.stream(this.#entity, purpose);
    const installation = this.#installation;
    const again = (): void => {
      const gapMs = Math.ceil(-Math.log(1 - stream.next()) * options.everyMs);
      scheduler.at(Math.max(this.#nowMs, this.#stalledUntilMs) + gapMs, this.#entity, () => {
        if (!this.#installed || installation !== this.#installation) return;
        strike(options, stream);
        again();
      });
    };
    again();
  }

  #record(event: string, detail?: string): void {
    this.#to.world.trace.record(this.#nowMs, this.#entity, event, detail);
  }
}

/** Writer of every copy. */
export const mirrorWriter = 'mirror/etcd-sync';
