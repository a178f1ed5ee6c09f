// The agent's plan: what this node does next, from its own facts and the ring. Pure; the guard is asked again, on the
// bytes, by the deed itself.

import {pollPeriodMs, reloadDeadlinePolls, retryRefusedMs} from '../limits.ts';
import {configurationPath} from '../model/file-paths.ts';
import type {KeyId, KeyRef} from '../model/key.ts';
import {keyObjectName} from '../model/key.ts';
import {
  isKey,
  keysOf,
  type Layout,
  orderOf,
  type RenderedBlock,
  renderLayout,
  writeEntries,
  writeEntryOf,
} from '../model/layout.ts';
import {hasRestartedSince, type KeyObject, type LoadedReport, type Problem, type ServerReport} from '../model/node.ts';
import type {NodeObservation, NodeState} from '../model/node-observation.ts';
import {isAnotherLine, type Ring} from '../model/ring.ts';
import {guardFile} from './guard.ts';
import type {ReasonName} from './reason.ts';
import {sameBlocks} from './view.ts';

export type NodeAction =
  | {readonly do: 'makeIdentity'}
  | {readonly do: 'moveAside'; readonly path: string}
  | {readonly do: 'appendHistory'; readonly keys: readonly KeyId[]}
  | {readonly do: 'openKey'; readonly object: string}
  | {readonly do: 'sealKey'; readonly key: KeyId}
  | {readonly do: 'reseal'; readonly object: string}
  | {readonly do: 'mint'; readonly id: string; readonly revision: number}
  | {readonly do: 'writeFile'; readonly blocks: readonly RenderedBlock[]}
  /** Puts back a configuration whose bytes are at hand. */
  | {readonly do: 'restoreFile'; readonly hash: string; readonly why: string; readonly refused: boolean}
  | {readonly do: 'writeState'; readonly state: NodeState}
  /** The file on trial is loaded, or no longer in place. */
  | {readonly do: 'endTrial'};

export interface NodePlan {
  readonly actions: readonly NodeAction[];
  readonly problems: readonly Problem[];
  readonly server: ServerReport;
  readonly loaded: LoadedReport;
}

export const problem = (reason: ReasonName, message: string): Problem => ({reason, message});

/** A server that stays down this long on a file it never loaded gets the last loaded one back. */
const downTakeBackMs = 15_000;

/** A file is complete up to this long before its rename; a failure in between is the earlier file's. Servers try again. */
const renameMs = 1_000;

/** Decides what the node does. Total. */
export function planNode(o: NodeObservation): NodePlan {
  const server = serverOf(o);
  const loaded = loadedOf(o, server);
  const problems: Problem[] = [...o.failures];
  const actions: NodeAction[] = [];
  if (o.recipient.state === 'absent') actions.push({do: 'makeIdentity'});
  for (const path of o.foreignFiles) actions.push({do: 'moveAside', path});
  if (o.platform.state === 'seen') problems.push(...platformProblems(o));
  if (isTrialOver(o, loaded)) actions.push({do: 'endTrial'});
  const history = historyActions(o, problems);
  actions.push(...history);
  const ring = usableRing(o, problems);
  if (ring !== undefined) {
    actions.push(...stateActions(o, ring));
    actions.push(...keyActions(o, ring, problems));
  }
  const blocked = problems.some(({reason}) => reason === 'HistoryNotWritable' || reason === 'ConfigurationPathDiffers');
  if (!blocked) actions.push(...fileActions(o, ring, server, loaded, problems));
  problems.push(...strangers(o, ring));
  return {actions: o.observing ? [] : actions, problems, server, loaded};
}

/** Whether this node's own server answers. */
function serverOf(o: NodeObservation): ServerReport {
  if (o.serverDown !== undefined) return {state: 'down', why: o.serverDown};
  if (o.evidence.state !== 'seen')
    return {state: 'unknown', why: o.evidence.state === 'unknown' ? o.evidence.why : 'not asked'};
  const {identityHashes, expectedIdentityHash, processStartMs} = o.evidence.value;
  if (identityHashes.length > 0 && !identityHashes.includes(expectedIdentityHash)) {
    return {state: 'foreign', why: 'the answer comes from another server than this node’s'};
  }
  return {state: 'up', startedAtMs: processStartMs ?? 0};
}

