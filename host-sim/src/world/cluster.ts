// One cluster: etcd, the API over it, the nodes with their servers. Nothing here knows the engine; a pair is two of
// these in one world.

import {hex} from '@etcd-encryption/crypto';
import {type ObjectAddress, ourNamespace, type StoredObject} from '@etcd-encryption/rotation';
import {compactionMs, maxStartMs, minStartMs, startRetryMs} from '../limits.ts';
import type {Stream} from '../prng.ts';
import {canonicalObject} from './canonical.ts';
import {type Departures, newDepartures, noteServer, writeEndpoints} from './endpoints.ts';
import {Etcd} from './etcd.ts';
import {renewLeases} from './heartbeat.ts';
import {createKinds, type Kind, type Kinds, objectPath} from './kinds.ts';
import {createNeed, type Need} from './need.ts';
import {type NodeHost, type NodeOptions, SimNode} from './node.ts';
import {type Admission, ObjectApi, rfc3339} from './objects.ts';
import type {Observer} from './observer.ts';
import {createReadiness, type Readiness} from './readiness.ts';
import type {Server} from './server.ts';
import {type Encryption, encryptValue, identityTransformer, type KeyTag, plantedValue} from './stored-value.ts';
import {watched} from './watched.ts';
import type {World} from './world.ts';

export interface ClusterOptions {
  readonly name: string;
  readonly nodes: readonly NodeOptions[];
  /** What every node's file holds at the beginning; undefined = the servers have no flag and no file. */
  readonly file: Uint8Array | undefined;
  readonly kinds?: readonly Kind[];
  readonly realCrypto?: boolean;
  readonly pollMs: number;
  readonly compactionMs?: number;
  /** Namespaces that are there at the beginning, beside `default` and `kube-system`. */
  readonly namespaces?: readonly string[];
  /** Added to the wall clock of the cluster and each of its nodes, ms. */
  readonly clockSkewMs?: number;
  /** Whether a Synchronizer of the pair writes an etcd key; absent: there is none. */
  readonly isReplicated?: (path: string) => boolean;
  /** Whether it begins as the Active of its pair; it does unless false, also alone. */
  readonly active?: boolean;
}

export class Cluster {
  readonly name: string;
  readonly world: World;
  readonly etcd = new Etcd();
  readonly kinds: Kinds;
  readonly need: Need;
  readonly api: ObjectApi;
  readonly encryption: Encryption;
  /** Webhooks and validations that may refuse writes. */
  readonly admission: Admission[] = [];
  /** Faults of the network that hold until they are taken away. */
  readonly faults = watched({etcdDown: false}, () => this.disturb());
  /** Called before each change that no write to etcd tells of. */
  readonly disturbances: (() => void)[] = [];
  /** Called before whatever a node's server does by itself, with the node's name. */
  readonly nodeWatchers: ((node: string) => void)[] = [];
  readonly departures: Departures = newDepartures();
  readonly pollMs: number;
  /** Wall time of this cluster at virtual time zero, Unix ms. */
  readonly epochMs: number;
  readonly isReplicated: (path: string) => boolean;
  /** Write the Leases of programs beside the servers as they would stand now; all, or the one under an etcd key. */
  readonly leaseKeepers: ((only?: string) => void)[] = [];
  /** Let agents write the signs of life that they left out, before somebody looks for them. */
  readonly reportKeepers: (() => void)[] = [];
  readonly #nodes: SimNode[] = [];
  readonly #observers: Observer[] = [];
  readonly #uids: Stream;
  readonly #options: ClusterOptions;
  readonly #encryptions = new Map<KeyTag, number>();
  /** Whether a server's `/readyz` says ok. */
  readonly isReady: Readiness;
  /** Servers that answer, until the state of one changes. */
  #serving: readonly Server[] | undefined;
  #active: boolean;

