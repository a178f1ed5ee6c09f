// A small world as a list of texts, one for each thing that changes by itself: what is stored, what a node's server has
// loaded, what lies on its disk, what its agent has reported and is about to do. Two worlds with the same texts, names
// aside, behave alike. What is left out, and why, stands beside each text.

import {decodeUtf8} from '@etcd-encryption/crypto';
import {
  backupDirectory,
  configurationPath,
  historyPath,
  identityPath,
  type newControllerMemory,
  type Ring,
  type StoredObject,
  statePath,
  trialPath,
} from '@etcd-encryption/rotation';
import type {Cluster} from '../world/cluster.ts';
import type {FileView} from '../world/configuration.ts';
import type {SimNode} from '../world/node.ts';
import type {Server} from '../world/server.ts';
import type {Actor} from './actor.ts';
import type {Intent} from './intent.ts';
import type {Past} from './past.ts';
import {ageOf, type Clock, drainTicks, gateTicks, type Replacer, replacer} from './told.ts';

/** Which thing a text is of: a cluster's or a node's, or the clock, or the mirror between two clusters. */
export interface Slot {
  readonly of: 'clock' | 'mirror' | 'store' | 'controller' | 'report' | 'server' | 'disk' | 'agent';
  /** Cluster or node; empty for clock and mirror. */
  readonly name: string;
  readonly cluster: string;
}

/** Leases, events and what the servers write of themselves come and go with time alone, and agree with the servers. */
const selfWritten = /^\/registry\/(leases|events|services|endpoints|endpointslices|masterleases|namespaces|minions)\//;

export interface StoreScene {
  readonly cluster: Cluster;
  readonly past: Past;
  readonly clock: Clock;
  /** Reports and what programs are about to do: they may rest on a revision of etcd. */
  readonly said: readonly unknown[];
  readonly ring: Ring | undefined;
  /** Told apart at the end of a way. */
  readonly flags: readonly string[];
}

/** Objects, which keys are needed and for how long still, and what of the ring's proofs etcd has compacted. */
export function storeText({cluster, past, clock, said, ring, flags}: StoreScene): string {
  const {items} = cluster.etcd.range({prefix: '/registry/', limit: Number.MAX_SAFE_INTEGER});
  const revisions: number[] = [];
  const objects = items
    .filter(({key}) => !selfWritten.test(key) && !key.includes('/etcdencryptionnodes/'))
    .map(
      ({key, value, modRevision}) =>
        `${key} ${value.tag} ${objectText(key, value.object, {clock, modRevision, revisions})}`,
    );
  JSON.stringify(said, replacer(clock, true, revisions));
  const gone = [...new Set(revisions)].map((revision) => past.fate(revision));
  const drained = [ring?.scan, ...(ring?.clean ?? [])].map(
    (proof) => proof && drainedAt(ring, proof.atMs, clock.tickMs),
  );
  return [
    `flags ${flags.join(' ')}`,
    ...objects,
    ...needLines(cluster, past),
    `proofs ${gone.join()} drained ${drained.join()}`,
  ].join('\n');
}

/** Keys that no server wrote under for long enough at a time. */
const drainedAt = (ring: Ring | undefined, atMs: number, drainMs: number): string =>
  Object.entries(ring?.stoppedWriting ?? {})
    .filter(([, stoppedAtMs]) => atMs >= stoppedAtMs + drainMs)
    .map(([id]) => id)
    .join('+');

function objectText(
  key: string,
  object: StoredObject | undefined,
  {clock, modRevision, revisions}: {readonly clock: Clock; readonly modRevision: number; readonly revisions: number[]},
): string {
  if (/\/(secrets|configmaps)\//.test(key)) return `at:${modRevision}`;
  const {metadata, status, ...rest} = object ?? {metadata: {name: ''}};
  // The status of the config is output only.
  const isConfig = key.includes('/etcdencryptionconfigs/');
  const told = {annotations: metadata.annotations, ...rest, ...(isConfig ? {} : {status})};
  return `${isConfig ? '' : `at:${modRevision}`} ${JSON.stringify(told, replacer(clock, false, revisions))}`;
}

function needLines({need}: Cluster, past: Past): readonly string[] {
  return secretKinds.map((resource) => {
    const keys = [...need.of(resource)].filter(([, {live, history, inFlight}]) => live + history + inFlight > 0);
    const shown = keys.sort(inOrder).map(([tag, {live, history, inFlight}]) => {
      const parts = [live > 0 ? 'l' : '', history > 0 ? past.fateOf(tag) : '', inFlight > 0 ? 'i' : ''];
      return `${tag}=${parts.join('')}`;
    });
    return `${resource} needs ${shown.join(' ')}`;
  });
}

const secretKinds = ['secrets', 'configmaps'] as const;
const inOrder = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1);

/**
 * Keys that the mirror's backlog needs on each side. All of it is brought with the next step of time, so that what waits
 * is the difference of the two stores; how often the status of a config was written in between is nobody's concern.
 */
export const mirrorText = (clusters: readonly Cluster[]): string =>
  clusters
    .map(({need}) => {
      const tags = secretKinds.flatMap((resource) =>
        [...need.of(resource)].flatMap(([tag, {backlog}]) => (backlog > 0 ? [tag] : [])),
      );
      return `waiting ${tags.sort().join()}`;
    })
    .join('\n');

