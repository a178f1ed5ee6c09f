// The agent's guard: the last line before a file is written, local to the node, so that two leaders cannot pass it.

import {ringFreshMs} from '../limits.ts';
import type {KeyId, KeyRef} from '../model/key.ts';
import {isKey, keysOf, orderOf, type RenderedBlock, writeEntries, writeEntryOf} from '../model/layout.ts';
import type {LoadedReport} from '../model/node.ts';
import type {Ring} from '../model/ring.ts';

export interface GuardInput {
  readonly current: readonly RenderedBlock[];
  readonly next: readonly RenderedBlock[];
  readonly loaded: LoadedReport;
  /** Nothing runs on this node that could be using the present file. */
  readonly serverDown: boolean;
  /** Absent without the API: then only additions pass. */
  readonly ring: Ring | undefined;
  readonly ringAgeMs: number;
  readonly clusterId: string | undefined;
  readonly stateClusterId: string | undefined;
  readonly stateEpoch: number;
  /** The state file is there and cannot be read, or is a newer release's: what it forbids is not known. */
  readonly stateUnknown?: boolean;
  readonly held: ReadonlyMap<KeyId, KeyRef>;
  /** Keys in this node's history, synced to disk. */
  readonly history: ReadonlySet<KeyId>;
}

/** Why a file must not be written; `undefined` when it may. */
export function guardFile(input: GuardInput): string | undefined {
  return (
    wrongRing(input) ??
    unknownState(input) ??
    lostBlocks(input) ??
    lostKeys(input) ??
    wrongWriteKey(input) ??
    wrongKeys(input) ??
    doubledKeys(input) ??
    staleReorder(input)
  );
}

function wrongRing({ring, clusterId, stateClusterId, stateEpoch}: GuardInput): string | undefined {
  if (stateClusterId !== undefined && clusterId !== undefined && stateClusterId !== clusterId) {
    return `this node belongs to cluster ${stateClusterId}, the API is cluster ${clusterId}`;
  }
  if (ring === undefined) return undefined;
  if (clusterId !== undefined && ring.clusterId !== clusterId) return `the ring belongs to cluster ${ring.clusterId}`;
  if (ring.epoch < stateEpoch) return `the ring's epoch ${ring.epoch} is below ${stateEpoch}, which this node saw`;
  return undefined;
}

function unknownState({stateUnknown, current, next}: GuardInput): string | undefined {
  return stateUnknown !== true || isAddition(current, next)
    ? undefined
    : 'the state file of this node cannot be read, so only additions are written';
}

function lostKeys({current, next, ring, history, loaded}: GuardInput): string | undefined {
  const lost = lostEntries(current, next);
  const other = lost.find((entry) => !isKey(entry));
  if (other !== undefined) return `values read through ${other.slice(0, 80)} would become unreadable`;
  if (lost.length === 0) return undefined;
  if (ring === undefined) return `without the API no key is dropped: ${lost.join(', ')}`;
  const certified = new Set(ring.certificates.map(({key}) => key));
  const uncertified = lost.filter((key) => !certified.has(key));
  if (uncertified.length > 0) return `no certificate for dropping ${uncertified.join(', ')}`;
  const unkept = lost.filter((key) => !history.has(key));
  if (unkept.length > 0) return `the history lacks ${unkept.join(', ')}`;
  const loadedWrites = loaded.state === 'known' ? [...writeEntries(loaded.blocks).values()] : [];
  const writing = lost.filter((key) => writesOf(current).has(key) || loadedWrites.includes(key));
  return writing.length === 0 ? undefined : `${writing.join(', ')} is this node's write key`;
}

/** What some resource is read through now and would not be any more; a resource that goes must be written in clear. */
function lostEntries(current: readonly RenderedBlock[], next: readonly RenderedBlock[]): readonly string[] {
  const kept = keysOf(next);
  const lost = new Set<string>([...keysOf(current)].filter((key) => !kept.has(key)));
  for (const resource of writeEntries(current).keys()) {
    const before = orderOf(current, resource) ?? [];
    const after = orderOf(next, resource);
    for (const entry of before) if (after !== undefined && !after.includes(entry)) lost.add(entry);
  }
  return [...lost];
}

