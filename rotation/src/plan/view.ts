// The observation with what every rule needs worked out once: members and their state against a layout.

import {pollPeriodMs, reloadDeadlinePolls} from '../limits.ts';
import type {KeyId} from '../model/key.ts';
import {
  keysOf,
  type Layout,
  orderOf,
  type RenderedBlock,
  renderLayout,
  writeEntries,
  writeEntryOf,
} from '../model/layout.ts';
import type {NodeReport} from '../model/node.ts';
import type {ClusterObservation} from '../model/observation.ts';
import {type Ring, type RingKey, ringKeys} from '../model/ring.ts';
import {same} from '../model/same.ts';
import type {Spec} from '../model/spec.ts';
import {type Member, membersOf} from './membership.ts';
import {because, lastingReasons, type Reason, type ReasonName, reasons} from './reason.ts';

export interface View {
  readonly observation: ClusterObservation;
  readonly spec: Spec;
  readonly ring: Ring;
  readonly keys: ReadonlyMap<KeyId, RingKey>;
  /** Members that count, by node name. */
  readonly members: readonly Member[];
  /** Members that count and that nothing is known of: they block every dangerous deed. */
  readonly blockers: readonly Reason[];
  readonly notes: readonly Reason[];
}

export function makeView(observation: ClusterObservation, spec: Spec, ring: Ring): View {
  const {members, blockers, notes} = membersOf(observation, ring);
  return {observation, spec, ring, keys: ringKeys(ring), members, blockers, notes};
}

/** Same blocks in the same order. */
export const sameBlocks = (a: readonly RenderedBlock[], b: readonly RenderedBlock[]): boolean => same(a, b);

/** The blocks that a member's file must have under a layout. */
function expectedBlocks(
  layout: Layout,
  keys: ReadonlyMap<KeyId, RingKey>,
  report: NodeReport,
): readonly RenderedBlock[] {
  const present = report.file.state === 'loadable' ? report.file.blocks : [];
  return renderLayout(layout, keys, (resource) => writeEntryOf(present, resource));
}

/** What still keeps a member from having loaded exactly a layout's file; `undefined` when it has. */
export function obstacle(view: View, member: Member, layout: Layout): Reason | undefined {
  const {report, node} = member;
  const name = [node];
  if (report.ring.epoch !== view.ring.epoch) {
    return (
      fileObstacle(view, member) ??
      because('FileNotWritten', `${node}: its agent has not seen epoch ${view.ring.epoch}`, name)
    );
  }
  const expected = expectedBlocks(layout, view.keys, report);
  const written = report.file.state === 'loadable' && sameBlocks(report.file.blocks, expected);
  if (!written)
    return fileObstacle(view, member) ?? because('FileNotWritten', `${node}: its file is older than the ring`, name);
  if (report.server.state === 'down')
    return because('ServerDown', `${node}: kube-apiserver is not running: ${report.server.why}`, name);
  if (report.server.state === 'foreign') return because('ForeignServer', `${node}: ${report.server.why}`, name);
  if (report.loaded.state === 'known' && report.file.state === 'loadable' && report.loaded.hash === report.file.hash)
    return undefined;
  return loadObstacle(view, member);
}

function fileObstacle(view: View, {report, node}: Member): Reason | undefined {
  const problem = report.problems.find(({reason}) => !lastingReasons.has(reason));
  const name = [node];
  if (report.fipsOnly)
    return because('FipsRefusesAesgcm', `${node}: its kube-apiserver runs with FIPS-only cryptography`, name);
  if (report.file.state === 'refused')
    return because('FileInvalid', `${node}: ${report.file.problems[0] ?? 'the file does not load'}`, name);
  if (problem !== undefined) {
    const reason = knownReason(problem.reason);
    return because(reason, `${node}: ${problem.message}`, name);
  }
  const missing = view.ring.keys.filter((key) => !report.held.includes(key.id)).map((key) => key.name);
  if (missing.length > 0) return because('KeyNotHeld', `${node}: does not hold ${missing.join(', ')}`, name);
  return undefined;
}

/** Reports come from the API: a reason we do not know becomes `ReadFailed`. */
const knownReason = (reason: string): ReasonName =>
  Object.hasOwn(reasons, reason) ? (reason as ReasonName) : 'ReadFailed';

function loadObstacle(view: View, {report, node}: Member): Reason {
  const name = [node];
  const writtenAt = report.fileWrittenAtMs ?? 0;
  const age = Math.max(0, view.observation.now.wallMs - writtenAt);
  const late = age > (view.observation.reloadDeadlineMs ?? reloadDeadlinePolls * pollPeriodMs);
  if (!report.automaticReload)
    return because('ReloadDisabled', `${node}: --encryption-provider-config-automatic-reload is off`, name);
  if (report.mount === 'single-file' && view.ring.settings.writeMode !== 'inPlace')
    return because('SingleFileMount', `${node}: the configuration is mounted as a single file`, name);
  if (late)
    return because(
      'NotLoaded',
      `${node}: not loaded ${Math.round(age / 1000)} s after it was written; ${likelyCause(report)}`,
      name,
    );
  if (report.loaded.state === 'unknown') return because('NoLoadEvidence', `${node}: ${report.loaded.why}`, name);
  return because('WaitingForLoad', `${node}: has not loaded its file yet`, name);
}

function likelyCause(report: NodeReport): string {
  if (report.reloadFailures > 0) return 'its server counts reload failures';
  if (report.configPath === '') return 'its server has no --encryption-provider-config';
  if (report.mount === 'single-file') return 'a restart mounts the present file into its server';
  if (report.mount === 'unknown') return 'perhaps the file is mounted singly or the server reads another path';
  return 'its server may read another path';
}

/** Why members have not all loaded a layout; empty when they have. */
export const obstacles = (view: View, layout: Layout): readonly Reason[] =>
  view.members.map((member) => obstacle(view, member, layout)).filter((reason) => reason !== undefined);

/** Whether a member's own server has `key` loaded for every managed resource, read or write. */
export const hasLoaded = (report: NodeReport, key: KeyId, resources: readonly string[]): boolean => {
  const {loaded} = report;
  return (
    loaded.state === 'known' && resources.every((resource) => orderOf(loaded.blocks, resource)?.includes(key) === true)
  );
};

/** Key ids that some member writes with now, in its file or its server. */
export function writtenWith(members: readonly Member[]): ReadonlySet<string> {
  const entries = new Set<string>();
  for (const {report} of members) {
    if (report.file.state === 'loadable')
      for (const entry of writeEntries(report.file.blocks).values()) entries.add(entry);
    if (report.loaded.state === 'known')
      for (const entry of writeEntries(report.loaded.blocks).values()) entries.add(entry);
  }
  return entries;
}

/** Key ids in any member's file. */
export function filedKeys(members: readonly Member[]): ReadonlySet<KeyId> {
  const keys = new Set<KeyId>();
  for (const {report} of members)
    if (report.file.state === 'loadable') for (const key of keysOf(report.file.blocks)) keys.add(key);
  return keys;
}
