// A tiny world that obeys: what a plan says is done, files are loaded at the next poll, pages rewrite what they list.
// Between any two steps a program may stop, a server may start again, and users write. Key bytes do not exist in it.

import {
  type Action,
  absent,
  type ClusterObservation,
  controllerRules,
  type KeyId,
  type KeyObject,
  type KeyRef,
  type MigrationMark,
  type NodeAction,
  type NodeObservation,
  type NodeReport,
  newAgentMemory,
  orderOf,
  planController,
  planNode,
  type RenderedBlock,
  type Ring,
  type Rule,
  type Spec,
  seen,
  writeEntries,
} from '@etcd-encryption/rotation';
import {makeReport} from '../../rotation/src/act/report.ts';
import {
  clear,
  countedOf,
  fileOf,
  hashOf,
  identityOf,
  keyObjectOf,
  now,
  observe,
  observeNode,
  ours,
} from './fixtures.ts';

export type Random = (below: number) => number;

/** A small generator with one word of state (mulberry32). */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

interface WorldNode {
  readonly name: string;
  file: readonly RenderedBlock[];
  fileAtMs: number;
  loaded: readonly RenderedBlock[];
  /** While the server is down. */
  downUntilMs: number;
  startedAtMs: number;
  nextPollMs: number;
  readonly known: Map<string, readonly RenderedBlock[]>;
  readonly held: Map<KeyId, KeyRef>;
  readonly history: Set<KeyId>;
  state: NodeObservation['state'];
  memory: ReturnType<typeof newAgentMemory>;
  report: NodeReport | undefined;
}

export class ObedientWorld {
  readonly nodes: readonly WorldNode[];
  ring: Ring | undefined;
  nowMs = 0;
  spec: Partial<Spec>;
  readonly objects = new Map<string, KeyObject>();
  /** Label of each stored value, by resource. */
  readonly values = new Map<string, Map<string, string>>();
  #past: {readonly label: string; readonly revision: number}[] = [];
  #revision = 100;
  #compacted = 0;
  #nextCompactionMs = 300_000;
  #ownEpoch: number | undefined;
  #lists: ClusterObservation['lists'] = absent;
  #known = new Set<string>();
  readonly #random: Random;
  readonly #rules: readonly Rule[];

  constructor(random: Random, spec: Partial<Spec>, rules: readonly Rule[] = controllerRules) {
    this.#random = random;
    this.#rules = rules;
    this.spec = spec;
    this.nodes = ['n1', 'n2', 'n3'].map((name) => ({
      name,
      file: clear,
      fileAtMs: -3_600_000,
      loaded: clear,
      downUntilMs: 0,
      startedAtMs: -3_600_000,
      nextPollMs: random(60_000),
      known: new Map([[hashOf(clear), clear]]),
      held: new Map(),
      history: new Set(),
      state: absent,
      memory: newAgentMemory(name, [], ['scan']),
      report: undefined,
    }));
    for (const resource of ['secrets', 'configmaps'])
      this.values.set(resource, new Map(Array.from({length: 5}, (_, at) => [`o${at}`, 'clear'])));
  }

