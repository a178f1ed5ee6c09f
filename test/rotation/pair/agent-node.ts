// One agent over a disk and an API in maps, with a root Secret, a SeedBundle and a ring to say what is wanted. Every
// request that it makes is written down.

import {
  type BundleEntry,
  deriveDataKeys,
  encodeSeedBundle,
  nextSeed,
  type SeedBundle,
  type Settings,
  toBase64,
  utf8,
} from '@etcd-encryption/crypto';
import {formatEncryptionConfiguration} from '@etcd-encryption/crypto/encryption-configuration';
import {sha256Hex} from '@etcd-encryption/crypto/sha256';
import {
  configurationPath,
  type DerivationReport,
  driveSync,
  failed,
  identityPath,
  type KeyRef,
  type NodeReport,
  newAgentMemory,
  nodeReportResource,
  ok,
  type PortRequest,
  type Ring,
  type RingKey,
  refOf,
  ringResource,
  type SyncPorts,
  secretResource,
  seedBundleResource,
  statePath,
} from '@etcd-encryption/rotation';
import {agentPeriod} from '../../../rotation/src/loop/agent.ts';
import type {AgentMemory} from '../../../rotation/src/observe/agent-memory.ts';
import {FakeDisk} from '../fake-disk.ts';
import {FakeStore, sealPorts} from '../fake-store.ts';
import {addressOf, hour, identityOf, now, ringOf} from '../fixtures.ts';

export const root = Uint8Array.from({length: 32}, (_, at) => (at * 37 + 11) % 256);
export const otherRoot = Uint8Array.from({length: 32}, (_, at) => (at * 41 + 200) % 256);
export const group = 'group-1';
export const settings: Settings = {rootKey: root, replicationGroupId: group};
const rootSecret = {namespace: 'kube-system', name: 'etcd-derivation-root'};
export const derivation = {replicationGroupId: group, dimension: 'default', rootSecret};

export const bundleId = Uint8Array.from({length: 16}, (_, at) => at + 1);
const firstSeed = Uint8Array.from({length: 32}, (_, at) => (at * 13 + 5) % 256);

/** The entries 1 … n of a chain of seeds, made an hour apart. */
export function chain(length: number, seed = firstSeed, changes: Partial<BundleEntry> = {}): BundleEntry[] {
  const entries: BundleEntry[] = [];
  for (let revision = 1; revision <= length; revision++) {
    const before = entries.at(-1);
    const next = before === undefined ? seed : nextSeed(settings, before);
    const createdAtMs = now - (100 - revision) * hour;
    entries.push({revision, createdAtMs, activateAtMs: createdAtMs + 60_000, seed: next, ...changes});
  }
  return entries;
}

export const bundleOf = (entries: readonly BundleEntry[], changes: Partial<SeedBundle> = {}): SeedBundle => ({
  bundleId,
  generation: entries.length,
  entries,
  ...changes,
});
export const bytesOf = (bundle: SeedBundle, under: Settings = settings): string =>
  toBase64(encodeSeedBundle(bundle, under));

/** References of the keys of entries. */
export const keysOf = (entries: readonly BundleEntry[], under: Settings = settings): readonly KeyRef[] =>
  deriveDataKeys(under, entries).map(refOf);
export const idsOf = (entries: readonly BundleEntry[]): readonly string[] => keysOf(entries).map(({id}) => id);
export const derivedKey = (key: KeyRef): RingKey => ({...key, createdAtMs: now, derived: true});

export const ringWith = (changes: Partial<Ring> = {}): Ring =>
  ringOf({settings: {writeMode: 'rename', derivation}, ...changes});

export interface GivenAgent {
  readonly ring?: Ring | undefined;
  /** Data of the root Secret; absent: the right one, `null`: no Secret. */
  readonly secret?: Readonly<Record<string, unknown>> | null;
  /** Text of the SeedBundle. */
  readonly bundle?: string;
}

export class AgentNode {
  readonly store = new FakeStore();
  readonly disk = new FakeDisk();
  readonly requests: PortRequest[] = [];
  /** Ports that stand before all others. */
  ports: Partial<SyncPorts> = {};
  /** The API answers; without it only the disk does. */
  api = true;
  /** Decryptions by key name that its server counts. */
  decryptions: Readonly<Record<string, number>> = {};
  wallMs = now;
  monotonicMs = 1_000;
  memory: AgentMemory = newAgentMemory('n1', [], []);