  constructor(world: World, options: ClusterOptions) {
    this.world = world;
    this.name = options.name;
    this.pollMs = options.pollMs;
    this.epochMs = world.epochMs + (options.clockSkewMs ?? 0);
    this.isReplicated = options.isReplicated ?? (() => false);
    this.#active = options.active ?? true;
    this.#options = options;
    this.kinds = createKinds(options.kinds);
    const nonces = world.random.stream(options.name, 'nonces');
    this.#uids = world.random.stream(options.name, 'uids');
    this.encryption = {realCrypto: options.realCrypto === true, randomBytes: (length) => nonces.bytes(length)};
    this.need = createNeed({
      etcd: this.etcd,
      kinds: this.kinds,
      isReplicated: this.isReplicated,
      nowMs: () => world.scheduler.nowMs,
      onNew: (resource, tag) => {
        for (const observer of this.#observers) observer.onNeed?.(resource, tag);
      },
      onAwaited: (resource, tag) => {
        for (const observer of this.#observers) observer.onBacklog?.(resource, tag);
      },
    });
    this.isReady = createReadiness(this.need);
    this.etcd.listen({
      onCommit: (commit) => {
        const kind = this.kinds.ofPath(commit.key);
        for (const observer of this.#observers) observer.onCommit?.(commit, kind);
      },
    });
    this.api = new ObjectApi({
      etcd: this.etcd,
      kinds: this.kinds,
      need: this.need,
      encryption: this.encryption,
      wallMs: () => this.wallMs(),
      uid: () => this.newUid(),
      admission: this.admission,
      beforeRead: (kind, only) => {
        if (kind.id === 'leases.coordination.k8s.io') renewLeases(this, only);
        if (kind.id === 'endpointslices.discovery.k8s.io') writeEndpoints(this);
      },
    });
    for (const namespace of ['default', ourNamespace, ...(options.namespaces ?? [])])
      this.#seed('namespaces', {name: namespace}, activeNamespace);
    for (const node of options.nodes) this.#begin(node);
    this.#scheduleCompaction(this.etcd.revision);
  }

  get nodes(): readonly SimNode[] {
    return this.#nodes;
  }

  wallMs(): number {
    return this.epochMs + this.world.scheduler.nowMs;
  }

  /** Whether it is the truth, by the script of the run, that this cluster is an Active; what programs believe is theirs. */
  get active(): boolean {
    return this.#active;
  }

  setActive(active: boolean): void {
    if (active === this.#active) return;
    this.#active = active;
    this.world.trace.record(this.world.scheduler.nowMs, this.name, active ? 'active' : 'standby');
    for (const observer of this.#observers) observer.onRole?.();
  }

  newUid(): string {
    const digits = hex(this.#uids.bytes(16));
    return [0, 8, 12, 16, 20].map((at, index, starts) => digits.slice(at, starts[index + 1])).join('-');
  }

  node(name: string): SimNode {
    const found = this.#nodes.find((each) => each.name === name);
    if (found === undefined) throw new RangeError(`node: expected one of ${this.name}, got ${name}`);
    return found;
  }

  observe(observer: Observer): void {
    this.#observers.push(observer);
  }

  /** Servers that answer now. */
  serving(): readonly Server[] {
    this.#serving ??= this.#nodes.flatMap(({server}) => (server?.serves === true ? [server] : []));
    return this.#serving;
  }

  /**
   * A serving server, as a load balancer would choose; undefined when none serves. The choice depends on who asks and
   * when, and on no request before it.
   */
  nextServer(choose: (atMs: number, n: number) => number): Server | undefined {
    const serving = this.serving();
    if (serving.length < 2) return serving[0];
    return serving[Math.floor(choose(this.world.scheduler.nowMs, 0) * serving.length)];
  }

  /** Something is about to change, or has ceased to be, that no write to etcd tells of: a fault, its end, a start. */
  disturb(): void {
    for (const watcher of this.disturbances) watcher();
  }

  /**
   * A new control-plane node, with its Node object; its server starts when the caller says `start()`.
   * @param file what lies on its disk; undefined = nothing
   */
  addNode(options: NodeOptions, file: Uint8Array | undefined): SimNode {
    const node = this.#create(options, file);
    for (const observer of this.#observers) observer.onMembers?.();
    return node;
  }

  /** Whether a node counts as a member from now on. */
  setMember(name: string, member: boolean): void {
    this.node(name).settings.member = member;
    for (const observer of this.#observers) observer.onMembers?.();
  }

  /** Puts bytes into etcd past every server: an unknown key's value, damage. */
  plant({resource, namespace, name}: ObjectAddress, bytes: Uint8Array): void {
    const kind = this.kinds.find(resource);
    if (kind === undefined) throw new RangeError(`resource: expected one that is served, got ${resource.plural}`);
    const path = objectPath(kind, namespace === undefined ? {name} : {namespace, name});
    this.plantAt(path, bytes);
  }

  /** As {@link plant}, at any etcd key; the revision of the write. The bytes that are there already stay what they are. */
  plantAt(path: string, bytes: Uint8Array): number {
    const present = this.etcd.get(path);
    const isSame = present !== undefined && hex(present.value.bytes()) === hex(bytes);
    const value = isSame ? present.value : plantedValue(bytes, path);
    this.etcd.put(path, value, present?.modRevision ?? 0, 'world');
    return this.etcd.revision;
  }

  #begin(options: NodeOptions): void {
    const node = this.#create(options, this.#options.file);
    const phase = this.world.random.stream(node.name, 'poll phase').integer(0, this.pollMs - 1);
    node.beginServing(options.pollPhaseMs ?? phase);
  }

  #create(options: NodeOptions, file: Uint8Array | undefined): SimNode {
    const withoutFlag = this.#options.file === undefined ? {configPath: undefined} : {};
    const node = new SimNode({...withoutFlag, ...options}, this.#hostFor(options.name));
    this.#nodes.push(node);
    node.disk.placeDirectory('/etc/kubernetes');
    if (file !== undefined) node.disk.place(node.path, file);
    this.#seed(
      'nodes',
      {name: node.name, labels: controlPlaneLabels(node.hostName)},
      {
        status: {
          addresses: [
            {type: 'InternalIP', address: node.address},
            {type: 'Hostname', address: node.hostName},
          ],
        },
      },
    );
    return node;
  }

  #hostFor(name: string): NodeHost {
    const {scheduler, random, readBytes, trace} = this.world;
    const beforeChange = (): void => {
      for (const watcher of this.nodeWatchers) watcher(name);
    };
    return {
      beforeNews: beforeChange,
      nowMs: () => scheduler.nowMs,
      epochMs: this.epochMs,
      after: (delayMs, entity, run) =>
        scheduler.after(delayMs, `${this.name}/${entity}`, () => {
          beforeChange();
          run();
        }),
      disturb: () => this.disturb(),
      random: (purpose) => random.stream(name, purpose),
      readBytes,
      trace: (entity, event, detail) => trace.record(scheduler.nowMs, `${this.name}/${entity}`, event, detail),
      pollMs: this.pollMs,
      startRetryMs,
      startMs: {least: minStartMs, most: maxStartMs},
      onServer: (node, server, what) => {
        this.#serving = undefined;
        if (what === 'state') {
          noteServer(this, node, server);
          if (server.serves) this.isReady(server);
        }
        for (const observer of this.#observers) observer.onServer?.(node, server, what);
      },
      onFile: (node, before, actor) => {
        for (const observer of this.#observers) observer.onFile?.(node, before, actor);
      },
      onDisk: (node, actor) => {
        for (const observer of this.#observers) observer.onDisk?.(node, actor);
      },
      onHistory: (node, actor) => {
        for (const observer of this.#observers) observer.onHistory?.(node, actor);
      },
      onEncryption: (server, tag, times = 1) => {
        const total = (this.#encryptions.get(tag) ?? 0) + times;
        this.#encryptions.set(tag, total);
        for (const observer of this.#observers) observer.onEncryption?.(server, tag, total);
      },
    };
  }

  /** An object that is there when the world begins. */
  #seed(
    plural: string,
    metadata: {name: string; labels?: Record<string, string>},
    rest: Record<string, unknown>,
  ): void {
    const kind = this.kinds.all.find(({resource}) => resource.plural === plural);
    if (kind === undefined) return;
    const {group, version, kind: kindName} = kind.resource;
    const object = canonicalObject<StoredObject>({
      apiVersion: group === '' ? version : `${group}/${version}`,
      kind: kindName,
      metadata: {...metadata, uid: this.newUid(), creationTimestamp: rfc3339(this.wallMs())},
      ...rest,
    });
    const path = objectPath(kind, metadata);
    const options = {transformer: identityTransformer, path};
    this.etcd.put(path, encryptValue(object, options, this.encryption), 0, 'world');
  }

  #scheduleCompaction(revision: number): void {
    const period = this.#options.compactionMs ?? compactionMs;
    this.world.scheduler.after(period, `${this.name}/etcd`, () => {
      if (this.serving().length > 0) {
        renewLeases(this);
        this.etcd.compact(revision);
      }
      this.#scheduleCompaction(this.etcd.revision);
    });
  }
}

const activeNamespace = {spec: {finalizers: ['kubernetes']}, status: {phase: 'Active'}};

const controlPlaneLabels = (hostName: string): Record<string, string> => ({
  'kubernetes.io/hostname': hostName,
  'node-role.kubernetes.io/control-plane': '',
});
