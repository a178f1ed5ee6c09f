// Users of a real cluster while keys rotate: they create, update, delete, get and list through every server, know what
// must be there, and count every request that fails. Only requests to loopback servers of the test.

import type {StorePorts} from '@etcd-encryption/host-k8s';
import type {PortError, ResourceType, Result, StoredObject} from '@etcd-encryption/rotation';

export const secrets: ResourceType = {group: '', version: 'v1', plural: 'secrets', kind: 'Secret', namespaced: true};
export const configMaps: ResourceType = {
  group: '',
  version: 'v1',
  plural: 'configmaps',
  kind: 'ConfigMap',
  namespaced: true,
};

export interface WorkloadOptions {
  readonly stores: () => readonly StorePorts[];
  readonly readsPerSecond: number;
  readonly writesPerSecond: number;
  readonly listEveryMs: number;
  /** A request whose connection breaks goes to another server once more, as behind a load balancer. */
  readonly retryLost?: boolean;
  /** Of all objects; it must be there. `default` unless given. */
  readonly namespace?: string;
}

export interface WorkloadCounts {
  readonly gets: number;
  readonly lists: number;
  readonly writes: number;
  /** Conditional writes that a write of the migration overtook; each was cured by one retry. */
  readonly conflicts: number;
  /** Requests that lost their server and were asked again. */
  readonly lost: number;
  readonly failedReads: number;
  readonly failedWrites: number;
  readonly wrongContent: number;
  readonly seconds: number;
  readonly failures: readonly string[];
}

interface Known {
  readonly resource: ResourceType;
  readonly name: string;
  value: string;
  /** A write is under way: until it is over either value is right. */
  next: string | undefined;
}

/** Nobody answered: the reason is an errno or a code of the client, where an API server names its own in CamelCase. */
const isLost = ({reason}: PortError): boolean => reason !== undefined && /^[A-Z0-9_]+$/.test(reason);

const encode = (value: string): string => Buffer.from(value).toString('base64');

const valueIn = (object: StoredObject): string => {
  const {value} = object.data as {value: string};
  return object.kind === 'Secret' ? Buffer.from(value, 'base64').toString() : value;
};

