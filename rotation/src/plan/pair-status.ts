// What people see of a pair in the config's status: the role, and whether root Secret, SeedBundle and, on a Standby, a
// failover are in order. Output only.

import {wordLivesMs} from '../limits.ts';
import type {KeyId} from '../model/key.ts';
import {orderOf} from '../model/layout.ts';
import type {ScanReport} from '../model/node.ts';
import {formatTime} from '../model/time-text.ts';
import {disagreements, newestEntry, readingOf} from './bundles.ts';
import {isFar} from './delay.ts';
import {activeSilence} from './follow.ts';
import {type Member, silence} from './membership.ts';
import {typesOf} from './migrate.ts';
import {latestScan} from './migration-status.ts';
import {because, type Reason} from './reason.ts';
import {isStandby, roleOf} from './role.ts';
import {deterministicOf} from './settings.ts';
import {countEveryMs} from './standby.ts';
import {isAlone, isProven} from './standby-proof.ts';
import type {View} from './view.ts';

/** A condition without its times. */
export interface PairCondition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

/** The word in `status.role`. */
export const roleWord = (view: View): string =>
  deterministicOf(view) === undefined ? 'Standalone' : roleOf(view).role;

/** Conditions of the deterministic strategy; none under the random one. */
export function pairConditions(view: View): readonly PairCondition[] {
  if (deterministicOf(view) === undefined) return [];
  const finding = roleOf(view);
  const isKnown = finding.role !== 'Unknown';
  return [
    {
      type: 'RoleKnown',
      status: isKnown ? 'True' : 'False',
      reason: isKnown ? finding.role : 'RoleUnknown',
      message: finding.why,
    },
    condition('RootSecretReady', rootTrouble(view), 'every node has the root key, and all have the same'),
    // Silence keeps nobody from a failover; it may be the very reason for one.
    condition('SeedBundleReady', bundleTrouble(view) ?? activeSilence(view)[0], readyBundle(view)),
    ...(isStandby(view) ? [failover(view)] : []),
    ...(finding.role === 'Active' ? [proof(view)] : []),
  ];
}

function condition(type: string, trouble: Reason | undefined, message: string): PairCondition {
  if (trouble === undefined) return {type, status: 'True', reason: 'Complete', message};
  return {type, status: 'False', reason: trouble.reason, message: trouble.message};
}

function rootTrouble(view: View): Reason | undefined {
  const unready = view.members.flatMap(({node, report: {derivation}}) => {
    if (derivation?.root.state === 'ready') return [];
    return [{node, why: derivation?.root.why ?? 'no word on it yet'}];
  });
  if (view.members.length === 0) return because('RootSecretNotReady', 'no node: no usable root key');
  if (unready.length > 0) {
    const message = unready.map(({node, why}) => `${node}: ${why}`).join('; ');
    const nodes = unready.map(({node}) => node);
    return because('RootSecretNotReady', `no usable root key: ${message}`, nodes);
  }
  return disagreements(view).find(({reason}) => reason === 'RootSecretsDiffer');
}

function bundleTrouble(view: View): Reason | undefined {
  const reading = readingOf(view);
  switch (reading.state) {
    case 'absent':
      return because('NextNotPublished', 'there is no SeedBundle');
    case 'unknown':
      return because('ReadFailed', `SeedBundle: ${reading.why}`);
    case 'disputed':
      return because('DerivedKeysDiffer', `${reading.nodes.join(', ')} read it differently`);
    case 'refused':
      return because('SeedBundleRefused', `${reading.outcome}: ${reading.detail}`);
    case 'read':
      return reading.bundle.hash === view.ring.following?.hash
        ? undefined
        : because('BundleNotFollowed', `generation ${reading.bundle.generation} is read and not followed`);
    default:
      return reading satisfies never;
  }
}

const readyBundle = ({ring: {following}}: View): string =>
  `generation ${following?.generation} is followed, up to ${newestEntry(following)?.key}`;