/** What the server has loaded, by its own word; the file says nothing about it. */
function loadedOf(o: NodeObservation, server: ServerReport): LoadedReport {
  if (server.state !== 'up' || o.evidence.state !== 'seen')
    return {state: 'unknown', why: `its server is ${server.state}`};
  const evidence = o.evidence.value;
  if (evidence.form === 'hash' || evidence.loadedHash !== undefined) {
    const hash = evidence.loadedHash;
    if (hash === undefined) return {state: 'unknown', why: 'the server shows no configuration hash'};
    const blocks = o.known.get(hash);
    return blocks === undefined
      ? {state: 'unknown', why: `the server has loaded ${hash.slice(0, 12)}, which is no file of this node`}
      : {state: 'known', hash, blocks};
  }
  return olderEvidence(o);
}

/** Servers before 1.34 show when they reloaded, not what: a reload or start after the file's last change loaded it. */
function olderEvidence(o: NodeObservation): LoadedReport {
  if (o.file.state !== 'loadable' || o.evidence.state !== 'seen')
    return {state: 'unknown', why: 'the file does not load'};
  const platform = o.platform.state === 'seen' ? o.platform.value : undefined;
  if (platform?.configPath !== configurationPath || platform.problem !== undefined) {
    return {state: 'unknown', why: 'nothing shows that the server reads this file'};
  }
  const {processStartMs, lastReloadSuccessMs, form} = o.evidence.value;
  const after = o.fileModifiedAtMs + 1_000;
  if ((processStartMs ?? 0) > after || (lastReloadSuccessMs ?? 0) > after) {
    return {state: 'known', hash: o.file.hash, blocks: o.file.blocks};
  }
  return {
    state: 'unknown',
    why: form === 'none' ? 'the server shows no reload metrics' : 'no reload since the file changed',
  };
}

function platformProblems(o: NodeObservation): readonly Problem[] {
  if (o.platform.state !== 'seen') return [];
  const {configPath, problem: why} = o.platform.value;
  const problems: Problem[] = [];
  if (why !== undefined) problems.push(problem('ReadFailed', `kube-apiserver manifest: ${why}`));
  else if (configPath === undefined)
    problems.push(problem('EncryptionFlagMissing', 'kube-apiserver has no --encryption-provider-config'));
  else if (configPath !== configurationPath)
    problems.push(problem('ConfigurationPathDiffers', `kube-apiserver reads ${configPath}, not ${configurationPath}`));
  return problems;
}

function historyActions(o: NodeObservation, problems: Problem[]): readonly NodeAction[] {
  if (o.history.state === 'unknown') {
    problems.push(problem('HistoryNotWritable', `the key history cannot be read: ${o.history.why}`));
    return [];
  }
  const kept = o.history.state === 'seen' ? o.history.value : {keys: [], damaged: 0, foreign: false, newer: false};
  if (kept.newer) problems.push(problem('NewerRelease', 'the key history was written by a newer release'));
  if (kept.damaged > 0)
    problems.push(problem('HistoryDamaged', `${kept.damaged} lines of the key history are damaged`));
  const missing = [...o.held.keys()].filter((id) => !kept.keys.includes(id)).sort();
  return missing.length === 0 || kept.foreign || kept.newer ? [] : [{do: 'appendHistory', keys: missing}];
}

function usableRing(o: NodeObservation, problems: Problem[]): Ring | undefined {
  if (o.ring.state !== 'seen') {
    if (o.ring.state === 'unknown') problems.push(problem('ReadFailed', `ring: ${o.ring.why}`));
    return undefined;
  }
  const ring = o.ring.value;
  const state = o.state.state === 'seen' ? o.state.value : undefined;
  if (o.clusterId.state !== 'seen') {
    problems.push(problem('ReadFailed', 'the cluster id could not be read'));
    return undefined;
  }
  if (ring.clusterId !== o.clusterId.value) {
    problems.push(problem('ForeignRing', `the ring names cluster ${ring.clusterId}`));
    return undefined;
  }
  if (state !== undefined && state.clusterId !== '' && state.clusterId !== ring.clusterId) {
    problems.push(problem('ForeignRing', `this node belongs to cluster ${state.clusterId}`));
    return undefined;
  }
  if (state !== undefined && ring.epoch < state.epoch) {
    problems.push(
      problem('GuardRefused', `the ring's epoch ${ring.epoch} is below ${state.epoch}, which this node saw`),
    );
    return undefined;
  }
  if (o.seenRing !== undefined && isAnotherLine(ring, o.seenRing)) {
    const {epoch, version} = o.seenRing;
    const now = `epoch ${ring.epoch} version ${ring.version}`;
    problems.push(
      problem('GuardRefused', `the ring (${now}) does not go on from epoch ${epoch} version ${version}, seen before`),
    );
    return undefined;
  }
  return ring;
}

