// One text for all states of a small world that behave alike: what is stored, loaded and about to be done, with names
// in the order in which they appear, times as distances from now, and nothing that only counts how often something was
// done. Two servers that have changed places are one state.

import {hashText} from '../prng.ts';
import type {Cluster} from '../world/cluster.ts';
import type {FileView} from '../world/configuration.ts';
import {isNeeded} from '../world/need.ts';
import type {SimNode} from '../world/node.ts';
import type {Actor} from './actor.ts';

/** What a state is made of. */
export interface Scene {
  readonly clusters: readonly Cluster[];
  readonly actors: readonly Actor[];
  /** What else tells states apart: faults that are left, what the mirror has still to bring. */
  readonly more: readonly string[];
  /** Step of time, ms: what is closer together than this is the same time. */
  readonly tickMs: number;
}

/** 32 hex digits of a state. */
export function hashState(scene: Scene): string {
  const texts = [nameOf, swapped].map((rename) => canonical(scene, rename));
  const [text = ''] = texts.sort();
  const words = [1, 2, 3, 4].map((start) =>
    hashText(text, start * 0x9e3779b1)
      .toString(16)
      .padStart(8, '0'),
  );
  return words.join('');
}

type Rename = (node: string) => string;
const nameOf: Rename = (node) => node;
/** The first two nodes of each cluster change places: `e1` and `e2`. */
const swapped: Rename = (node) => node.replace(/[12]$/, (digit) => (digit === '1' ? '2' : '1'));

function canonical({clusters, actors, more, tickMs}: Scene, rename: Rename): string {
  const lines: string[] = [...more];
  for (const cluster of clusters) {
    lines.push(cluster.name, ...objectsOf(cluster), ...needOf(cluster));
    for (const node of inOrder(cluster.nodes, ({name}) => rename(name))) lines.push(...nodeLines(node));
  }
  for (const actor of inOrder(actors, ({setup: {name}}) => rename(name))) {
    const {pending} = actor;
    lines.push(`${actor.setup.name}: ${pending === undefined ? 'rests' : JSON.stringify(pending, withoutBeat)}`);
  }
  const [first] = clusters;
  const shift = rename === nameOf || first === undefined ? 0 : Math.floor(first.pollMs / 2);
  const nowMs = first?.wallMs() ?? 0;
  const phase = first === undefined ? 0 : (nowMs + shift) % first.pollMs;
  return normalise([`phase ${phase}`, ...lines].join('\n'), {nowMs, tickMs, rename});
}

const inOrder = <T>(items: readonly T[], name: (item: T) => string): readonly T[] =>
  [...items].sort((a, b) => (name(a) < name(b) ? -1 : 1));

/** Leases, events and what the servers write of themselves come and go with time alone. */
const ignored = /^\/registry\/(leases|events|services|endpoints|endpointslices|masterleases|namespaces|minions)\//;

