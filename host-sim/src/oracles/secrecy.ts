// S12, secrecy: the bytes of every key, root key and node identity are searched in all that programs write: objects,
// status, events, reports and records, the trace, and small files that are no place for keys. Allowed are files, their
// backups and histories, the root Secret and the sealed part of key objects. Only what is new in a text is searched.

import {decodeUtf8, fromBase64} from '@etcd-encryption/crypto';
import {historyPath, identityPath, rootKeyField, statePath, trialPath} from '@etcd-encryption/rotation';
import type {Cluster} from '../world/cluster.ts';
import type {Commit} from '../world/etcd.ts';
import type {Kind} from '../world/kinds.ts';
import type {SimNode} from '../world/node.ts';
import type {Observer} from '../world/observer.ts';
import type {Transformer} from '../world/stored-value.ts';
import type {World} from '../world/world.ts';
import {type Canaries, createCanaries} from './canaries.ts';
import {isProgram} from './own-objects.ts';
import {violator} from './violation.ts';

/** Secrets of a run, and the newest texts: a key may be told before it is seen in any place of its own. */
interface Secrecy {
  /** Name of a secret that stands in a text. */
  readonly search: (text: string) => string | undefined;
  /** Learns a secret; its name where one of the newest texts had it already. */
  readonly learn: (name: string, bytes: Uint8Array) => string | undefined;
  readonly knows: (name: string) => boolean;
}

const keptTexts = 64;
const byWorld = new WeakMap<World, Secrecy>();

function secrecyOf(world: World): Secrecy {
  const known = byWorld.get(world) ?? newSecrecy(createCanaries());
  byWorld.set(world, known);
  return known;
}

function newSecrecy(canaries: Canaries): Secrecy {
  const texts: string[] = [];
  let at = 0;
  return {
    knows: canaries.knows,
    search(text) {
      texts[at++ % keptTexts] = text;
      return canaries.find(text);
    },
    learn(name, bytes) {
      if (canaries.knows(name)) return undefined;
      canaries.learn(name, bytes);
      return texts.some((text) => canaries.find(text) !== undefined) ? name : undefined;
    },
  };
}

/** Name of a key, root key or identity of a run whose bytes stand in a text; for what is written about a run. */
export const secretIn = (world: World, text: string): string | undefined => secrecyOf(world).search(text);

export function watchSecrecy(cluster: Cluster): Observer {
  const violate = violator(cluster, 'S12 secrecy');
  const secrecy = secrecyOf(cluster.world);
  const say = (node: string, key: string | undefined, where: string): void => {
    if (key !== undefined) violate({node, key, explanation: `its bytes stand in ${where}`});
  };
  const learn = (node: string, name: string, bytes: Uint8Array): void =>
    say(node, secrecy.learn(name, bytes), 'what was written before it was kept');
  const learnKeys = (node: string, transformers: readonly Transformer[]): void => {
    for (const {tag, key} of transformers) {
      if (key !== undefined && !secrecy.knows(tag)) key.secret.withBytes((bytes) => learn(node, tag, bytes));
    }
  };
  const inFile = ({name, file}: SimNode): void => {
    if (file.state === 'loadable') learnKeys(name, file.transformers.all);
  };
  watchDisks(cluster, {learn, search: (node, path, text) => say(node, secrecy.search(text), path)});
  for (const node of cluster.nodes) inFile(node);
  // Lines without a cluster of their own are everybody's; whoever sees one first says so.
  cluster.world.trace.listen(({entity, event, detail}) => {
    if (entity.startsWith(`${cluster.name}/`)) say(entity, secrecy.search(detail), `a line of the trace: ${event}`);
  });
  return {
    onFile: inFile,
    onServer: ({name}, server) => learnKeys(name, server.loaded.all),
    onCommit(commit, kind) {
      if (kind?.id === secrets) learnRoot(commit, learn);
      else if (isProgram(commit.writer)) say(commit.writer, firstSecret(commit, kind, secrecy), commit.key);
    },
  };
}

const secrets = 'secrets';