function stateActions(o: NodeObservation, ring: Ring): readonly NodeAction[] {
  const old = o.state.state === 'seen' ? o.state.value : undefined;
  const revision = Math.max(
    0,
    old?.revision ?? 0,
    ...ring.keys.map((key) => key.revision),
    ...[...o.held.values()].map((key) => key.revision),
  );
  if (old !== undefined && old.epoch === ring.epoch && old.revision === revision && old.clusterId === ring.clusterId)
    return [];
  if (o.state.state === 'unknown') return [];
  return [
    {
      do: 'writeState',
      state: {
        v: 1,
        clusterId: ring.clusterId,
        epoch: ring.epoch,
        generation: old?.generation ?? 0,
        bundle: old?.bundle ?? '',
        revision,
        ...(o.seenRing === undefined ? {} : {version: ring.version}),
      },
    },
  ];
}

/** Opening, sealing and making keys at the ring's request. */
function keyActions(o: NodeObservation, ring: Ring, problems: Problem[]): readonly NodeAction[] {
  if (o.keyObjects.state !== 'seen' || o.recipient.state !== 'seen') return [];
  const objects = new Map(o.keyObjects.value.map((object) => [object.name, object]));
  const actions: NodeAction[] = [];
  const opening = new Set<string>();
  for (const key of [...ring.keys].sort((a, b) => a.revision - b.revision)) {
    const name = keyObjectName(key);
    const object = objects.get(name);
    if (!o.held.has(key.id) && object !== undefined) {
      const chain = voucherChain(o, objects, object).filter((each) => !opening.has(each));
      for (const each of chain) opening.add(each);
      actions.push(...chain.map((each): NodeAction => ({do: 'openKey', object: each})));
    }
    if (!o.held.has(key.id) && object === undefined)
      problems.push(problem('KeyNotHeld', `no sealed object holds ${key.name}`));
    if (o.held.has(key.id) && object === undefined && o.recipients.state === 'seen')
      actions.push({do: 'sealKey', key: key.id});
    if (o.held.has(key.id) && object !== undefined && lacksRecipient(o, object.recipients))
      actions.push({do: 'reseal', object: name});
  }
  const minting = ring.minting;
  const minted = o.previous.state === 'seen' ? o.previous.value.minted : undefined;
  if (minting !== undefined && minting.node === o.node && minted?.id !== minting.id && o.recipients.state === 'seen') {
    actions.push({do: 'mint', id: minting.id, revision: minting.revision});
  }
  return actions;
}

/** Objects to open in order: those that vouch for an object, as far as they are there, then itself. */
function voucherChain(
  o: NodeObservation,
  objects: ReadonlyMap<string, KeyObject>,
  object: KeyObject,
): readonly string[] {
  const chain: string[] = [object.name];
  let voucher = object.voucher?.key;
  while (voucher !== undefined && !o.held.has(voucher)) {
    const next = [...objects.values()].find(({key}) => key.id === voucher);
    if (next === undefined || chain.includes(next.name)) break;
    chain.unshift(next.name);
    voucher = next.voucher?.key;
  }
  return chain;
}

/** Everybody a key is sealed for: all genuine control-plane nodes and the recovery recipients. */
export function wantedRecipients(o: NodeObservation): readonly string[] {
  const nodes =
    o.recipients.state === 'seen'
      ? o.recipients.value.filter(({genuine}) => genuine).map(({recipient}) => recipient)
      : [];
  const own = o.recipient.state === 'seen' ? [o.recipient.value] : [];
  return [...new Set([...nodes, ...own, ...o.recoveryRecipients])].filter((each) => each !== '').sort();
}