export class Workload {
  readonly #options: WorkloadOptions;
  readonly #known: Known[] = [];
  readonly #failures: string[] = [];
  readonly #counts = {
    gets: 0,
    lists: 0,
    writes: 0,
    conflicts: 0,
    lost: 0,
    failedReads: 0,
    failedWrites: 0,
    wrongContent: 0,
  };
  #running = false;
  #loops: Promise<void>[] = [];
  #begunAt = 0;
  #turn = 0;
  readonly #namespace: string;

  constructor(options: WorkloadOptions) {
    this.#options = options;
    this.#namespace = options.namespace ?? 'default';
  }

  get counts(): WorkloadCounts {
    return {...this.#counts, seconds: (performance.now() - this.#begunAt) / 1_000, failures: this.#failures};
  }

  get size(): number {
    return this.#known.length;
  }

  /** Creates objects, `inFlight` at a time. */
  async populate(counts: {readonly secrets: number; readonly configMaps: number}, inFlight = 32): Promise<void> {
    const wanted: Known[] = [
      ...Array.from({length: counts.secrets}, (_, n) => ({
        resource: secrets,
        name: `s${n}`,
        value: `secret ${n}`,
        next: undefined,
      })),
      ...Array.from({length: counts.configMaps}, (_, n) => ({
        resource: configMaps,
        name: `c${n}`,
        value: `map ${n}`,
        next: undefined,
      })),
    ];
    let next = 0;
    const worker = async (): Promise<void> => {
      for (let at = next++; at < wanted.length; at = next++) {
        const known = wanted[at];
        if (known === undefined) return;
        const made = await this.#store()['store.create']({
          resource: known.resource,
          object: this.#body(known, known.value),
        });
        if (!made.ok) throw new Error(`populate ${known.name}: ${made.error.message}`);
        this.#known.push(known);
      }
    };
    await Promise.all(Array.from({length: inFlight}, worker));
  }

  start(): void {
    this.#running = true;
    this.#begunAt = performance.now();
    this.#loops = [
      this.#every(1_000 / this.#options.readsPerSecond, () => this.#get()),
      this.#every(1_000 / this.#options.writesPerSecond, () => this.#update()),
      this.#every(this.#options.listEveryMs, () => this.#list()),
    ];
  }

  async stop(): Promise<WorkloadCounts> {
    const counts = this.counts;
    this.#running = false;
    await Promise.all(this.#loops);
    return {...counts, ...this.#counts, failures: this.#failures};
  }

  /** Starts `act` at a steady rate without waiting for it, at most 64 at once. */
  async #every(periodMs: number, act: () => Promise<void>): Promise<void> {
    const open = new Set<Promise<void>>();
    let due = performance.now();
    while (this.#running) {
      const now = performance.now();
      while (due <= now && open.size < 64) {
        const one: Promise<void> = act().finally(() => open.delete(one));
        open.add(one);
        due += periodMs;
      }
      if (due < now - 1_000) due = now;
      await new Promise((resolve) => setTimeout(resolve, Math.max(1, Math.min(periodMs, due - now))));
    }
    await Promise.all(open);
  }

  #store(): StorePorts {
    const stores = this.#options.stores();
    const store = stores[this.#turn++ % stores.length];
    if (store === undefined) throw new Error('no server left');
    return store;
  }

  /** Asks a server; in place of one that was lost, another. */
  async #ask<T>(request: (store: StorePorts) => Promise<Result<T>>): Promise<Result<T>> {
    const answer = await request(this.#store());
    if (answer.ok || this.#options.retryLost !== true || !isLost(answer.error)) return answer;
    this.#counts.lost++;
    return await request(this.#store());
  }

  #body({resource, name}: Known, value: string, version?: string): StoredObject {
    const metadata = {name, namespace: this.#namespace, labels: {workload: 'yes'}};
    return {
      apiVersion: 'v1',
      kind: resource.kind,
      metadata: version === undefined ? metadata : {...metadata, resourceVersion: version},
      data: {value: resource === secrets ? encode(value) : value},
    };
  }

  #pick(): Known {
    const known = this.#known[Math.floor(Math.random() * this.#known.length)];
    if (known === undefined) throw new Error('nothing to read');
    return known;
  }

  #fail(kind: 'failedReads' | 'failedWrites' | 'wrongContent', text: string): void {
    this.#counts[kind]++;
    if (this.#failures.length < 20) this.#failures.push(`${new Date().toISOString()} ${kind}: ${text}`);
  }

  #compare(known: Known, allowed: readonly (string | undefined)[], object: StoredObject): void {
    const value = valueIn(object);
    if (!allowed.includes(value) && value !== known.value && value !== known.next) {
      this.#fail('wrongContent', `${known.name}: expected ${JSON.stringify(allowed)}, got ${JSON.stringify(value)}`);
    }
  }

  async #get(): Promise<void> {
    const known = this.#pick();
    const allowed = [known.value, known.next];
    const address = {resource: known.resource, namespace: this.#namespace, name: known.name};
    const answer = await this.#ask((store) => store['store.get'](address));
    this.#counts.gets++;
    if (!answer.ok) return this.#fail('failedReads', `get ${known.name}: ${answer.error.message}`);
    if (answer.value === undefined) return this.#fail('failedReads', `get ${known.name}: not found`);
    this.#compare(known, allowed, answer.value);
  }

  async #list(): Promise<void> {
    const resource = Math.random() < 0.5 ? secrets : configMaps;
    const before = new Map(this.#known.map((known) => [known.name, [known.value, known.next]]));
    const request = {resource, namespace: this.#namespace, labelSelector: 'workload=yes', limit: 10_000};
    const answer = await this.#ask((store) => store['store.list'](request));
    this.#counts.lists++;
    if (!answer.ok) return this.#fail('failedReads', `list ${resource.plural}: ${answer.error.message}`);
    const expected = this.#known.filter((known) => known.resource === resource).length;
    if (answer.value.items.length !== expected)
      this.#fail('wrongContent', `list ${resource.plural}: ${answer.value.items.length} of ${expected}`);
    for (const item of answer.value.items) {
      const known = this.#known.find(({name}) => name === item.metadata.name);
      if (known !== undefined) this.#compare(known, before.get(known.name) ?? [], {...item, kind: resource.kind});
    }
  }

  /**
   * A conditional write: read, change, replace at that version; a conflict is tried again once. A write whose answer
   * was lost may have happened, which the next read tells.
   */
  async #update(): Promise<void> {
    const known = this.#pick();
    if (known.next !== undefined) return;
    const value = `${known.name} ${Math.random()}`;
    known.next = value;
    this.#counts.writes++;
    const address = {resource: known.resource, namespace: this.#namespace, name: known.name};
    const attempts = this.#options.retryLost === true ? 4 : 2;
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const read = await this.#ask((store) => store['store.get'](address));
      if (!read.ok || read.value === undefined) {
        this.#fail('failedReads', `get ${known.name} before a write: ${read.ok ? 'not found' : read.error.message}`);
        break;
      }
      const written = await this.#write(known, value, read.value);
      if (written.ok) {
        known.value = value;
        known.next = undefined;
        return;
      }
      const {code, message} = written.error;
      const lost = this.#options.retryLost === true && isLost(written.error);
      if ((code !== 'conflict' && !lost) || attempt === attempts) {
        this.#fail('failedWrites', `replace ${known.name}: ${code}: ${message}`);
        break;
      }
      this.#counts[lost ? 'lost' : 'conflicts']++;
    }
  }
  /** Writes over what was read, unless that is the value already. */
  async #write(known: Known, value: string, present: StoredObject): Promise<Result<unknown>> {
    if (valueIn({...present, kind: known.resource.kind}) === value) return {ok: true, value: undefined};
    const object = this.#body(known, value, present.metadata.resourceVersion ?? '');
    return await this.#store()['store.replace']({resource: known.resource, object});
  }
}
