// The fingerprint of a running cluster, put together from what its nodes report: nobody reads the root Secret for it.
// It shows the revisions that every server has loaded, not those that files or a bundle promise.

import type {Fingerprint} from '@etcd-encryption/crypto';
import {type BundleRef, type DerivationReport, type NodeReport, orderOf, type Ring} from '@etcd-encryption/rotation';
import type {ClusterState} from './cluster-state.ts';
import type {SideFingerprint} from './fingerprint-file.ts';
import {reportSilentMs} from './status-summary.ts';
import {inWords} from './time-words.ts';

export interface ClusterFingerprint {
  readonly side: SideFingerprint;
  /** What it does not show, and why; one line each. */
  readonly notes: readonly string[];
}

interface Told {
  readonly node: string;
  readonly derivation: DerivationReport;
}

/**
 * What this cluster shows of its settings and keys.
 * @throws Error that names the nodes where one is silent, has no usable root key or contradicts another
 */
export function clusterFingerprint(state: ClusterState): ClusterFingerprint {
  const {ring} = state;
  if (ring === undefined) throw new Error(state.ringProblem ?? 'there is no ring yet');
  const reports = memberReports(state, ring);
  const {clusterId} = ring;
  if (ring.settings.derivation === undefined) return {side: {clusterId, ...randomKeys(ring, reports)}, notes: []};
  const told = reports.map(({node, derivation}): Told => {
    if (derivation === undefined) throw new Error(`${node}: no word on the root Secret yet`);
    return {node, derivation};
  });
  const {bundle, notes} = bundleOf(told);
  const shown = {clusterId, ...tagsOf(told)};
  if (bundle === undefined) return {side: {...shown, revisions: [], adopted: []}, notes};
  const {bundleId, generation, entries} = bundle;
  const missing = entries.flatMap(({key}) => {
    const nodes = reports.filter((report) => !hasLoaded(report, key, ring)).map(({node}) => node);
    return nodes.length === 0 ? [] : [{key, nodes}];
  });
  const revisions = entries
    .filter(({key}) => !missing.some((each) => each.key === key))
    .map(({revision, key, check}) => ({revision, name: key, checkValue: check}));
  const late = missing.map(({key, nodes}) => `${key} is left out: ${nodes.join(', ')} has not loaded it`);
  return {side: {...shown, bundleId, generation, revisions, adopted: []}, notes: [...notes, ...late]};
}

/** The members' reports; evidence must be of now and of this cluster. */
function memberReports({reports, nowMs, badReports}: ClusterState, ring: Ring): readonly NodeReport[] {
  const forgotten = new Set(ring.forgotten.map(({node}) => node));
  const present = reports.filter(({node}) => !forgotten.has(node));
  const problems = [
    ...Object.entries(badReports).map(([node, why]) => `${node}: its report: ${why}`),
    ...ring.members
      .filter(({node}) => !reports.some((report) => report.node === node) && badReports[node] === undefined)
      .map(({node}) => `${node}: it has no report`),
    ...present
      .filter(({atMs}) => nowMs - atMs > reportSilentMs)
      .map(({node, atMs}) => `${node}: its agent has not reported for ${inWords(nowMs - atMs)}`),
    ...present
      .filter(({clusterId}) => clusterId !== ring.clusterId)
      .map(({node}) => `${node}: its report names another cluster`),
  ];
  if (problems.length > 0) throw new Error(problems.join('; '));
  if (present.length === 0) throw new Error('no node has reported yet');
  return present;
}

type Tags = Required<Pick<Fingerprint, 'rootCheck' | 'groupTag' | 'dimensionTag'>>;

/** The tags on which all nodes agree. */
function tagsOf(told: readonly Told[]): Tags {
  const ready = told.map(({node, derivation: {root}}) => {
    if (root.state !== 'ready') throw new Error(`${node}: ${root.why}`);
    return {node, tags: {rootCheck: root.rootCheck, groupTag: root.groupTag, dimensionTag: root.dimensionTag}};
  });
  const [first] = ready;
  if (first === undefined) throw new Error('no node has reported yet');
  const other = ready.find(({tags}) => Object.values(tags).join() !== Object.values(first.tags).join());
  if (other !== undefined) throw new Error(`${first.node} and ${other.node} have different root keys or settings`);
  return first.tags;
}

/** The bundle that the nodes read; where the stored one is refused or gone, the last one they accepted. */
function bundleOf(told: readonly Told[]): {readonly bundle: BundleRef | undefined; readonly notes: readonly string[]} {
  const read = told.map(({node, derivation: {bundle, accepted}}) => {
    if (bundle.state === 'read') return {node, bundle: bundle.bundle, why: undefined};
    const why = bundle.state === 'refused' ? `refused: ${bundle.outcome}: ${bundle.detail}` : wordOf(bundle);
    return {node, bundle: accepted, why};
  });
  const [first] = read;
  const other = read.find(({bundle}) => bundle?.hash !== first?.bundle?.hash);
  if (other !== undefined)
    throw new Error(`${first?.node} and ${other.node} do not read the same SeedBundle; ask again in a minute`);
  const notes = read.flatMap(({node, why}) => (why === undefined ? [] : [`${node}: the SeedBundle is ${why}`]));
  return {bundle: first?.bundle, notes};
}

const wordOf = (bundle: Extract<DerivationReport['bundle'], {state: 'absent' | 'unknown'}>): string =>
  bundle.state === 'absent' ? 'absent' : `not known: ${bundle.why}`;

/** Whether its server, by what it loaded, opens every listed resource's values under a key. */
function hasLoaded({loaded, server}: NodeReport, key: string, {layout}: Ring): boolean {
  if (server.state !== 'up' || loaded.state !== 'known' || layout.resources.length === 0) return false;
  return layout.resources.every(({resource}) => orderOf(loaded.blocks, resource)?.includes(key) === true);
}

/** Without derivation: the ring's own keys, and adopted ones by name and number, as far as every server has them. */
function randomKeys(ring: Ring, reports: readonly NodeReport[]): Pick<Fingerprint, 'revisions' | 'adopted'> {
  const keys = ring.keys.filter(({id}) => reports.every((report) => hasLoaded(report, id, ring)));
  const counts = new Map<string, number>();
  const adopted = keys
    .filter(({revision}) => revision === 0)
    .map(({name}) => {
      const number = (counts.get(name) ?? 0) + 1;
      counts.set(name, number);
      return {name, number};
    });
  const revisions = keys
    .filter(({revision}) => revision > 0)
    .map(({revision, name, check}) => ({revision, name, checkValue: check}))
    .sort((a, b) => a.revision - b.revision || (a.name < b.name ? -1 : 1));
  return {revisions, adopted};
}