function learnRoot(
  {writer, key, current}: Commit,
  learn: (node: string, name: string, bytes: Uint8Array) => void,
): void {
  const data = current?.value.object?.data as Readonly<Record<string, unknown>> | undefined;
  const text = data?.[rootKeyField];
  if (typeof text !== 'string') return;
  const decoded = fromBase64(text);
  if (decoded.outcome === 'ok' && decoded.bytes.length >= leastBytes)
    learn(writer, `${rootKeyField} of ${key}`, decoded.bytes);
}

/** Fewer bytes are no key of any kind. */
const leastBytes = 16;

/** The first secret in what an object has and its version before had not. */
function firstSecret({previous, current}: Commit, kind: Kind | undefined, secrecy: Secrecy): string | undefined {
  const sealed = kind?.id.startsWith('etcdencryptionkeys.') === true ? 'sealed' : undefined;
  const walk = (now: unknown, before: unknown): string | undefined => {
    if (now === before) return undefined;
    if (typeof now === 'string') return secrecy.search(now);
    if (typeof now !== 'object' || now === null) return undefined;
    const [members, old] = [now as Members, (typeof before === 'object' && before !== null ? before : {}) as Members];
    let numbers = 0;
    for (const name in members) {
      if (typeof members[name] === 'number') numbers++;
      const found = name === sealed ? undefined : (walk(members[name], old[name]) ?? newName(name, old, secrecy));
      if (found !== undefined) return found;
    }
    return numbers >= leastBytes ? secrecy.search(Object.values(members).join(',')) : undefined;
  };
  return walk(current?.value.object, previous?.value.object);
}

type Members = Readonly<Record<string, unknown>>;

/** Short names are words of ours. */
const newName = (name: string, old: Members, secrecy: Secrecy): string | undefined =>
  name.length < leastBytes || name in old ? undefined : secrecy.search(name);

interface DiskWatch {
  readonly learn: (node: string, name: string, bytes: Uint8Array) => void;
  readonly search: (node: string, path: string, text: string) => void;
}

/** Learns what histories and identity files hold, and searches the small files that hold no key. */
function watchDisks(cluster: Cluster, {learn, search}: DiskWatch): void {
  const watched = new Set<SimNode>();
  const watch = (node: SimNode): void => {
    watched.add(node);
    let read = 0;
    node.disk.watch((path) => {
      if (path === historyPath) read = learnHistory(node, read, learn);
      if (path !== statePath && path !== trialPath && path !== identityPath) return;
      const text = textAt(node, path);
      if (text === undefined || text === '') return;
      if (path === identityPath) learn(node.name, `identity of ${node.name}`, latin1(identityIn(text)));
      else search(node.name, path, text);
    });
    learnHistory(node, 0, learn);
  };
  const watchAll = (): void => {
    for (const node of cluster.nodes) if (!watched.has(node)) watch(node);
  };
  watchAll();
  cluster.observe({onMembers: watchAll});
}

function textAt({disk}: SimNode, path: string): string | undefined {
  const file = disk.find(path);
  return file?.kind === 'file' ? decodeUtf8(file.now.bytes).text : undefined;
}

/** The secret part of an age identity. */
const identityIn = (text: string): string => /AGE-SECRET-KEY-1([0-9A-Z]+)/.exec(text)?.[1] ?? '';

const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0) & 0xff);

/** Learns the keys of the lines behind the first `from` bytes; answers how many bytes are read now. */
function learnHistory({name, disk}: SimNode, from: number, learn: DiskWatch['learn']): number {
  const file = disk.find(historyPath);
  if (file?.kind !== 'file') return 0;
  const {bytes} = file.now;
  const start = from <= bytes.length ? from : 0;
  const {text} = decodeUtf8(bytes.subarray(start));
  for (const line of text.split('\n')) learnLine(name, line, learn);
  return start + text.lastIndexOf('\n') + 1;
}

function learnLine(node: string, line: string, learn: DiskWatch['learn']): void {
  if (line === '') return;
  try {
    const {provider, name, check, secret} = JSON.parse(line) as Readonly<Record<string, unknown>>;
    const decoded = typeof secret === 'string' ? fromBase64(secret) : undefined;
    if (decoded?.outcome === 'ok' && decoded.bytes.length >= leastBytes)
      learn(node, `${provider}/${name}/${check}`, decoded.bytes);
  } catch {
    // A torn line holds no key that anybody reads.
  }
}
