// The deterministic strategy on a node: what the root key and the bundles, stored and accepted, make of each other.
// Reading and following are two things (derivation.md): every bundle that verifies gives keys, and only the plan says
// which one is accepted.

import {acceptSeedBundle, fromBase64, hex, readUnverifiedSeedBundle} from '@etcd-encryption/crypto';
import type {BundleReport, DerivationSettings, PreparedBundle, RootReport} from '../model/bundle.ts';
import type {Fact} from '../model/fact.ts';
import {refOf} from '../model/key-ring.ts';
import type {DerivationFact, NodeObservation, NodeState} from '../model/node-observation.ts';
import type {Ring} from '../model/ring.ts';
import {same} from '../model/same.ts';
import type {Step} from '../ports.ts';
import {type AgentMemory, type DerivationMemory, newDerivationMemory, remember} from './agent-memory.ts';
import {readRootKey, settingsWith} from './root-key.ts';
import {keyAfter, type OpenedBundle, openBundle, readStoredBundle} from './seed-bundles.ts';

type Given = Pick<NodeObservation, 'ring' | 'state' | 'clusterId' | 'previous'>;

/** Reads root and bundle, holds every key they give; `undefined` under the random strategy. */
export function* observeDerivation(memory: AgentMemory, given: Given): Step<DerivationFact | undefined> {
  const deriving = derivingWith(memory, settingsOf(memory, given));
  if (deriving === undefined) return undefined;
  const {report, root} = yield* readRootKey(deriving.settings, deriving.root);
  changeRoot(deriving, root);
  const stored = yield* readStoredBundle();
  const kept = given.state.state === 'seen' ? given.state.value.bundle : '';
  const acceptedBundle = kept === '' ? undefined : open(memory, deriving, kept);
  const storedBundle = stored.state === 'seen' ? open(memory, deriving, stored.value) : undefined;
  forget(deriving, [kept, stored.state === 'seen' ? stored.value : '']);
  const bundle = reportBundle(stored, storedBundle, {report, state: given.state, acceptedBundle});
  const next = acceptedBundle === undefined ? undefined : holdNext(memory, deriving, acceptedBundle);
  recallPrepared(deriving, given);
  return {
    root: report,
    bundle,
    ...(bundle.state === 'read' ? {bytes: storedBundle?.bytes ?? ''} : {}),
    ...(acceptedBundle?.content.outcome === 'ok' ? {accepted: acceptedBundle.content.ref} : {}),
    ...(next === undefined ? {} : {next}),
    derived: derivedKeys(memory, deriving, given.ring),
    ...(deriving.prepared === undefined ? {} : {prepared: deriving.prepared}),
  };
}

/** As the ring says; where it cannot be read, as it said last. */
function settingsOf(memory: AgentMemory, {ring, clusterId}: Given): DerivationSettings | undefined {
  if (ring.state !== 'seen') return memory.derivation?.settings;
  const ours = clusterId.state === 'seen' && ring.value.clusterId === clusterId.value;
  return ours ? ring.value.settings.derivation : memory.derivation?.settings;
}

/** What is remembered under these settings; the root key of others is wiped. */
function derivingWith(memory: AgentMemory, settings: DerivationSettings | undefined): DerivationMemory | undefined {
  const present = memory.derivation;
  if (present !== undefined && settings !== undefined && same(present.settings, settings)) return present;
  present?.root?.secret.wipe();
  memory.derivation = settings === undefined ? undefined : newDerivationMemory(settings, present?.derived);
  return memory.derivation;
}

/** Bundles stay open when the root key goes: their keys are held. Under another root key they are other bundles. */
function changeRoot(deriving: DerivationMemory, root: DerivationMemory['root']): void {
  if (root === deriving.root) return;
  deriving.root?.secret.wipe();
  deriving.root = root;
  if (root === undefined) return;
  deriving.opened.clear();
  deriving.next = undefined;
}

/** Opens a bundle once under each root key and holds its keys; `undefined` without a root key. */
function open(memory: AgentMemory, deriving: DerivationMemory, text: string): OpenedBundle | undefined {
  const present = deriving.opened.get(text);
  if (present !== undefined) return present;
  if (deriving.root === undefined) return undefined;
  const opened = openBundle(text, settingsWith(deriving.settings, deriving.root.secret));
  deriving.opened.set(text, opened);
  if (opened.content.outcome === 'ok') for (const key of opened.content.keys) hold(memory, deriving, key);
  return opened;
}

function forget({opened}: DerivationMemory, texts: readonly string[]): void {
  for (const text of opened.keys()) if (!texts.includes(text)) opened.delete(text);
}

function hold(memory: AgentMemory, {derived}: DerivationMemory, key: Parameters<typeof remember>[1]): void {
  remember(memory, key);
  derived.add(refOf(key).id);
}

