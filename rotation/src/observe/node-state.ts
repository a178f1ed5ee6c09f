// The small files that an agent keeps for itself: its state, the file on trial, and its identity.

import {readIdentity} from '../act/identity.ts';
import {absent, type Fact, seen, unknown, unread} from '../model/fact.ts';
import {identityPath, statePath, trialPath} from '../model/file-paths.ts';
import {type NodeState, newerState, type TriedFile} from '../model/node-observation.ts';
import {ask, type Step} from '../ports.ts';

/** `absent` also when the file is torn: it is written again; `unknown` when a newer release wrote it. */
export function* readState(): Step<Fact<NodeState>> {
  const answer = yield* ask('files.read', {path: statePath});
  if (!answer.ok) return unread(answer.error);
  if (answer.value === undefined) return absent;
  try {
    const state = JSON.parse(String.fromCharCode(...answer.value.bytes)) as Partial<NodeState>;
    if (typeof state.v === 'number' && state.v > 1) return unknown(`${newerState} (v${state.v})`);
    if (typeof state.v !== 'number' || typeof state.epoch !== 'number') return absent;
    return seen({
      v: 1,
      clusterId: state.clusterId ?? '',
      epoch: state.epoch,
      generation: typeof state.generation === 'number' ? state.generation : 0,
      bundle: typeof state.bundle === 'string' ? state.bundle : '',
      revision: state.revision ?? 0,
      ...(state.version === undefined ? {} : {version: state.version}),
      ...(typeof state.encryptions === 'object' ? {encryptions: state.encryptions} : {}),
      ...(state.external === true ? {external: true} : {}),
    });
  } catch {
    return absent;
  }
}

/** The file on trial here; a torn record is none. */
export function* readTried(): Step<TriedFile | undefined> {
  const answer = yield* ask('files.read', {path: trialPath});
  if (!answer.ok || answer.value === undefined) return undefined;
  try {
    const {v, trial, file, before} = JSON.parse(String.fromCharCode(...answer.value.bytes)) as Partial<TriedFile>;
    if (v !== 1 || trial === undefined || file === undefined || before === undefined) return undefined;
    return {v, trial, file, before};
  } catch {
    return undefined;
  }
}

/** Recipient of this node's identity; the identity itself is wiped at once. */
export function* readRecipient(): Step<Fact<string>> {
  const answer = yield* ask('files.read', {path: identityPath});
  if (!answer.ok) return unread(answer.error);
  if (answer.value === undefined) return absent;
  const identity = readIdentity(answer.value.bytes);
  answer.value.bytes.fill(0);
  if (identity === undefined) return unknown(`${identityPath}: expected an age identity`);
  const recipient = yield* ask('seal.recipientOf', {identity});
  identity.wipe();
  return recipient.ok ? seen(recipient.value.recipient) : unread(recipient.error);
}
