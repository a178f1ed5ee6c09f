// What programs of the protocol write, made by hand: rings, SeedBundles, state files and status, each by the writer that
// a test names. Tests of the oracles break the protocol with them, one sentence of it at a time.

import {
  type DataKey,
  deriveDataKeys,
  encodeSeedBundle,
  hex,
  nextSeed,
  type SeedBundle,
  type Settings,
  toBase64,
  utf8,
} from '@etcd-encryption/crypto';
import {sha256Hex} from '@etcd-encryption/crypto/sha256';
import {type Cluster, createSimPorts, secretResource} from '@etcd-encryption/host-sim';
import {
  type BundleRef,
  configResource,
  defaultRootSecret,
  emptyLayout,
  ourNamespace,
  type ResourceType,
  type Ring,
  type RingKey,
  ringResource,
  ringVersion,
  type StoredObject,
  seedBundleResource,
  statePath,
} from '@etcd-encryption/rotation';
import {expectValue} from '../ports/answers.ts';

const rootKey = Uint8Array.from({length: 32}, (_, at) => (at * 29 + 5) % 251);
const derivedFor = {replicationGroupId: 'group-1', dimension: 'default'} as const;
const settings: Settings = {rootKey, ...derivedFor};
const otherRoot: Settings = {...settings, rootKey: Uint8Array.from(rootKey, (byte) => byte ^ 0x5a)};

const idOf = (fill: number): Uint8Array => new Uint8Array(16).fill(fill);
const seedOf = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);

/** A bundle with its text and what a ring says of it. */
export interface MadeBundle {
  readonly bundle: SeedBundle;
  readonly text: string;
  readonly ref: BundleRef & {readonly rootCheck: string};
  readonly keys: readonly RingKey[];
  readonly dataKeys: readonly DataKey[];
}

export interface BundleRecipe {
  readonly id?: number;
  readonly generation: number;
  /** How many revisions from 1 on, each by the chain of seeds. */
  readonly revisions: number;
  /** From this revision on the chain starts from another seed. */
  readonly forkedFrom?: number;
  /** Seed of the newest revision instead of the chain's. */
  readonly newest?: number;
  readonly atMs?: number;
  readonly under?: 'the root' | 'another root';
}

/** Bundles of one id share every seed, but where a recipe says otherwise. */
export function makeBundle(recipe: BundleRecipe): MadeBundle {
  const {id = 1, generation, revisions, atMs = 1_000, forkedFrom, newest, under = 'the root'} = recipe;
  const used = under === 'the root' ? settings : otherRoot;
  const entries: SeedBundle['entries'][number][] = [];
  for (let revision = 1; revision <= revisions; revision++) {
    const before = entries.at(-1);
    const chained = before === undefined ? seedOf(id) : nextSeed(used, before);
    const isOdd = revision === forkedFrom || (revision === revisions && newest !== undefined);
    const seed = isOdd ? seedOf(newest ?? 200) : chained;
    entries.push({revision, createdAtMs: atMs, activateAtMs: atMs, seed});
  }
  const bundle = {bundleId: idOf(id), generation, entries};
  const bytes = encodeSeedBundle(bundle, used);
  const dataKeys = deriveDataKeys(used, entries);
  const keys = dataKeys.map((key) => ringKeyOf(key, true));
  const refs = keys.map(({id: key, check, revision}) => ({
    revision,
    key,
    check,
    createdAtMs: atMs,
    activateAtMs: atMs,
  }));
  const rootCheck = hex(bytes.subarray(32, 40));
  const ref = {bundleId: hex(bundle.bundleId), generation, hash: sha256Hex(bytes), entries: refs, rootCheck};
  return {bundle, text: toBase64(bytes), ref, keys, dataKeys};
}

export const ringKeyOf = ({name, checkValue, revision}: DataKey, derived = false): RingKey => ({
  id: name,
  provider: 'aesgcm',
  name,
  check: checkValue,
  revision,
  length: 32,
  createdAtMs: 0,
  ...(derived ? {derived: true as const} : {}),
});

/** A ring that follows a bundle and holds its keys. */
export const following = (made: MadeBundle, more: Partial<Ring> = {}): Partial<Ring> => ({
  following: {...made.ref, sinceMs: 0},
  keys: made.keys,
  ...more,
});

const clusterIdOf = ({etcd}: Cluster): string =>
  etcd.get(`/registry/namespaces/${ourNamespace}`)?.value.object?.metadata.uid ?? '';

/** Members of a ring that change; `undefined` takes one out. */
export type RingChanges = {readonly [K in keyof Ring]?: Ring[K] | undefined};

/** One cluster's protocol objects, written by programs and people of it. */
export class ProtocolObjects {
  readonly cluster: Cluster;

  constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  get clusterId(): string {
    return clusterIdOf(this.cluster);
  }

