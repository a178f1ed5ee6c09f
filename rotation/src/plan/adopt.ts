// Adoption: keys that stand in a node's file, or were brought back by a restore, become keys of the ring. Nothing of
// a file is changed here; the layout follows when every member holds every key.

import type {KeyId, KeyRef} from '../model/key.ts';
import type {ScanReport} from '../model/node.ts';
import type {DropCertificate, Ring, RingKey} from '../model/ring.ts';
import {changeRing, type Outcome, pass, passWith, type Rule, wait} from './plan.ts';
import {presentWrites} from './present-writes.ts';
import {because, type Reason} from './reason.ts';
import {filedKeys, sameBlocks, type View, writtenWith} from './view.ts';

export const adopt: Rule = {name: 'adopt', apply};

function apply(view: View): Outcome {
  const {ring, members} = view;
  // Whoever says what we cannot read may hold, write or make what we do not know of.
  const unread = view.blockers.filter(({reason}) => reason === 'NewerRelease');
  if (unread.length > 0) return wait(...unread);
  const refused = members.filter(({report}) => report.file.state === 'unknown').map(({node}) => node);
  if (ring.layout.resources.length === 0 && refused.length > 0) {
    return wait(because('ReadFailed', `the present file of ${refused.join(', ')} could not be read`, refused));
  }
  const found = refsFound(view);
  const wanted = new Set<KeyId>([...keptByFiles(view), ...neededByValues(view, found)]);
  const added = [...wanted].filter((id) => !view.keys.has(id) && found.has(id));
  if (added.length > 0) return takeOver(view, found, added);
  if (ring.restored !== undefined && !ring.restored.merged && everyReportIsNew(view)) {
    const kept = [...found.keys()].filter((id) => !view.keys.has(id));
    return takeOver(view, found, kept, {...ring.restored, merged: true});
  }
  return notesOf(view);
}

function takeOver(
  view: View,
  found: ReadonlyMap<KeyId, KeyRef>,
  ids: readonly KeyId[],
  restored: Ring['restored'] = view.ring.restored,
): Outcome {
  const {ring} = view;
  const added = [...ids].sort();
  const keys = sortKeys([...ring.keys, ...added.map((id) => adoptRef(view, found.get(id) as KeyRef))]);
  const certificates = ring.certificates.filter(({key}) => !added.includes(key));
  const names = added.map((id) => found.get(id)?.name ?? id);
  const isMerged = restored?.merged === true && ring.restored?.merged === false;
  return changeRing(
    ring,
    {keys, certificates, restored, ...(isMerged ? presentWrites(view, keys) : {})},
    because('Adopting', `keys taken over: ${names.join(', ') || 'none'}`),
  );
}

/** Every key that any member found in its files, by id. */
function refsFound({members}: View): Map<KeyId, KeyRef> {
  const found = new Map<KeyId, KeyRef>();
  for (const {report} of members) for (const ref of report.found) if (!found.has(ref.id)) found.set(ref.id, ref);
  return found;
}

const everyReportIsNew = ({members, ring, blockers}: View): boolean =>
  members.length > 0 && blockers.length === 0 && members.every(({report}) => report.ring.epoch === ring.epoch);

/** Keys in a member's file, but for those that a certificate lets go: there they are about to leave, unless some server still writes with them. */
function keptByFiles({members, ring}: View): readonly KeyId[] {
  const certified = new Set(ring.certificates.map(({key}) => key));
  const writing = writtenWith(members);
  return [...filedKeys(members)].filter((id) => !certified.has(id) || writing.has(id));
}

/** Keys that a scan saw in front of stored values, and that a history can bring back. */
function neededByValues({members, ring}: View, found: ReadonlyMap<KeyId, KeyRef>): readonly KeyId[] {
  const certificates = new Map(ring.certificates.map((certificate) => [certificate.key, certificate]));
  const scans = members.flatMap(({report}) => (report.scan === undefined ? [] : [report.scan]));
  const needed = [...found.values()].filter(({id, provider, name}) =>
    scans.some((scan) => isSaidAfter(scan, certificates.get(id)) && counts(scan, `${provider}:${name}`)),
  );
  return needed.map(({id}) => id);
}

const counts = (scan: ScanReport, label: string): boolean =>
  Object.values(scan.counts).some((labels) => (labels[label] ?? 0) > 0);

/** A node keeps its last scan in its report: one from before the clean one says nothing against a certificate. */
const isSaidAfter = ({revision}: ScanReport, certificate: DropCertificate | undefined): boolean =>
  certificate === undefined ||
  !/^\d+$/.test(certificate.cleanRevision) ||
  BigInt(revision) > BigInt(certificate.cleanRevision);

/** A key that some node derives is one of the pair's, wherever it was found. */
function adoptRef({observation, members}: View, ref: KeyRef): RingKey {
  const isDerived = members.some(({report}) => report.derivation?.derived.includes(ref.id) === true);
  return {...ref, createdAtMs: observation.now.wallMs, ...(isDerived ? {derived: true as const} : {})};
}

/** Ours by falling revision, then adopted ones by id. */
export const sortKeys = (keys: readonly RingKey[]): readonly RingKey[] =>
  [...keys].sort((a, b) => b.revision - a.revision || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));

function notesOf(view: View): Outcome {
  const {members, ring} = view;
  const notes: Reason[] = [];
  const invalid = members.filter(({report}) => report.file.state === 'refused').map(({node}) => node);
  if (invalid.length > 0)
    notes.push(because('FileInvalid', `the file of ${invalid.join(', ')} does not load`, invalid));
  const first = members[0]?.report.file;
  const differing = members.filter(
    ({report}) =>
      report.file.state === 'loadable' && first?.state === 'loadable' && !sameBlocks(report.file.blocks, first.blocks),
  );
  if (ring.layout.resources.length === 0 && ring.trial === undefined && differing.length > 0) {
    const nodes = differing.map(({node}) => node);
    notes.push(
      because('NodesDiffer', `${nodes.join(', ')} and ${members[0]?.node} hold different configurations`, nodes),
    );
  }
  return notes.length === 0 ? pass : passWith(...notes);
}