/** A block goes only when the file writes its resources in clear, or when a wildcard serves them. */
function lostBlocks({current, next}: GuardInput): string | undefined {
  const lost = [...writeEntries(current)].find(
    ([resource, entry]) => entry !== 'identity' && orderOf(next, resource) === undefined,
  );
  return lost === undefined ? undefined : `${lost[0]} would lose its block while it is written with a key`;
}

const writesOf = (blocks: readonly RenderedBlock[]): ReadonlySet<string> => new Set(writeEntries(blocks).values());

function wrongWriteKey({current, next, loaded, serverDown, ring}: GuardInput): string | undefined {
  const leaving = new Set(
    ring?.layout.resources.filter((each) => each.leaving === true).map(({resource}) => resource) ?? [],
  );
  const encrypted = new Set(
    ring?.layout.resources.filter(({write}) => isKey(write) && write !== 'own').map(({resource}) => resource) ?? [],
  );
  for (const resource of new Set([...writeEntries(current).keys(), ...writeEntries(next).keys()])) {
    const [old, entry] = [writeEntryOf(current, resource), writeEntryOf(next, resource)];
    if (old === entry || entry === undefined) continue;
    if (entry === 'identity') {
      // Without a file nothing says what is written now; but what the ring encrypts never starts again in clear.
      if ((old === undefined && !encrypted.has(resource)) || leaving.has(resource)) continue;
      return `${resource} would be written in clear`;
    }
    if (serverDown) continue;
    const has = loaded.state === 'known' && orderOf(loaded.blocks, resource)?.includes(entry) === true;
    if (!has) return `${resource}: this node's server has not loaded ${entry}`;
  }
  return undefined;
}

/** A name holds half of a check value: a key that is held under a name of the ring must be the ring's in all of it. */
function wrongKeys({next, held, ring}: GuardInput): string | undefined {
  const listed = new Map(ring?.keys.map((key) => [key.id, key]));
  const wrong = [...keysOf(next)].find((id) => {
    const [key, ref] = [listed.get(id), held.get(id)];
    return key !== undefined && ref !== undefined && key.check !== ref.check;
  });
  return wrong === undefined ? undefined : `the key held as ${wrong} is not the ring's`;
}

function doubledKeys({next, held}: GuardInput): string | undefined {
  const names = new Map<string, KeyId>();
  const checks = new Map<string, KeyId>();
  for (const id of keysOf(next)) {
    const ref = held.get(id);
    if (ref === undefined) return `${id} is not held`;
    if (ref.revision === 0) continue;
    const name = names.get(ref.name);
    const check = checks.get(ref.check);
    if (name !== undefined && name !== id) return `two keys are named ${ref.name}`;
    if (check !== undefined && check !== id) return `one key has two names, ${check} and ${id}`;
    names.set(ref.name, id);
    checks.set(ref.check, id);
  }
  return undefined;
}

/** Anything but an addition needs a ring that was read just now. */
function staleReorder({current, next, ring, ringAgeMs}: GuardInput): string | undefined {
  if (isAddition(current, next)) return undefined;
  if (ring === undefined) return 'without the API only additions are written';
  if (ringAgeMs < 0 || ringAgeMs > ringFreshMs)
    return `the ring was read ${ringAgeMs} ms ago, at most ${ringFreshMs} is allowed`;
  return undefined;
}

/** Every present block keeps its write entry and all its entries. */
function isAddition(current: readonly RenderedBlock[], next: readonly RenderedBlock[]): boolean {
  for (const [resource, entry] of writeEntries(current)) {
    if (writeEntryOf(next, resource) !== entry) return false;
    const order = orderOf(next, resource) ?? [];
    if (!(orderOf(current, resource) ?? []).every((each) => order.includes(each))) return false;
  }
  return true;
}
