// A cluster at rest in a form that two runs can be compared in: everything that a rotation leaves behind (sealed keys,
// ring, files, histories, stored values), with revisions in place of random names and without times, epochs and counts.

import {createHash} from 'node:crypto';
import {readdir, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {StoredKey} from '@etcd-encryption/crypto';
import {formatEncryptionConfiguration} from '@etcd-encryption/crypto/encryption-configuration';
import {openStoredValue} from '@etcd-encryption/crypto/stored-value';
import {brokenLine, keyResource, ourNamespace, type Ring, readKeyObject} from '@etcd-encryption/rotation';
import type {RotationCluster} from './rotation-cluster.ts';

/** What a run has led to; plain data for `toEqual`. */
export interface Settled {
  /** Sealed keys: object name and revision of the key in it. */
  readonly objects: readonly string[];
  readonly ring: unknown;
  readonly nodes: Readonly<Record<string, NodeForm>>;
  readonly values: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Values that no key of some node's history opens. */
  readonly unopened: readonly string[];
}

interface NodeForm {
  /** The file's bytes are the canonical ones of exactly these keys in this order. */
  readonly file: readonly string[] | 'other bytes';
  readonly serverHasLoadedIt: boolean;
  readonly history: readonly string[];
  readonly damaged: number;
  readonly torn: boolean;
  readonly newestRevision: number;
  readonly leftovers: readonly string[];
}

const resources = ['secrets', 'configmaps'];

/** `r3-1f2e3d4c` → `r3`: the digits are random. */
const short = (text: string): string => text.replace(/\b(r\d+)-[0-9a-f]{8}\b/g, '$1');

/** `r2` before `r10`. */
const byNumber = (a: string, b: string): number => a.localeCompare(b, 'en', {numeric: true});

/** Reads what there is. `kept` = how many of the newest keys the files shall hold. */
export async function readSettled(cluster: RotationCluster, kept: number): Promise<Settled> {
  const ring = await cluster.ring();
  if (ring === undefined) throw new Error('there is no ring');
  const histories = new Map<string, readonly StoredKey[]>();
  const nodes: Record<string, NodeForm> = {};
  for (const {name} of cluster.plane.nodes) {
    const history = await cluster.history(name);
    histories.set(name, history.keys);
    nodes[name] = await readNode(cluster, name, history, kept);
  }
  return {
    objects: await readObjects(cluster),
    ring: ringForm(ring),
    nodes,
    values: await countValues(cluster),
    unopened: await findUnopened(cluster, histories),
  };
}

/** What a run without any fault leads to after `revisions` rotations, of which the newest `kept` keys are in use. */
export function settledForm(expected: {
  readonly revisions: number;
  readonly kept: number;
  readonly request: string | undefined;
  readonly nodes: readonly string[];
  readonly values: Readonly<Record<string, number>>;
}): Settled {
  const {revisions, kept, request, nodes, values} = expected;
  const all = Array.from({length: revisions}, (_, index) => `r${index + 1}`);
  const newest = all.slice(-kept).reverse();
  const write = `r${revisions}`;
  const node: NodeForm = {
    file: newest,
    serverHasLoadedIt: true,
    history: all,
    damaged: 0,
    torn: false,
    newestRevision: revisions,
    leftovers: [],
  };
  return {
    objects: all.map((name) => `${name} holds ${name}`),
    ring: {
      keys: newest,
      layout: {keys: newest, resources: resources.map((resource) => ({resource, write})), kept: [], kms: []},
      open: [],
      handledRequest: request,
      history: [...all]
        .reverse()
        .slice(0, 10)
        .map((key) => `${key} Complete`),
      lastMigration: {revision: revisions, marks: ['configmaps done', 'secrets done']},
      certificates: all.slice(0, revisions - kept),
      members: nodes,
      forgotten: [],
      refusals: [],
      activated: all,
      dropped: all.slice(0, revisions - kept),
      brokenLine: -1,
    },
    nodes: Object.fromEntries(nodes.map((name) => [name, node])),
    values: Object.fromEntries(Object.entries(values).map(([resource, count]) => [resource, {[write]: count}])),
    unopened: [],
  };
}

function ringForm(ring: Ring): unknown {
  const record = ring.record ?? [];
  const whatOf = (deed: string): readonly string[] =>
    record.filter((line) => line.deed === deed).flatMap(({what}) => what.split(', ').map(short));
  const open = (['rotation', 'minting', 'trial', 'gate', 'proof', 'restored'] as const).filter(
    (field) => ring[field] !== undefined,
  );
  return {
    keys: ring.keys.map(({id}) => short(id)),
    layout: JSON.parse(short(JSON.stringify(ring.layout))) as unknown,
    open,
    handledRequest: ring.handledRequest,
    history: ring.history.map(({key, outcome}) => `${short(key)} ${outcome}`),
    lastMigration: {
      revision: ring.lastMigration?.revision,
      marks: ring.lastMigration?.marks.map(({resource, state}) => `${resource} ${state}`).sort(),
    },
    certificates: ring.certificates.map(({key}) => short(key)).sort(byNumber),
    members: ring.members.map(({node}) => node),
    forgotten: ring.forgotten,
    refusals: ring.refusals,
    activated: whatOf('activate'),
    dropped: [...whatOf('drop')].sort(byNumber),
    brokenLine: brokenLine(record),
  };
}

async function readObjects(cluster: RotationCluster): Promise<readonly string[]> {
  const page = await cluster.store()['store.list']({resource: keyResource, namespace: ourNamespace, limit: 500});
  if (!page.ok) throw new Error(page.error.message);
  const names = page.value.items.map((item) => {
    const read = readKeyObject(item);
    return `${item.metadata.name} holds ${read.outcome === 'ok' ? short(read.object.key.name) : read.outcome}`;
  });
  return names.sort(byNumber);
}

async function readNode(
  cluster: RotationCluster,
  name: string,
  history: Awaited<ReturnType<RotationCluster['history']>>,
  kept: number,
): Promise<NodeForm> {
  const {configPath, root} = cluster.plane.node(name);
  const bytes = await readFile(configPath);
  const keys = history.keys.slice(-kept).reverse();
  const canonical = formatEncryptionConfiguration({
    blocks: [{resources, providers: [{kind: 'aesgcm', keys}, {kind: 'identity'}]}],
  });
  const report = (await cluster.reports()).find(({node}) => node === name);
  const loaded = report?.loaded.state === 'known' ? report.loaded.hash : undefined;
  const folder = join(root, 'etc/kubernetes');
  const found = await readdir(folder, {recursive: true});
  const state = JSON.parse(await readFile(join(folder, 'encryption-provider.state'), 'utf8')) as {revision: number};
  return {
    file: Buffer.compare(bytes, canonical) === 0 ? keys.map((key) => short(key.name)) : 'other bytes',
    serverHasLoadedIt: loaded === createHash('sha256').update(bytes).digest('hex'),
    history: history.keys.map((key) => short(key.name)),
    damaged: history.damaged,
    torn: history.torn,
    newestRevision: state.revision,
    leftovers: found.filter((path) => path.includes('.tmp-') || path.endsWith('.damaged')),
  };
}

async function countValues(cluster: RotationCluster): Promise<Settled['values']> {
  const census = await cluster.census(resources);
  return JSON.parse(short(JSON.stringify(census))) as Settled['values'];
}

async function findUnopened(
  cluster: RotationCluster,
  histories: ReadonlyMap<string, readonly StoredKey[]>,
): Promise<readonly string[]> {
  const unopened: string[] = [];
  for (const resource of resources) {
    for (const [key, value] of await cluster.rawValues(resource)) {
      for (const [node, keys] of histories) {
        if (openStoredValue(value, key, keys).outcome !== 'opened') unopened.push(`${node}: ${key}`);
      }
    }
  }
  return unopened;
}
