// What becomes of this node's file: taken back, repaired, or written as the ring wants it, as far as the guard lets it.

import {retryRefusedMs} from '../limits.ts';
import type {KeyId, KeyRef} from '../model/key.ts';
import {
  addReadKeys,
  isKey,
  keysOf,
  type Layout,
  orderOf,
  type RenderedBlock,
  renderLayout,
  writeEntries,
  writeEntryOf,
} from '../model/layout.ts';
import {hasRestartedSince, type LoadedReport, type NodeReport, type Problem, type ServerReport} from '../model/node.ts';
import type {NodeObservation} from '../model/node-observation.ts';
import type {Ring} from '../model/ring.ts';
import {isFar} from './delay.ts';
import {guardFile} from './guard.ts';
import {type NodeAction, problem} from './node-plan.ts';
import {isExternal, makeReadable, repair, takeBack} from './node-restore.ts';
import {sameBlocks} from './view.ts';

/** The layout that holds for this node: the one on trial here, unless its file was refused. */
function layoutFor(o: NodeObservation, ring: Ring): Layout {
  const refused = o.previous.state === 'seen' ? o.previous.value.refusedFile : undefined;
  const trial = ring.trial;
  if (trial?.node !== o.node) return ring.layout;
  return refused?.trial === trial.id ? ring.layout : trial.layout;
}

export function fileActions(
  o: NodeObservation,
  ring: Ring | undefined,
  server: ServerReport,
  loaded: LoadedReport,
  problems: Problem[],
): readonly NodeAction[] {
  if (o.file.state === 'unknown') {
    problems.push(problem('CannotWriteFile', `the present file cannot be read: ${o.file.why}`));
    return [];
  }
  const back = takeBack(o, loaded);
  if (back !== undefined && isExportedAlready(o, server)) {
    problems.push(problem('FileRefused', `${back.why}; the one before is exported and not yet in place`));
    return [];
  }
  if (back !== undefined) return [back];
  const unreadable = makeReadable(o, loaded, problems);
  if (unreadable !== undefined) return [unreadable];
  const layout = ring === undefined ? undefined : layoutFor(o, ring);
  if (ring === undefined || layout === undefined || layout.resources.length === 0) return repair(o, loaded, problems);
  const additions = o.state.state === 'unknown';
  if (additions && o.file.state !== 'loadable') return repair(o, loaded, problems);
  const next = additions
    ? addReadKeys(presentBlocks(o), layout.keys, knownKeys(o, ring))
    : targetBlocks(o, ring, layout, loaded, server.state === 'down');
  const current = o.file.state === 'loadable' ? o.file.blocks : [];
  if (o.file.state === 'loadable' && sameBlocks(current, next)) return [];
  const missing = [...keysOf(next)].filter((key) => !o.held.has(key));
  if (missing.length > 0) {
    problems.push(problem('KeyNotHeld', `waiting for ${missing.length} keys`));
    return repair(o, loaded, problems);
  }
  const refused = o.previous.state === 'seen' ? o.previous.value.refusedFile : undefined;
  if (refused !== undefined && sameBlocks(refused.blocks, next) && isHeldBack(o, refused, server)) {
    problems.push(problem('FileRefused', refused.why));
    return [];
  }
  const why = guardFile(guardInput(o, ring, current, next, loaded, server));
  if (why !== undefined) {
    problems.push(problem('GuardRefused', why));
    return [];
  }
  problems.push(...damage(o, loaded));
  return [{do: 'writeFile', blocks: next}];
}

/** What is wrong with the file in place, and that it is repaired by what is written now. */
function damage(o: NodeObservation, loaded: LoadedReport): readonly Problem[] {
  if (o.file.state === 'refused') {
    const why = o.file.problems[0] ?? 'unknown';
    const repaired = problem('FileRepaired', `the file did not load (${why}) and was written again`);
    return [problem('FileInvalid', `the file does not load: ${why}`), ...(isExternal(o) ? [] : [repaired])];
  }
  if (o.file.state !== 'absent' || loaded.state !== 'known' || isExternal(o)) return [];
  return [problem('FileRepaired', 'the file was missing and was written again')];
}