const lacksRecipient = (o: NodeObservation, recipients: readonly string[]): boolean =>
  o.recipients.state === 'seen' && wantedRecipients(o).some((each) => !recipients.includes(each));

/** Who asks for keys and is no control-plane node; what a forgotten node left behind is no question. */
function strangers(o: NodeObservation, ring: Ring | undefined): readonly Problem[] {
  if (o.recipients.state !== 'seen') return [];
  return o.recipients.value
    .filter(
      ({node, genuine}) => !genuine && node !== o.node && ring?.forgotten.some((each) => each.node === node) !== true,
    )
    .map(({node}) =>
      problem('UnknownRecipient', `${node} has neither a control-plane Node nor a server; no key is sealed for it`),
    );
}

/** The layout that holds for this node: the one on trial here, unless its file was refused. */
function layoutFor(o: NodeObservation, ring: Ring): Layout {
  const refused = o.previous.state === 'seen' ? o.previous.value.refusedFile : undefined;
  const trial = ring.trial;
  if (trial?.node !== o.node) return ring.layout;
  return refused?.trial === trial.id ? ring.layout : trial.layout;
}

function fileActions(
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
  if (back !== undefined) return [back];
  const unreadable = makeReadable(o, problems);
  if (unreadable !== undefined) return [unreadable];
  const layout = ring === undefined ? undefined : layoutFor(o, ring);
  if (ring === undefined || layout === undefined || layout.resources.length === 0) return repair(o, loaded, problems);
  const next = targetBlocks(o, ring, layout, loaded, server.state === 'down');
  const current = o.file.state === 'loadable' ? o.file.blocks : [];
  if (o.file.state === 'loadable' && sameBlocks(current, next)) return [];
  const missing = [...keysOf(next)].filter((key) => !o.held.has(key));
  if (missing.length > 0) {
    problems.push(problem('KeyNotHeld', `waiting for ${missing.length} keys`));
    return repair(o, loaded, problems);
  }
  const refused = o.previous.state === 'seen' ? o.previous.value.refusedFile : undefined;
  if (
    refused !== undefined &&
    sameBlocks(refused.blocks, next) &&
    o.now.wallMs - refused.atMs < retryRefusedMs &&
    !hasRestartedSince(server, refused)
  ) {
    problems.push(problem('FileRefused', refused.why));
    return [];
  }
  const why = guardFile(guardInput(o, ring, current, next, loaded, server));
  if (why !== undefined) {
    problems.push(problem('GuardRefused', why));
    return [];
  }
  if (o.file.state === 'refused')
    problems.push(
      problem('FileInvalid', `the file does not load: ${o.file.problems[0] ?? 'unknown'}`),
      problem('FileRepaired', `the file did not load (${o.file.problems[0] ?? 'unknown'}) and was written again`),
    );
  if (o.file.state === 'absent' && loaded.state === 'known')
    problems.push(problem('FileRepaired', 'the file was missing and was written again'));
  return [{do: 'writeFile', blocks: next}];
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
  stateEpoch: o.state.state === 'seen' ? o.state.value.epoch : 0,
  held: o.held,
  history: new Set(o.history.state === 'seen' ? o.history.value.keys : []),
});

/**
 * The file this node shall have: the ring's layout, keeping every key that no certificate lets go, and writing with
 * the present key as long as the node's own running server has not loaded the ring's.
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
  const known = new Map<KeyId, KeyRef>([...ring.keys.map((key) => [key.id, key] as const), ...o.held]);
  const resources = layout.resources.map((each) => {
    const {write} = each;
    if (write === 'own' || serverDown || !isKey(write) || writeEntryOf(current, each.resource) === write) return each;
    const ready = loaded.state === 'known' && orderOf(loaded.blocks, each.resource)?.includes(write) === true;
    return ready ? each : {...each, write: 'own' as const};
  });
  const rendered = renderLayout({...layout, resources, keys: [...layout.keys, ...extras]}, known as never, (resource) =>
    writeEntryOf(current, resource),
  );
  return rendered;
}

const keptOnly = (layout: Layout, id: KeyId): boolean => layout.kept.some(({order}) => order.includes(id));

/** The present file, or what it was before it was damaged. */
function presentBlocks(o: NodeObservation): readonly RenderedBlock[] {
  if (o.file.state === 'loadable') return o.file.blocks;
  return o.known.get(o.lastLoadedHash ?? '') ?? o.known.get(o.newestBackup ?? '') ?? [];
}