/** What a node's server has loaded, and everything of the disk that servers and oracles look at. */
export function serverText(node: SimNode, clock: Clock, pollMs: number): string {
  const possible = node.possibleFiles().map(fileText).sort();
  const isUp = node.server !== undefined;
  return [
    isUp ? 'up' : 'down',
    ...node.processes.map((server) => processText(server, clock, pollMs)),
    `file ${fileText(node.file)}`,
    `after power ${possible.join(' ')}`,
    `history ${historyText(node, 'now')}`,
    historyText(node, 'synced') === historyText(node, 'now') ? '' : `after power ${historyText(node, 'synced')}`,
  ].join('\n');
}

/** Its polls come at its own phase; its counters only grow with rewrites. */
function processText(server: Server, {tickMs}: Clock, pollMs: number): string {
  const {state, loaded, processStartMs, encryptions, reloadFailures} = server;
  const phase = Math.floor(mod(server.servingSinceMs, pollMs) / tickMs);
  const counts = [...encryptions].sort().map(([name, count]) => `${name}=${count}`);
  return `${state} start:${processStartMs} polls ${phase} loaded ${tagsOf(loaded.all)} failed ${reloadFailures} wrote ${counts.join()}`;
}

const mod = (value: number, by: number): number => ((value % by) + by) % by;
const tagsOf = (all: readonly {readonly tag: string}[]): string => all.map(({tag}) => tag).join();

const fileText = (file: FileView): string => (file.state === 'loadable' ? tagsOf(file.transformers.all) : file.state);

function historyText({disk}: SimNode, view: 'now' | 'synced'): string {
  const file = disk.find(historyPath, view);
  if (file?.kind !== 'file') return '-';
  const lines = decodeUtf8(file[view].bytes).text.split('\n');
  return lines.flatMap((line) => (line === '' ? [] : [keyIn(line)])).join();
}

function keyIn(line: string): string {
  try {
    const {provider, name, check} = JSON.parse(line) as Readonly<Record<string, unknown>>;
    return `${provider}/${name}/${check}`;
  } catch {
    return 'torn';
  }
}

/** What only the node's own programs read. Of backups only their content, and of temporary files. */
export function diskText(node: SimNode, clock: Clock, readBytes: (bytes: Uint8Array) => FileView): string {
  const lines: string[] = [];
  for (const {path, bytes} of node.disk.copy()) {
    const synced = node.disk.find(path, 'synced');
    const isSynced = synced?.kind === 'file' && synced.synced.bytes === bytes;
    lines.push(`${fileLine(path, bytes, {clock, readBytes})}${isSynced ? '' : ' not synced'}`);
  }
  return [...new Set(lines)].sort().join('\n');
}

function fileLine(
  path: string,
  bytes: Uint8Array,
  {clock, readBytes}: {readonly clock: Clock; readonly readBytes: (bytes: Uint8Array) => FileView},
): string {
  if (path === historyPath || path === configurationPath || path === identityPath) return path;
  if (path === statePath || path === trialPath)
    return `${path} ${JSON.stringify(parsed(bytes), replacer(clock, false))}`;
  const folder = path.startsWith(backupDirectory) ? backupDirectory : path;
  return `${folder} ${fileText(readBytes(bytes))}`;
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decodeUtf8(bytes).text);
  } catch {
    return 'torn';
  }
}

/** What a program is about to do and, in the middle of a plan, what it did of it and has still to do. */
function aboutText({pending}: Actor, intent: Intent, replace: Replacer): string {
  if (pending === undefined) return 'rests';
  return `pending ${JSON.stringify({...pending, left: intent.left, failed: intent.failed}, replace)}`;
}

/** At rest an agent remembers little that is not in its report or on its disk: what it found, and what it answered. */
export function agentText(actor: Actor, intent: Intent, clock: Clock): string {
  if (!actor.runs) return 'gone';
  const failures = intent.agent?.failures.map(({reason}) => reason) ?? [];
  const lasting = [...(intent.agent?.lasting.keys() ?? [])];
  const answered = [intent.agent?.scan?.id, intent.agent?.values?.id];
  return `${aboutText(actor, intent, replacer(clock, true))}\nfailures ${failures} lasting ${lasting} answered ${answered}`;
}

type ControllerMemory = ReturnType<typeof newControllerMemory>;

/** A controller counts on its own clock, and remembers its epoch and what it looked at. */
export function controllerText(
  actor: Actor,
  {intent, memory}: {readonly intent: Intent; readonly memory: ControllerMemory | undefined},
  clock: Clock & {readonly monotonicMs: number},
): string {
  if (!actor.runs) return 'gone';
  const since = (ms: number, far: number): string => ageOf({...clock, nowMs: clock.monotonicMs}, ms, far);
  const counts = [...(memory?.counts ?? [])].map(
    ([id, {sinceMs, savedMs}]) => `${id} ${since(sinceMs, id.startsWith('gate/') ? gateTicks : drainTicks)} ${savedMs}`,
  );
  const lists = memory?.lists;
  const remembered = {
    leading: memory?.lease.leading,
    ownEpoch: memory?.ownEpoch,
    failure: memory?.lastFailure?.do,
    compacted: memory?.compacted.size,
    lists:
      lists === undefined
        ? undefined
        : {after: lists.after.split(' ')[0], at: since(lists.atMs, drainTicks), result: lists.result},
    counts: counts.sort(),
  };
  const about = aboutText(actor, intent, replacer(clock, false));
  return `${about}\n${JSON.stringify(remembered, replacer(clock, false))}`;
}
