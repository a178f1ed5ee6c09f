// What an agent reads each period: its node's files, its own server's word, ring, keys and recipients. Bytes of keys
// go into the agent's key ring and stay there; the observation holds references.

import {absent, type Fact, seen, unknown, unread} from '../model/fact.ts';
import {historyPath} from '../model/file-paths.ts';
import {refOf} from '../model/key-ring.ts';
import {type NodeReport, readNodeReport} from '../model/node.ts';
import type {NodeObservation} from '../model/node-observation.ts';
import {configResource, nodeReportResource, ourNamespace, singletonName} from '../model/resource-types.ts';
import {lastingReasons} from '../plan/reason.ts';
import {ask, demand, type Instant, type Step} from '../ports.ts';
import {type AgentMemory, learn, noteRing} from './agent-memory.ts';
import {observeDerivation} from './derivation.ts';
import {newestOf, readBackups, readCompleteCopy, readConfiguration, readHistoryFact} from './node-files.ts';
import {readRecipient, readState, readTried} from './node-state.ts';
import {readRecipients} from './recipients.ts';
import {recogniseLoaded} from './recognise.ts';
import {readClusterId, readKeyObjects, readRingFact} from './shared-objects.ts';

/** Reads everything; never throws, every failed read is an unknown fact. */
export function* observeNode(memory: AgentMemory): Step<NodeObservation> {
  const now = yield* demand('clock.now', {});
  const observing = yield* readObserving(memory);
  const clusterId = yield* readClusterId();
  const ring = yield* readRingFact();
  const {monotonicMs: ringReadAtMs} = now;
  const keyObjects = yield* readKeyObjects();
  const previous = yield* readOwnReport(memory, now);
  const recipients = yield* readRecipients();
  const history = yield* readHistoryFact(memory);
  const foreignFiles = yield* readBackups(memory);
  // Before the file: a file that is older than a reload, and still there afterwards, is the one that was loaded.
  const evidence = yield* ask('server.evidence', {});
  const {file, modifiedAtMs, mode} = yield* readConfiguration(memory);
  const state = yield* readState();
  if (ring.state === 'seen') memory.writeMode = ring.value.settings.writeMode;
  else if (state.state === 'seen' && state.value.external) memory.writeMode ??= 'external';
  const tried = yield* readTried();
  const seenRing = noteRing(memory, {ring, state, clusterId});
  const derivation = yield* observeDerivation(memory, {ring, state, clusterId, previous});
  const recipient = yield* readRecipient();
  const platform = yield* ask('server.platform', {});
  if (platform.ok) memory.etcdPrefix = platform.value.etcdPrefix;
  const later = yield* demand('clock.now', {});
  const down = !evidence.ok && evidence.error.reason === 'ECONNREFUSED' ? evidence.error.message : undefined;
  memory.downSinceMs = down === undefined ? undefined : (memory.downSinceMs ?? later.monotonicMs);
  if (evidence.ok && evidence.value.loadedHash !== undefined) {
    memory.lastLoadedHash = evidence.value.loadedHash;
    if (!memory.files.has(memory.lastLoadedHash) && ring.state === 'seen') {
      const bytes = recogniseLoaded(memory, ring.value, memory.lastLoadedHash);
      if (bytes !== undefined) learn(memory, bytes);
    }
  }
  const newestBackup = newestOf(memory, file);
  const completeCopy = file.state === 'loadable' ? undefined : yield* readCompleteCopy(memory);
  const foreignHistory = history.state === 'seen' && history.value.foreign ? [historyPath] : [];
  return {
    now: later,
    observing,
    node: memory.node,
    clusterId,
    ring,
    ringReadAtMs,
    seenRing,
    keyObjects,
    recipients,
    recoveryRecipients: memory.recoveryRecipients,
    previous,
    platform: platform.ok ? seen(platform.value) : unread(platform.error),
    evidence: evidence.ok ? seen(evidence.value) : unread(evidence.error),
    ...(down === undefined ? {} : {serverDown: down}),
    file,
    fileModifiedAtMs: modifiedAtMs,
    ...(mode === undefined ? {} : {fileMode: mode}),
    known: new Map([...memory.files].map(([hash, {blocks}]) => [hash, blocks])),
    ...(newestBackup === undefined ? {} : {newestBackup}),
    ...(completeCopy === undefined ? {} : {completeCopy}),
    history,
    foreignFiles: [...foreignHistory, ...foreignFiles],
    state,
    ...(tried === undefined ? {} : {tried}),
    recipient,
    held: new Map([...memory.keys].map(([id, key]) => [id, refOf(key)])),
    ...(derivation === undefined ? {} : {derivation}),
    failures: memory.failures,
    can: memory.can,
    ...(memory.downSinceMs === undefined ? {} : {downSinceMs: memory.downSinceMs}),
    ...(memory.lastLoadedHash === undefined ? {} : {lastLoadedHash: memory.lastLoadedHash}),
    ...(memory.inForce === undefined ? {} : {inForce: memory.inForce}),
    ...(memory.replaced === undefined ? {} : {replaced: memory.replaced}),
  };
}

/** Whether people want nothing changed; where the configuration cannot be read, what it said last. */
function* readObserving(memory: AgentMemory): Step<boolean> {
  const config = yield* ask('store.get', {resource: configResource, name: singletonName});
  if (config.ok) memory.observing = (config.value?.spec as {mode?: unknown} | undefined)?.mode === 'observe';
  return memory.observing;
}

function* readOwnReport(memory: AgentMemory, now: Instant): Step<Fact<NodeReport>> {
  const answer = yield* ask('store.get', {resource: nodeReportResource, namespace: ourNamespace, name: memory.node});
  if (!answer.ok) return unread(answer.error);
  memory.reportObject = answer.value;
  if (answer.value === undefined) return absent;
  const read = readNodeReport(answer.value);
  if (read.outcome !== 'ok') return unknown(read.outcome);
  memory.minted ??= read.report.minted;
  memory.refusedFile ??= read.report.refusedFile;
  memory.inForce ??= read.report.inForce;
  memory.lastLoadedHash ??= read.report.inForce?.hash;
  if (memory.lastReport === undefined) {
    for (const {reason, message} of read.report.problems)
      if (lastingReasons.has(reason)) memory.lasting.set(reason, {message, atMs: now.monotonicMs});
  }
  memory.lastReport ??= read.report;
  return seen(read.report);
}