  /** As if an operator replaced the root Secret. */
  deleteRoot(): void {
    const key = `/registry/secrets/${ourNamespace}/${defaultRootSecret}`;
    const {etcd} = this.cluster;
    etcd.delete(key, etcd.get(key)?.modRevision ?? 0, 'user/operator');
  }

  createRoot(root = rootKey): void {
    const object = {
      metadata: {name: defaultRootSecret, namespace: ourNamespace},
      data: {'root-key': toBase64(root)},
    };
    const store = createSimPorts(this.cluster, {program: 'operator', as: 'user'});
    expectValue(store['store.create']({resource: secretResource, object}));
  }

  /** The ring as it is with some members changed, one version on; where there is none, one of epoch 1. */
  ring(changes: RingChanges, by = 'controller', annotations?: Readonly<Record<string, string>>): void {
    const store = this.#store(by);
    const present = expectValue(store['store.get']({resource: ringResource, namespace: ourNamespace, name: 'default'}));
    const old = present?.spec as Ring | undefined;
    const spec = {...(old ?? this.#firstRing()), version: (old?.version ?? 0) + 1, ...changes};
    this.#put(
      ringResource,
      present,
      {
        metadata: {
          ...(present?.metadata ?? {name: 'default', namespace: ourNamespace}),
          ...(annotations && {annotations}),
        },
        spec,
      },
      by,
    );
  }

  /** The SeedBundle object gets this text. */
  bundle(text: string, by = 'controller'): void {
    const present = expectValue(
      this.#store(by)['store.get']({resource: seedBundleResource, namespace: ourNamespace, name: 'default'}),
    );
    const metadata = present?.metadata ?? {name: 'default', namespace: ourNamespace};
    this.#put(seedBundleResource, present, {metadata, spec: {bundle: text}}, by);
  }

  /** A publication as the protocol wants it: recorded in the ring, then written. */
  publish(made: MadeBundle, kind: 'first' | 'next' | 'fresh' | 'raise' = 'next', by = 'controller'): void {
    const {bundleId, generation, hash} = made.ref;
    const prepared = {...made.ref, id: 'publish', bytes: made.text};
    const publishing = {id: 'publish', node: '', kind, revision: made.keys.length, approvalDelayMs: 0, prepared};
    this.ring({publishing, publications: [{bundleId, generation, hash, atMs: 0}]}, by);
    this.bundle(made.text, by);
    this.ring({publishing: undefined}, by);
  }

  /** A node's state file, replaced whole. */
  state(node: string, state: {readonly epoch?: number; readonly accepted?: MadeBundle}, by = `agent-${node}`): void {
    const {epoch = 1, accepted} = state;
    const generation = accepted?.ref.generation ?? 0;
    const content = {v: 1, clusterId: this.clusterId, epoch, generation, bundle: accepted?.text ?? '', revision: 0};
    const ports = createSimPorts(this.cluster, {program: by, node});
    const path = '/etc/kubernetes/.state';
    expectValue(ports['files.create']({path, mode: 0o600}));
    expectValue(ports['files.write']({path, bytes: utf8(JSON.stringify(content)), append: false}));
    expectValue(ports['files.sync']({path}));
    expectValue(ports['files.rename']({from: path, to: statePath}));
  }

  /** The config's status, of a config that is made where there is none. */
  status(status: Readonly<Record<string, unknown>>, by = 'controller'): void {
    const store = this.#store(by);
    const address = {resource: configResource, name: 'default'};
    if (expectValue(store['store.get'](address)) === undefined)
      expectValue(store['store.create']({resource: configResource, object: {metadata: {name: 'default'}, spec: {}}}));
    const object = expectValue(store['store.get'](address));
    if (object === undefined) throw new Error('no config');
    expectValue(store['store.replaceStatus']({resource: configResource, object: {...object, status}}));
  }

  #store(by: string) {
    const isPerson = by.startsWith('user/');
    return createSimPorts(this.cluster, isPerson ? {program: by.slice(5), as: 'user'} : {program: by});
  }

  #put(resource: ResourceType, present: StoredObject | undefined, object: StoredObject, by: string): void {
    const store = this.#store(by);
    expectValue(store[present === undefined ? 'store.create' : 'store.replace']({resource, object}));
  }

  #firstRing(): Ring {
    return {
      v: ringVersion,
      clusterId: this.clusterId,
      epoch: 1,
      version: 0,
      keys: [],
      layout: emptyLayout,
      proven: [],
      history: [],
      stoppedWriting: {},
      clean: [],
      certificates: [],
      members: [],
      forgotten: [],
      accepted: [],
      refusals: [],
      settings: {
        writeMode: 'rename',
        derivation: {
          ...derivedFor,
          rootSecret: {namespace: ourNamespace, name: defaultRootSecret},
        },
      },
    };
  }
}