/** The key that the next publication will bring, loaded before anything brings it. */
function holdNext(
  memory: AgentMemory,
  deriving: DerivationMemory,
  {content, hash}: OpenedBundle,
): DerivationFact['next'] {
  if (deriving.next?.after === hash) return deriving.next.ref;
  if (content.outcome !== 'ok' || deriving.root === undefined) return undefined;
  const key = keyAfter(content.bundle, settingsWith(deriving.settings, deriving.root.secret));
  if (key === undefined) return undefined;
  hold(memory, deriving, key);
  deriving.next = {after: hash, ref: refOf(key)};
  return deriving.next.ref;
}

/** Derived keys that are held: derived by this program, or called derived by the ring and kept in the history. */
function derivedKeys({keys}: AgentMemory, {derived}: DerivationMemory, ring: Fact<Ring>): readonly string[] {
  const listed = ring.state === 'seen' ? ring.value.keys.filter((key) => key.derived === true) : [];
  return [...new Set([...derived, ...listed.map(({id}) => id)])].filter((id) => keys.has(id)).sort();
}

interface Beside {
  readonly report: RootReport;
  readonly state: Fact<NodeState>;
  readonly acceptedBundle: OpenedBundle | undefined;
}

function reportBundle(stored: Fact<string>, opened: OpenedBundle | undefined, beside: Beside): BundleReport {
  if (stored.state === 'absent') return {state: 'absent'};
  if (stored.state === 'unknown') return {state: 'unknown', why: stored.why};
  if (opened === undefined) return {state: 'unknown', why: whyClosed(beside.report)};
  const {content, hash} = opened;
  if (content.outcome !== 'ok') return {state: 'refused', hash, outcome: content.outcome, detail: content.detail};
  if (beside.state.state === 'unknown')
    return {state: 'unknown', why: `which bundle was accepted last is not known: ${beside.state.why}`};
  return {state: 'read', bundle: content.ref, ...accept(content.bundle, beside)};
}

const whyClosed = (root: RootReport): string => (root.state === 'ready' ? 'the root key is not held' : root.why);

type Verdict = Pick<Extract<BundleReport, {state: 'read'}>, 'acceptance' | 'detail'>;

function accept(next: Parameters<typeof acceptSeedBundle>[1], {state, acceptedBundle}: Beside): Verdict {
  const previous = acceptedBundle?.content;
  const kept = state.state === 'seen' ? state.value : undefined;
  if (previous?.outcome !== 'ok' && kept !== undefined && kept.bundle !== '') return acceptBeside(next, kept);
  const verdict = acceptSeedBundle(previous?.outcome === 'ok' ? previous.bundle : undefined, next);
  return {acceptance: verdict.outcome, detail: 'detail' in verdict ? verdict.detail : ''};
}

/** The last accepted bundle was made under another root key, or its text is damaged: only its id and number speak. */
function acceptBeside({bundleId, generation}: Parameters<typeof acceptSeedBundle>[1], kept: NodeState): Verdict {
  const bytes = fromBase64(kept.bundle);
  const unverified = bytes.outcome === 'ok' ? readUnverifiedSeedBundle(bytes.bytes) : undefined;
  const id = unverified?.outcome === 'ok' ? hex(unverified.bundle.bundleId) : undefined;
  if (id !== undefined && id !== hex(bundleId))
    return {acceptance: 'other-bundle', detail: `bundle id: expected ${id}, got ${hex(bundleId)}`};
  if (generation < kept.generation)
    return {acceptance: 'rollback', detail: `generation: expected ${kept.generation} or higher, got ${generation}`};
  return {acceptance: 'accepted', detail: 'the bundle that was accepted before cannot be read'};
}

/** A bundle that was made for a request is made once: it is in memory, or in this node's own report. */
function recallPrepared(deriving: DerivationMemory, {ring, previous}: Given): void {
  if (ring.state !== 'seen') return;
  const id = ring.value.publishing?.id;
  if (deriving.prepared?.id === id) return;
  const told = previous.state === 'seen' ? previous.value.derivation?.prepared : undefined;
  deriving.prepared = told === undefined || told.id !== id ? undefined : recalled(deriving, told);
}

/** What the report says of a bundle is not believed: its bytes are opened again. */
function recalled({root, settings}: DerivationMemory, {id, bytes}: PreparedBundle): PreparedBundle | undefined {
  if (root === undefined) return undefined;
  const opened = openBundle(bytes, settingsWith(settings, root.secret));
  if (opened.content.outcome !== 'ok') return undefined;
  for (const {secret} of opened.content.keys) secret.wipe();
  return {...opened.content.ref, id, bytes: opened.bytes};
}