/** Until it is written down that the file was loaded, it is not reported, so no deed rests on what may be taken back. */
const isTrialOver = ({tried, file}: NodeObservation, loaded: LoadedReport): boolean => {
  if (tried === undefined || file.state === 'unknown') return false;
  if (loaded.state === 'known' && loaded.hash === tried.file) return true;
  return file.state === 'absent' || file.hash !== tried.file;
};

/** A file that the server counted a failure against, or does not start with, goes back to the last loaded one. */
function takeBack(o: NodeObservation, loaded: LoadedReport): NodeAction | undefined {
  if (o.file.state !== 'loadable') return undefined;
  const file = o.file.hash;
  if (o.evidence.state === 'seen' && o.serverDown === undefined) {
    const {lastReloadFailureMs, loadedHash} = o.evidence.value;
    const failed = lastReloadFailureMs !== undefined && lastReloadFailureMs > o.fileModifiedAtMs + renameMs;
    if (!failed || loadedHash === undefined || loadedHash === file || loaded.state !== 'known') return undefined;
    return {do: 'restoreFile', hash: loadedHash, why: 'its server counts a failed reload of this file', refused: true};
  }
  const down = o.downSinceMs !== undefined && o.now.monotonicMs - o.downSinceMs >= downTakeBackMs;
  const tried = o.tried?.file === file ? o.tried : undefined;
  const last = o.lastLoadedHash ?? tried?.before;
  // Where this node's server is the only way to the API, the ring cannot be read as long as it is down.
  const onTrial = o.ring.state === 'seen' ? o.ring.value.trial?.node === o.node : tried !== undefined;
  if (!down || !onTrial || last === undefined || last === file || !o.known.has(last)) return undefined;
  return {do: 'restoreFile', hash: last, why: 'its server does not start with this file', refused: true};
}

/** Whoever owns the file must be able to read it: what a server cannot read again, it cannot start with either. */
function makeReadable(o: NodeObservation, problems: Problem[]): NodeAction | undefined {
  if (o.file.state !== 'loadable') return undefined;
  const mode = (o.fileMode ?? 0o600) & 0o777;
  const octal = mode.toString(8).padStart(4, '0');
  if ((mode & 0o400) === 0) {
    problems.push(problem('FileRepaired', `the file had mode ${octal} and was written again`));
    return {do: 'restoreFile', hash: o.file.hash, why: `its mode ${octal} keeps its owner out`, refused: false};
  }
  if (o.evidence.state !== 'seen') return undefined;
  const {lastReloadFailureMs = 0, lastReloadSuccessMs = 0, loadedHash} = o.evidence.value;
  const lately = o.now.wallMs - lastReloadFailureMs < reloadDeadlinePolls * pollPeriodMs;
  const since = lastReloadFailureMs > Math.max(lastReloadSuccessMs, o.fileModifiedAtMs + renameMs);
  if (loadedHash === o.file.hash && lately && since)
    problems.push(problem('ReloadFailing', `its server fails to read the file again, which has mode ${octal}`));
  return undefined;
}

/** Without a layout to write: a damaged or lost file comes back from what is loaded, else from the newest backup. */
function repair(o: NodeObservation, loaded: LoadedReport, problems: Problem[]): readonly NodeAction[] {
  if (o.file.state === 'loadable') return [];
  if (o.file.state === 'refused') problems.push(problem('FileInvalid', o.file.problems[0] ?? 'the file does not load'));
  const hash = loaded.state === 'known' ? loaded.hash : (o.lastLoadedHash ?? o.newestBackup);
  if (hash === undefined || !o.known.has(hash)) return [];
  problems.push(problem('FileRepaired', 'the file was damaged or missing, and the last good one was put back'));
  return [{do: 'restoreFile', hash, why: 'the file was damaged or missing', refused: false}];
}
