// People and programs that use the cluster while keys rotate: they create, update, get and list objects through
// whichever server answers, know what must be there, and count every request that fails.

import {type ListPage, type ObjectAddress, ok, type Result, type StoredObject} from '@etcd-encryption/rotation';
import {keptFailures, maxLatencyMs, minLatencyMs, userRetries} from '../limits.ts';
import type {Stream} from '../prng.ts';
import type {Cancel} from '../scheduler.ts';
import type {Cluster} from './cluster.ts';
import {type Kind, objectPath} from './kinds.ts';
import type {Caller, PreparedWrite} from './objects.ts';
import type {UserCounts, UserFailure, UserOptions} from './user-counts.ts';

type Counters = {-readonly [K in keyof UserCounts]: number};

interface Known {
  readonly kind: Kind;
  readonly address: ObjectAddress;
  content: string;
  uid: string;
  /** A late commit is under way: until it is over, either content is right. */
  busy: boolean;
}

export class Users {
  #cluster: Cluster;
  readonly #options: UserOptions;
  readonly #name: string;
  readonly #namespace: string;
  readonly #kinds: readonly Kind[];
  #objects: Known[] = [];
  readonly #random: Stream;
  readonly #failures: UserFailure[] = [];
  readonly #counts: Counters = {
    reads: 0,
    lists: 0,
    writes: 0,
    created: 0,
    deleted: 0,
    conflicts: 0,
    failedReads: 0,
    failedWrites: 0,
    wrongContent: 0,
    refused: 0,
    lost: 0,
  };
  readonly #repeats = new Map<string, {readonly again: () => void; cancel: Cancel}>();
  #running = false;
  #paused = false;
  #bundle = 1;
  #serial = 0;
  /** One more at each move: what was begun before it is over. */
  #move = 0;

  constructor(cluster: Cluster, options: UserOptions = {}) {
    this.#cluster = cluster;
    this.#options = options;
    const resources = options.resources ?? ['secrets', 'configmaps'];
    this.#kinds = cluster.kinds.all.filter(({id}) => resources.includes(id));
    this.#name = options.name ?? cluster.name;
    this.#namespace = options.namespace ?? 'default';
    this.#random = cluster.world.random.stream(this.#name, 'users');
  }

  get counts(): UserCounts {
    return {...this.#counts};
  }

  /** The first failures, for people. */
  get failures(): readonly UserFailure[] {
    return this.#failures;
  }

  /** The cluster that they use. */
  get cluster(): Cluster {
    return this.#cluster;
  }

  /** Objects that must be there. */
  get size(): number {
    return this.#objects.length;
  }

  /** Makes objects at once, as part of the world's beginning. */
  populate(resource: string, count: number): void {
    const kind = this.#cluster.kinds.all.find(({id}) => id === resource);
    if (kind === undefined) throw new RangeError(`resource: expected one that is served, got ${resource}`);
    for (let index = 0; index < count; index++) this.#create(kind);
  }

  /** Takes the objects that are there, in their namespace and of their resources, for their own. */
  adopt(): void {
    this.#objects = this.#kinds.flatMap((kind) => {
      const prefix = `${kind.path}${this.#namespace}/`;
      const {items} = this.#cluster.etcd.range({prefix, limit: Number.MAX_SAFE_INTEGER});
      return items.flatMap(({value: {object}}) => knownFrom(kind, object));
    });
    this.#serial = this.#objects.reduce((most, {address: {name}}) => Math.max(most, serialIn(name)), -1) + 1;
  }

  /** From now on requests come at the given rates until `stop`. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    const {writesPerSecond = 1, readsPerSecond = 1, listsPerSecond = 0.1} = this.#options;
    this.#repeat('write', writesPerSecond, () => this.#write());
    this.#repeat('get', readsPerSecond, () => this.#get());
    this.#repeat('list', listsPerSecond, () => this.#list());
  }

  stop(): void {
    this.#running = false;
  }

  /**
   * From now on each request stands for `size` of them and comes as much more seldom; a write counts as `size`
   * encryptions. 1 is the full rate.
   */
  bundle(size: number): void {
    if (size === this.#bundle) return;
    this.#bundle = size;
    if (!this.#running) return;
    for (const {again, cancel} of [...this.#repeats.values()]) {
      cancel();
      again();
    }
  }

  /** Until `resume` they begin nothing. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
  }

  /**
   * From now on they use another cluster. What it has not, or has with another content, is lost: they go on from what
   * is there.
   */
  moveTo(cluster: Cluster): void {
    this.#cluster = cluster;
    this.#move++;
    this.#objects = this.#objects.filter((known) => {
      const object = cluster.etcd.get(objectPath(known.kind, known.address))?.value.object;
      const content = (object?.data as {content?: string} | undefined)?.content;
      if (content !== known.content) this.#counts.lost++;
      if (content === undefined) return false;
      known.content = content;
      known.uid = object?.metadata.uid ?? '';
      known.busy = false;
      return true;
    });
  }

  /** Reads every known object through every serving server and lists every resource; whether all is right. */
  verifyAll(): boolean {
    const before = this.#counts.failedReads + this.#counts.wrongContent;
    for (const server of this.#cluster.serving()) {
      const caller = {server, writer: 'user/verifier'};
      for (const known of this.#objects) this.#compare(known, this.#cluster.api.get(caller, known.address));
      for (const kind of this.#kinds) this.#judgeList(kind, this.#listAll(caller, kind));
    }
    return this.#counts.failedReads + this.#counts.wrongContent === before;
  }

  #repeat(purpose: string, perSecond: number, act: () => void): void {
    if (perSecond <= 0) return;
    const {scheduler, random} = this.#cluster.world;
    const stream = random.stream(this.#name, `users ${purpose}`);
    const entity = `${this.#name}/users`;
    const again = (): void => {
      const gapMs = Math.max(1, Math.round((-Math.log(1 - stream.next()) * 1_000 * this.#bundle) / perSecond));
      const cancel = scheduler.after(gapMs, entity, () => {
        if (!this.#running) return;
        if (!this.#paused) act();
        again();
      });
      this.#repeats.set(purpose, {again, cancel});
    };
    again();
  }

  #caller(): Caller | undefined {
    const {toDraining = 0} = this.#options;
    const draining = this.#cluster.nodes.flatMap(({processes}) => processes.filter(({state}) => state === 'draining'));
    const zombie = draining.length > 0 && this.#random.chance(toDraining);
    const servers = zombie ? draining : this.#cluster.serving();
    if (servers.length > 0 && !this.#cluster.faults.etcdDown)
      return {server: this.#random.pick(servers), writer: 'user'};
    this.#counts.refused++;
    return undefined;
  }

  #write(): void {
    const {creates = 0.05, deletes = 0} = this.#options;
    const create = this.#objects.length === 0 || this.#random.chance(creates);
    if (create) {
      this.#create(this.#random.pick(this.#kinds));
      return;
    }
    const known = this.#random.pick(this.#objects);
    const doomed = deletes > 0 && this.#random.chance(deletes);
    if (known.busy) return;
    if (doomed) this.#delete(known);
    else this.#update(known, userRetries);
  }

  #delete(known: Known): void {
    const caller = this.#caller();
    if (caller === undefined) return;
    const read = this.#cluster.api.get(caller, known.address);
    if (!this.#compare(known, read) || !read.ok || read.value === undefined) return;
    const {uid = '', resourceVersion = ''} = read.value.metadata;
    this.#counts.writes++;
    const deleted = this.#cluster.api.delete(caller, {...known.address, uid, resourceVersion});
    if (!deleted.ok) {
      this.#fail('write', known.address.name, deleted.error.message);
      return;
    }
    this.#counts.deleted++;
    this.#objects.splice(this.#objects.indexOf(known), 1);
  }

  #create(kind: Kind): void {
    const caller = this.#caller();
    if (caller === undefined) return;
    const name = `${kind.resource.plural}-${this.#serial++}`;
    const content = `content of ${name}`;
    const namespace = this.#namespace;
    const object: StoredObject = {metadata: {name, namespace}, data: {content}};
    caller.server.countMore(kind.id, this.#bundle - 1);
    const write = this.#cluster.api.prepareCreate(caller, {resource: kind.resource, object});
    this.#counts.writes++;
    if (!write.ok) {
      this.#fail('write', name, write.error.message);
      return;
    }
    this.#commit(write.value, (committed) => {
      if (!committed.ok) {
        this.#fail('write', name, committed.error.message);
        return;
      }
      this.#counts.created++;
      const address = {resource: kind.resource, namespace, name};
      this.#objects.push({kind, address, content, uid: committed.value.metadata.uid ?? '', busy: false});
    });
  }

  /** Commits now, or later when the options say so. */
  #commit(write: PreparedWrite, then: (committed: Result<StoredObject>) => void): void {
    const {lateCommit} = this.#options;
    if (lateCommit === undefined || !this.#random.chance(lateCommit.p)) {
      then(write.commit());
      return;
    }
    const delayMs = this.#random.integer(1, lateCommit.maxMs);
    const move = this.#move;
    this.#cluster.world.scheduler.after(delayMs, `${this.#name}/users`, () => {
      const committed = write.commit();
      if (move === this.#move) then(committed);
    });
  }

  /** Reads, changes and writes back; an overtaken write is read again, as every client does. */
  #update(known: Known, tries: number): void {
    const caller = this.#caller();
    if (caller === undefined) return;
    const read = this.#cluster.api.get(caller, known.address);
    if (!this.#compare(known, read) || !read.ok || read.value === undefined) return;
    const object = read.value;
    known.busy = true;
    const latency = this.#random.integer(minLatencyMs, maxLatencyMs);
    const move = this.#move;
    this.#cluster.world.scheduler.after(latency, `${this.#name}/users`, () => {
      if (move !== this.#move) return;
      known.busy = false;
      this.#putBack(known, object, tries);
    });
  }

  #putBack(known: Known, object: StoredObject, tries: number): void {
    const caller = this.#caller();
    if (caller === undefined) return;
    const content = `content ${this.#serial++} of ${known.address.name}`;
    const {resource} = known.kind;
    this.#counts.writes++;
    caller.server.countMore(known.kind.id, this.#bundle - 1);
    const written = this.#cluster.api.replace(caller, {resource, object: {...object, data: {content}}});
    if (written.ok) known.content = content;
    else if (written.error.code !== 'conflict') this.#fail('write', known.address.name, written.error.message);
    else {
      this.#counts.conflicts++;
      if (tries > 0) this.#update(known, tries - 1);
    }
  }

  #get(): void {
    if (this.#objects.length === 0) return;
    const known = this.#random.pick(this.#objects);
    const caller = this.#caller();
    if (caller !== undefined) this.#compare(known, this.#cluster.api.get(caller, known.address));
  }

  #compare({address, content, uid}: Known, read: Result<StoredObject | undefined>): boolean {
    this.#counts.reads++;
    if (!read.ok) {
      this.#fail('get', address.name, read.error.message);
      return false;
    }
    const data = read.value?.data as {content?: string} | undefined;
    if (data?.content === content && read.value?.metadata.uid === uid) return true;
    this.#fail('content', address.name, read.value === undefined ? 'it is not there' : 'it is not what was written');
    return false;
  }

  #list(): void {
    const caller = this.#caller();
    if (caller === undefined) return;
    const kind = this.#random.pick(this.#kinds);
    this.#judgeList(kind, this.#listAll(caller, kind));
  }

  #listAll(caller: Caller, {resource}: Kind): Result<readonly StoredObject[]> {
    const items: StoredObject[] = [];
    let token: {continue?: string} = {};
    do {
      const page: Result<ListPage> = this.#cluster.api.list(caller, {
        resource,
        namespace: this.#namespace,
        limit: 500,
        ...token,
      });
      if (!page.ok) return page;
      items.push(...page.value.items);
      token = page.value.continue === undefined ? {} : {continue: page.value.continue};
    } while (token.continue !== undefined);
    return ok(items);
  }

  #judgeList({id}: Kind, listed: Result<readonly StoredObject[]>): void {
    this.#counts.lists++;
    if (!listed.ok) {
      this.#fail('list', id, listed.error.message);
      return;
    }
    const names = new Set(listed.value.map(({metadata}) => metadata.name));
    const missing = this.#objects.find(({kind, address}) => kind.id === id && !names.has(address.name));
    if (missing !== undefined) this.#fail('content', missing.address.name, 'it is not in the list');
  }

  #fail(operation: UserFailure['operation'], what: string, message: string): void {
    if (operation === 'write') this.#counts.failedWrites++;
    else if (operation === 'content') this.#counts.wrongContent++;
    else this.#counts.failedReads++;
    const {nowMs} = this.#cluster.world.scheduler;
    this.#cluster.world.trace.record(nowMs, `${this.#name}/users`, `failed-${operation}`, what);
    if (this.#failures.length < keptFailures) this.#failures.push({atMs: nowMs, operation, what, message});
  }
}

/** An object that users made, as they know it; anything else is not theirs. */
function knownFrom(kind: Kind, object: StoredObject | undefined): readonly Known[] {
  const content = (object?.data as {content?: string} | undefined)?.content;
  if (object === undefined || content === undefined) return [];
  const {name, namespace = '', uid = ''} = object.metadata;
  return [{kind, address: {resource: kind.resource, namespace, name}, content, uid, busy: false}];
}

const serialIn = (name: string): number => Number(/-(\d+)$/.exec(name)?.[1] ?? -1);