  /** One round: some time passes, some programs run, each perhaps not to its end. */
  round(): void {
    this.nowMs += 500 + this.#random(8_000);
    for (const node of this.nodes) this.#server(node);
    this.#etcd();
    for (const node of this.nodes) if (this.#random(4) > 0) this.#agent(node);
    if (this.#random(5) > 0) this.#controller();
  }

  /** Everything that an observation of the controller holds. */
  observe(): ClusterObservation {
    const {ring} = this;
    const reports = this.nodes.flatMap(({report}) => (report === undefined ? [] : [{report, unchangedForMs: 500}]));
    const o = observe({spec: this.spec});
    const facts = {
      now: this.#instant(),
      ring: ring === undefined ? absent : seen(ring, String(ring.version)),
      reports: seen(reports),
      leases: seen(this.nodes.map(({name}) => ({identity: identityOf(name), hostName: name, life: 'alive' as const}))),
      keyObjects: seen([...this.objects.values()]),
      lists: this.#lists,
      compacted: [...this.#known],
      counted: ring === undefined ? {} : countedOf(ring, this.#instant().wallMs),
    };
    const {ownEpoch: _, ...rest} = {...o, ...facts};
    return this.#ownEpoch === undefined ? rest : {...rest, ownEpoch: this.#ownEpoch};
  }

  /** Every key that a stored or not yet compacted value needs. */
  needed(): ReadonlySet<string> {
    const labels = new Set(this.#past.map(({label}) => label));
    for (const stored of this.values.values()) for (const label of stored.values()) labels.add(label);
    return labels;
  }

  serving = (node: WorldNode): boolean => node.downUntilMs <= this.nowMs;

  #instant() {
    return {wallMs: now + this.nowMs, monotonicMs: 1_000 + this.nowMs};
  }

  #server(node: WorldNode): void {
    if (!this.serving(node)) return;
    if (node.downUntilMs > 0) {
      node.downUntilMs = 0;
      node.loaded = node.file;
      node.startedAtMs = this.nowMs;
      node.nextPollMs = this.nowMs + 60_000;
    }
    if (this.#random(300) === 0) {
      node.downUntilMs = this.nowMs + 10_000 + this.#random(40_000);
      return;
    }
    if (node.nextPollMs <= this.nowMs) {
      node.loaded = node.file;
      node.nextPollMs = this.nowMs + 60_000;
    }
    for (const [resource, stored] of this.values) {
      if (this.#random(4) > 0) continue;
      this.#write(resource, stored, `o${this.#random(6)}`, node);
    }
  }

  #write(resource: string, stored: Map<string, string>, name: string, node: WorldNode): boolean {
    const entry = writeEntries(node.loaded).get(resource) ?? 'identity';
    const label = entry === 'identity' ? 'clear' : `aesgcm:${entry}`;
    const before = stored.get(name);
    this.#revision++;
    if (before !== undefined) this.#past.push({label: before, revision: this.#revision});
    stored.set(name, label);
    return before !== label;
  }

  #etcd(): void {
    if (this.#nextCompactionMs > this.nowMs) return;
    this.#past = this.#past.filter(({revision}) => revision > this.#compacted);
    this.#compacted = this.#revision;
    this.#nextCompactionMs = this.nowMs + 300_000;
    this.#past = this.#past.filter(({revision}) => revision > this.#compacted);
  }

  #agent(node: WorldNode): void {
    if (this.#random(60) === 0) node.memory = newAgentMemory(node.name, [], ['scan']);
    const o = this.#observeNode(node);
    const plan = planNode(o);
    const stopAfter = this.#random(12) === 0 ? this.#random(plan.actions.length + 1) : plan.actions.length;
    for (const action of plan.actions.slice(0, stopAfter)) this.#actOnNode(node, action);
    if (stopAfter < plan.actions.length) return;
    const scan = this.ring?.scan;
    if (scan !== undefined && scan.node === node.name && !scan.deep && node.memory.scan?.id !== scan.id) {
      node.memory.scan = {
        id: scan.id,
        startedAtMs: 0,
        completedAtMs: this.#instant().wallMs,
        revision: this.#revision,
        counts: this.#count(),
      };
    }
    const clean = this.ring?.clean ?? [];
    node.memory.etcdFacts = {
      compaction: clean.map(({by, revision}) => ({by, revision, gone: Number(revision) <= this.#compacted})),
    };
    const after = this.#observeNode(node);
    const report = makeReport(node.memory, after, planNode(after));
    node.memory.lastReport = report;
    node.report = report;
  }

  #count(): Record<string, Record<string, number>> {
    const counts: Record<string, Record<string, number>> = {};
    for (const [resource, stored] of this.values) {
      const labels: Record<string, number> = {};
      for (const label of stored.values()) labels[label] = (labels[label] ?? 0) + 1;
      counts[resource] = labels;
    }
    return counts;
  }

  #observeNode(node: WorldNode): NodeObservation {
    const {ring} = this;
    const instant = this.#instant();
    const base = observeNode({
      ...(ring === undefined ? {} : {ring}),
      file: node.file,
      loaded: node.loaded,
      keys: [...node.held.values()],
      evidence: {
        identityHashes: [`hash-${node.name}`],
        expectedIdentityHash: `hash-${node.name}`,
        expectedIdentity: identityOf(node.name),
        processStartMs: now + node.startedAtMs,
      },
      platform: {address: `10.0.0.${node.name.slice(1)}`, hostName: node.name},
    });
    return {
      ...base,
      now: instant,
      node: node.name,
      ringReadAtMs: instant.monotonicMs - 50,
      keyObjects: seen([...this.objects.values()]),
      previous: node.report === undefined ? absent : seen(node.report),
      file: fileOf(node.file),
      fileModifiedAtMs: now + node.fileAtMs,
      known: node.known,
      history: seen({keys: [...node.history].sort(), damaged: 0, foreign: false, newer: false}),
      state: node.state,
      recipient: seen(`age1${node.name}`),
      can: ['scan'],
      ...(this.serving(node) ? {} : {serverDown: 'refused'}),
    };
  }

  #actOnNode(node: WorldNode, action: NodeAction): void {
    switch (action.do) {
      case 'appendHistory':
        for (const key of action.keys) node.history.add(key);
        return;
      case 'openKey': {
        const key = this.objects.get(action.object)?.key;
        if (key !== undefined) node.held.set(key.id, key);
        return;
      }
      case 'sealKey': {
        const key = node.held.get(action.key);
        if (key !== undefined) this.objects.set(`r${key.revision}`, keyObjectOf(key));
        return;
      }
      case 'mint': {
        const made = this.objects.get(`r${action.revision}`)?.key ?? ours(action.revision, this.#random(1_000));
        if (!this.objects.has(`r${action.revision}`)) this.objects.set(`r${action.revision}`, keyObjectOf(made));
        node.held.set(made.id, made);
        node.history.add(made.id);
        node.memory.minted = {id: action.id, revision: action.revision, name: made.name, check: made.check};
        return;
      }
      case 'writeFile':
        node.file = action.blocks;
        node.fileAtMs = this.nowMs;
        node.known.set(hashOf(action.blocks), action.blocks);
        return;
      case 'writeState':
        node.state = seen(action.state);
        return;
      default:
        throw new Error(`this world has no use for ${action.do}`);
    }
  }

  #controller(): void {
    if (this.#random(40) === 0) {
      this.#ownEpoch = undefined;
      this.#lists = absent;
      this.#known = new Set();
    }
    const plan = planController(this.observe(), this.#rules);
    for (const action of plan.actions) this.#act(action);
  }

  #act(action: Action): void {
    switch (action.do) {
      case 'createRing':
      case 'replaceRing':
        this.ring = action.ring;
        // The answer is lost now and then: the program then does not know that its write was done.
        if (this.#random(30) > 0) this.#ownEpoch = action.ring.epoch;
        return;
      case 'checkLists':
        this.#lists = seen({});
        return;
      case 'askCompaction':
        for (const revision of action.revisions) if (Number(revision) <= this.#compacted) this.#known.add(revision);
        return;
      case 'migratePage':
        this.#page(action.of);
        return;
      case 'publishBundle':
        throw new Error('this world has no pair');
      default:
        throw new Error(`this world does not know ${JSON.stringify(action satisfies never)}`);
    }
  }

  #page(of: 'rotation' | 'proof'): void {
    const {ring} = this;
    const server = this.nodes.find(this.serving);
    const marks = (of === 'rotation' ? ring?.rotation : ring?.proof)?.migration ?? [];
    const mark = marks.find(({state}) => state === 'pending' || state === 'running');
    if (ring === undefined || mark === undefined || server === undefined) return;
    const stored = this.values.get(mark.resource) ?? new Map<string, string>();
    let rewritten = 0;
    for (const [name, label] of stored) {
      const entry = writeEntries(server.loaded).get(mark.resource) ?? 'identity';
      if (
        label !== (entry === 'identity' ? 'clear' : `aesgcm:${entry}`) &&
        this.#write(mark.resource, stored, name, server)
      )
        rewritten++;
    }
    const done: MigrationMark = {
      ...mark,
      state: 'done',
      seen: stored.size,
      rewritten: mark.rewritten + rewritten,
      revision: String(this.#revision),
      completedAtMs: this.#instant().wallMs,
    };
    const migration = marks.map((each) => (each === mark ? done : each));
    const {rotation, proof} = ring;
    this.ring = {
      ...ring,
      version: ring.version + 1,
      ...(of === 'rotation' && rotation !== undefined ? {rotation: {...rotation, migration}} : {}),
      ...(of === 'proof' && proof !== undefined ? {proof: {...proof, migration}} : {}),
    };
  }
}

const writesOf = (blocks: readonly RenderedBlock[]): readonly string[] =>
  [...writeEntries(blocks).values()].filter((entry) => entry !== 'identity');
const holds = (blocks: readonly RenderedBlock[], key: string): boolean =>
  blocks.every(({order}) => order.includes(key));

/** What must hold at every moment; the answer names what is broken. */
export function findBroken(
  world: ObedientWorld,
  filesBefore: ReadonlyMap<string, readonly RenderedBlock[]>,
): string | undefined {
  for (const node of world.nodes) {
    const serving = world.serving(node);
    for (const key of [...writesOf(node.file), ...(serving ? writesOf(node.loaded) : [])]) {
      for (const other of world.nodes) {
        if (!holds(other.file, key)) return `S2: ${node.name} writes with ${key}, the file of ${other.name} lacks it`;
        if (world.serving(other) && !holds(other.loaded, key))
          return `S2: ${node.name} writes with ${key}, ${other.name} has not loaded it`;
      }
    }
    if (serving) {
      for (const [resource, stored] of world.values) {
        const order = orderOf(node.loaded, resource) ?? ['identity'];
        for (const label of stored.values())
          if (!order.includes(label === 'clear' ? 'identity' : label.slice(7)))
            return `S1: ${node.name} cannot read ${resource} under ${label}`;
      }
    }
    const before = filesBefore.get(node.name) ?? [];
    for (const key of new Set(before.flatMap(({order}) => order))) {
      if (key === 'identity' || holds(node.file, key)) continue;
      if (world.needed().has(`aesgcm:${key}`)) return `S3: ${node.name} dropped ${key}, which a value needs`;
      if (world.nodes.some((each) => writesOf(each.loaded).includes(key) || writesOf(each.file).includes(key)))
        return `S3: ${node.name} dropped ${key}, which somebody writes with`;
      if (!world.nodes.every((each) => each.history.has(key)))
        return `S3: ${node.name} dropped ${key}, which a history lacks`;
      if (world.ring?.certificates.some((certificate) => certificate.key === key) !== true)
        return `S3: ${node.name} dropped ${key} without certificate`;
    }
  }
  return undefined;
}

export const filesOf = (world: ObedientWorld): ReadonlyMap<string, readonly RenderedBlock[]> =>
  new Map(world.nodes.map(({name, file}) => [name, file]));