function objectsOf({etcd}: Cluster): readonly string[] {
  const {items} = etcd.range({prefix: '/registry/', limit: Number.MAX_SAFE_INTEGER});
  return items
    .filter(({key}) => !ignored.test(key))
    .map(({key, value}) => {
      if (/\/(secrets|configmaps)\//.test(key)) return `${key} ${value.tag}`;
      const {metadata, ...rest} = value.object ?? {metadata: {name: ''}};
      // The status of the config is output only.
      const told = key.includes('/etcdencryptionconfigs/') ? {spec: rest.spec} : rest;
      return `${key} ${value.tag} ${JSON.stringify({annotations: metadata.annotations, ...told}, fieldsOf(key))}`;
    });
}

function needOf({need}: Cluster): readonly string[] {
  return [...need.resources()].sort().map((resource) => {
    const keys = [...need.of(resource)].filter(([, count]) => isNeeded(count)).sort(([a], [b]) => (a < b ? -1 : 1));
    const shown = keys.map(([tag, {live, history, inFlight, backlog}]) => {
      const parts = [live > 0 ? 'l' : '', history > 0 ? 'h' : '', inFlight > 0 ? 'i' : '', backlog > 0 ? 'b' : ''];
      return `${tag}:${parts.join('')}`;
    });
    return `${resource} needs ${shown.join(' ')}`;
  });
}

function nodeLines(node: SimNode): readonly string[] {
  const processes = node.processes.map((server) => `${server.state}:${server.loaded.all.map(({tag}) => tag).join()}`);
  const possible = node.possibleFiles().map(fileText).sort();
  return [
    node.name,
    `loaded ${processes.join(' ')}`,
    `file ${fileText(node.file)}`,
    `after power ${possible.join(' ')}`,
  ];
}

const fileText = (file: FileView): string =>
  file.state === 'loadable' ? file.transformers.all.map(({tag}) => tag).join() : file.state;

/** Fields that only count, or name a version of something. */
const counted: ReadonlySet<string> = new Set([
  'resourceVersion',
  'uid',
  'generation',
  'version',
  'sequence',
  'sealed',
  'sum',
  'inode',
  'encryptions',
  'decryptions',
  'counters',
  'sizeBytes',
  'bytes',
  'processStartMs',
  'highest',
  'can',
  // Told to people, or only ever compared with now over spans that no way is long enough for.
  'record',
  'createdAtMs',
  'startedAtMs',
  'completedAtMs',
  'activatedAtMs',
  'convergedAtMs',
  'fileWrittenAtMs',
  'lastAttemptAtMs',
  'sinceMs',
]);

function plain(field: string, value: unknown): unknown {
  if (counted.has(field)) return undefined;
  if (value instanceof Uint8Array) return value.length;
  return value;
}

/** A report says when it was written, and a rotation's gate when it was opened; only the second is asked for. */
const withoutBeat = (field: string, value: unknown): unknown => (field === 'atMs' ? undefined : plain(field, value));
const fieldsOf = (key: string): typeof plain => (key.includes('/etcdencryptionnodes/') ? withoutBeat : plain);

interface Sight {
  readonly nowMs: number;
  readonly tickMs: number;
  readonly rename: Rename;
}

/** Beyond so many steps of time, longer ago is the same. */
const farTicks = 7;
const isoTime = /"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z"/g;
const wallTime = /\b1[78]\d{11}(?:\.\d+)?\b/g;
const duration = /"([A-Za-z]*[mM]s)":(\d+(?:\.\d+)?)/g;
const identifier = /\b(?:publish|scan|mint-r\d+|activate|drop|trial|values)-\d+-\d+\b/g;
const keyName = /\b(r\d+)-[0-9a-f]{8}\b/g;
const longHex = /\b[0-9a-f]{16,128}\b/g;
const epochNumber = /"epoch":(\d+)/g;
const nodeName = /\b([enw])([12])\b/g;
const quotedNumber = /"\d+"/g;
/** Of etcd; those of keys are small. */
const etcdRevision = /"revision":\d{3,}/g;

function normalise(text: string, {nowMs, tickMs, rename}: Sight): string {
  const names = new Map<string, string>();
  const inTurn = (kind: string) => (found: string) => {
    const known = names.get(found) ?? `${kind}${names.size}`;
    names.set(found, known);
    return known;
  };
  const far = (ms: number): string => {
    const ticks = Math.round(ms / tickMs);
    return `T${Math.max(-farTicks, Math.min(farTicks, ticks))}`;
  };
  const epochs = [...text.matchAll(epochNumber)].map(([, digits]) => Number(digits));
  const highest = Math.max(0, ...epochs);
  return text
    .replace(nodeName, (node) => rename(node))
    .replace(isoTime, (quoted) => far(nowMs - Date.parse(quoted.slice(1, -1))))
    .replace(wallTime, (digits) => far(nowMs - Number(digits)))
    .replace(duration, (_, field: string, digits: string) => `"${field}":${far(Number(digits))}`)
    .replace(epochNumber, (_, digits: string) => `"epoch":${Number(digits) - highest}`)
    .replace(identifier, inTurn('id'))
    .replace(keyName, (found, revision: string) => `${revision}-${inTurn('k')(found)}`)
    .replace(longHex, inTurn('x'))
    .replace(etcdRevision, '#')
    .replace(quotedNumber, '#');
}