/** Whether every stored value here and every revision of the bundle can be read by every server here now. */
function failover(view: View): PairCondition {
  const type = 'FailoverReady';
  const no = (reason: Reason['reason'], message: string): PairCondition => ({type, status: 'False', reason, message});
  if (view.blockers.length > 0) return no(view.blockers[0]?.reason ?? 'UnknownMember', view.blockers[0]?.message ?? '');
  const trouble = rootTrouble(view) ?? bundleTrouble(view);
  if (trouble !== undefined) return no(trouble.reason, trouble.message);
  const resources = view.ring.layout.resources.map(({resource}) => resource);
  const entries = (view.ring.following?.entries ?? []).map(({key}) => key);
  for (const member of view.members) {
    const {node, report} = member;
    const {loaded} = report;
    const quiet = staleWord(view, member);
    if (quiet !== undefined) return no(quiet.reason, quiet.message);
    if (report.server.state !== 'up' || loaded.state !== 'known')
      return no('NoLoadEvidence', `${node}: what its server has loaded is not known`);
    const missing = entries.filter((key) =>
      resources.some((resource) => orderOf(loaded.blocks, resource)?.includes(key) !== true),
    );
    if (missing.length > 0) return no('WaitingForLoad', `${node}: has not loaded ${missing.join(', ')}`);
  }
  const scan = latestScan(view);
  const unchecked = whyUnchecked(view, scan);
  if (scan === undefined || unchecked !== undefined)
    return {type, status: 'Unknown', reason: 'ValuesNotChecked', message: unchecked ?? ''};
  const unreadable = [...unreadableIn(view, scan), ...unlisted(view)];
  if (unreadable.length > 0) return no('UnreadableValues', unreadable.slice(0, 5).join('; '));
  return {type, status: 'True', reason: 'Complete', message: 'every stored value and every revision can be read here'};
}

/**
 * Only a report tells what a server has loaded: one that was away may renew its lease again and have loaded anything, or
 * nothing, until its agent spoke. So the age of the report alone decides, and a newer one alone ends it.
 */
function staleWord({observation}: View, member: Member): Reason | undefined {
  const {node, unchangedForMs} = member;
  if (unchangedForMs <= wordLivesMs) return undefined;
  const message = `${node}: what its server has loaded was told more than ${wordLivesMs / 1_000} s ago`;
  return silence(observation, member)[0] ?? because('AgentSilent', message, [node]);
}

/** A count of the stored values says something of now for so many of the times after which it is made again. */
const countLives = 3;

/** Why a count of the stored values does not tell what is stored now; `undefined` when it does. */
function whyUnchecked(view: View, scan: ScanReport | undefined): string | undefined {
  if (scan === undefined) return 'no node counted the stored values';
  const {wallMs} = view.observation.now;
  if (isFar(scan.completedAtMs, countLives * countEveryMs(view), wallMs))
    return `the stored values were counted last at ${formatTime(scan.completedAtMs)}`;
  const types = typesOf(
    view,
    view.ring.layout.resources.map(({resource}) => resource),
  );
  if ('unknown' in types) return types.unknown.message;
  const uncounted = types.names.filter((name) => scan.counts[name] === undefined);
  if (uncounted.length > 0) return `${uncounted.join(', ')} were not counted`;
  const {listed, now} = view.observation;
  const isListed = listed !== undefined && now.monotonicMs - listed.atMs < countLives * countEveryMs(view);
  return isListed ? undefined : 'whether every list answers is not known';
}

/** Lists that a server did not answer: a value under a key that is here does not open all the same. */
const unlisted = ({observation: {listed}}: View): readonly string[] =>
  Object.entries(listed?.broken ?? {})
    .sort()
    .map(([resource, detail]) => `${resource}: ${detail}`);

/** Labels of stored values that some server here cannot open. */
function unreadableIn(view: View, {counts}: ScanReport): readonly string[] {
  const found: string[] = [];
  for (const [resource, labels] of Object.entries(counts).sort()) {
    for (const [label, count] of Object.entries(labels).sort()) {
      const isOpen = view.members.every(({report}) => {
        const order = report.loaded.state === 'known' ? orderOf(report.loaded.blocks, resource) : undefined;
        if (order === undefined) return label === 'clear';
        return order.some((entry) => labelOf(view, entry) === label);
      });
      if (count > 0 && !isOpen) found.push(`${resource}: ${count} under ${label}`);
    }
  }
  return found;
}

function labelOf({keys}: View, entry: KeyId): string {
  if (entry === 'identity') return 'clear';
  const key = keys.get(entry);
  return key === undefined ? entry : `${key.provider}:${key.name}`;
}

/** Whether the Standby has shown the present write key; its absence holds back only the first key of a bundle id. */
function proof(view: View): PairCondition {
  const type = 'StandbyProven';
  if (isAlone(view)) return {type, status: 'True', reason: 'StandbyProven', message: 'an operator said there is none'};
  const newest = newestEntry(view.ring.following)?.key;
  if (newest !== undefined && isProven(view, newest))
    return {type, status: 'True', reason: 'StandbyProven', message: `the Standby derives ${newest}`};
  const message = `no fingerprint of the Standby shows ${newest ?? 'a key'} (verify --record)`;
  return {type, status: 'False', reason: 'StandbyUnproven', message};
}