export const guardInput = (
  o: NodeObservation,
  ring: Ring | undefined,
  current: readonly RenderedBlock[],
  next: readonly RenderedBlock[],
  loaded: LoadedReport,
  server: ServerReport,
) => ({
  current,
  next,
  loaded,
  serverDown: server.state === 'down',
  ring,
  ringAgeMs: o.now.monotonicMs - o.ringReadAtMs,
  clusterId: o.clusterId.state === 'seen' ? o.clusterId.value : undefined,
  stateClusterId: o.state.state === 'seen' && o.state.value.clusterId !== '' ? o.state.value.clusterId : undefined,
  stateUnknown: o.state.state === 'unknown',
  stateEpoch: o.state.state === 'seen' ? o.state.value.epoch : 0,
  held: o.held,
  history: new Set(o.history.state === 'seen' ? o.history.value.keys : []),
});

/**
 * The file this node shall have: the ring's layout, keeping every key that no certificate lets go, and writing with
 * the present key as long as the node's own running server has not loaded the ring's, or a restored ring does not know
 * yet what was written since.
 */
function targetBlocks(
  o: NodeObservation,
  ring: Ring,
  layout: Layout,
  loaded: LoadedReport,
  serverDown: boolean,
): readonly RenderedBlock[] {
  const current = presentBlocks(o);
  const certified = new Set(ring.certificates.map(({key}) => key));
  // A node that was away may still write with a key that has left: it goes when neither file nor server does.
  const writing = new Set([
    ...writeEntries(current).values(),
    ...(loaded.state === 'known' ? writeEntries(loaded.blocks).values() : []),
  ]);
  const extras = [...keysOf(current)].filter(
    (id) =>
      !layout.keys.includes(id) && (!certified.has(id) || writing.has(id)) && !keptOnly(layout, id) && o.held.has(id),
  );
  const resources = layout.resources.map((each) => {
    const {write} = each;
    if (ring.restored?.merged === false && writeEntryOf(current, each.resource) !== undefined)
      return {...each, write: 'own' as const};
    if (write === 'own' || serverDown || !isKey(write) || writeEntryOf(current, each.resource) === write) return each;
    const ready = loaded.state === 'known' && orderOf(loaded.blocks, each.resource)?.includes(write) === true;
    return ready ? each : {...each, write: 'own' as const};
  });
  const rendered = renderLayout(
    {...layout, resources, keys: [...layout.keys, ...extras]},
    knownKeys(o, ring),
    (resource) => writeEntryOf(current, resource),
  );
  return rendered;
}

/** A refused file is tried again after a while, or as soon as its server is another process. */
const isHeldBack = (
  {now}: NodeObservation,
  refused: NonNullable<NodeReport['refusedFile']>,
  server: ServerReport,
): boolean => !isFar(refused.atMs, retryRefusedMs, now.wallMs) && !hasRestartedSince(server, refused);

const knownKeys = ({held}: NodeObservation, ring: Ring): ReadonlyMap<KeyId, KeyRef> =>
  new Map<KeyId, KeyRef>([...ring.keys.map((key) => [key.id, key] as const), ...held]);

/** Where others place the file, the refused one stays until they do; the one before is exported once. */
function isExportedAlready(o: NodeObservation, server: ServerReport): boolean {
  const refused = o.previous.state === 'seen' ? o.previous.value.refusedFile : undefined;
  if (!isExternal(o) || refused === undefined || o.file.state !== 'loadable') return false;
  return refused.hash === o.file.hash && isHeldBack(o, refused, server);
}

const keptOnly = (layout: Layout, id: KeyId): boolean => layout.kept.some(({order}) => order.includes(id));

/** The present file, or what it was before it was damaged. */
function presentBlocks(o: NodeObservation): readonly RenderedBlock[] {
  if (o.file.state === 'loadable') return o.file.blocks;
  return o.known.get(o.lastLoadedHash ?? '') ?? o.known.get(o.newestBackup ?? '') ?? [];
}