  constructor({ring = ringWith(), secret, bundle}: GivenAgent = {}) {
    this.disk.place(identityPath, utf8(`AGE-SECRET-KEY-1${'Q'.repeat(58)}\n`));
    this.putRing(ring);
    if (secret !== null) this.putSecret(secret ?? {'root-key': toBase64(root)});
    if (bundle !== undefined) this.putBundle(bundle);
  }

  putRing(ring: Ring): void {
    this.store.put(ringResource, {metadata: {name: 'default', namespace: 'kube-system'}, spec: ring});
  }

  putSecret(data: Readonly<Record<string, unknown>>): void {
    this.store.put(secretResource, {metadata: rootSecret, data});
  }

  putBundle(bundle: string): void {
    this.store.put(seedBundleResource, {metadata: {name: 'default', namespace: 'kube-system'}, spec: {bundle}});
  }

  /** A configuration that writes with the first of the keys of these entries, or in clear without any. */
  placeFile(entries: readonly BundleEntry[]): void {
    const aesgcm = {kind: 'aesgcm', keys: deriveDataKeys(settings, entries)} as const;
    const providers = [...(entries.length === 0 ? [] : [aesgcm]), {kind: 'identity'} as const];
    const bytes = formatEncryptionConfiguration({blocks: [{resources: ['secrets', 'configmaps'], providers}]});
    this.disk.place(configurationPath, bytes);
  }

  remove(plural: string, name: string): void {
    this.store.objects.delete(`${plural}/${name}`);
  }

  /** The agent begins anew: what it held in memory is gone. */
  restart(): void {
    this.memory = newAgentMemory('n1', [], []);
  }

  /** Whether the last of these periods wants the next one soon. */
  run(periods = 1): boolean {
    let busy = false;
    for (let period = 0; period < periods; period++) {
      this.wallMs += 1_000;
      this.monotonicMs += 1_000;
      ({busy} = driveSync(this.#recorded(), this.#all()));
    }
    return busy;
  }

  *#recorded(): ReturnType<typeof agentPeriod> {
    const program = agentPeriod(this.memory);
    let turn = program.next();
    while (turn.done !== true) {
      this.requests.push(copyOf(turn.value));
      turn = program.next(yield turn.value);
    }
    return turn.value;
  }

  #all(): Partial<SyncPorts> {
    const store = Object.keys(this.store.ports).map((op) => [op, () => failed('unavailable', 'connection refused')]);
    return {
      ...this.disk.ports,
      ...(this.api ? this.store.ports : (Object.fromEntries(store) as Partial<SyncPorts>)),
      ...sealPorts,
      ...this.#server(),
      'clock.now': () => ok({wallMs: this.wallMs, monotonicMs: this.monotonicMs}),
      ...this.ports,
    };
  }

  /** A server that has loaded whatever lies in place. */
  #server(): Partial<SyncPorts> {
    return {
      'server.evidence': () => {
        const file = this.disk.read(configurationPath);
        return ok({
          identityHashes: ['h'],
          expectedIdentityHash: 'h',
          expectedIdentity: identityOf('n1'),
          processStartMs: now - 1e9,
          ...(file === undefined ? {} : {loadedHash: sha256Hex(file)}),
          reloadSuccesses: 1,
          reloadFailures: 0,
          form: 'hash',
          encryptions: {},
          decryptions: this.decryptions,
        });
      },
      'server.platform': () =>
        ok({
          configPath: configurationPath,
          automaticReload: true,
          mount: 'directory',
          etcdPrefix: '/registry',
          fipsOnly: false,
          address: addressOf('n1'),
          hostName: 'n1',
        }),
    };
  }

  get report(): NodeReport {
    const report = this.store.get(nodeReportResource, 'n1')?.status;
    if (report === undefined) throw new Error('the agent has not reported');
    return report as NodeReport;
  }

  get derivation(): DerivationReport {
    const {derivation: part} = this.report;
    if (part === undefined) throw new Error('the report has no part of the deterministic strategy');
    return part;
  }

  get state(): {readonly generation: number; readonly bundle: string} {
    return JSON.parse(this.disk.text(statePath) ?? '{}') as {generation: number; bundle: string};
  }

  problem(reason: string): string | undefined {
    return this.report.problems.find((each) => each.reason === reason)?.message;
  }
}

/** Bytes of requests are wiped once they are answered. */
const copyOf = (request: PortRequest): PortRequest =>
  request.op === 'files.write' ? {...request, args: {...request.args, bytes: request.args.bytes.slice()}} : request;
