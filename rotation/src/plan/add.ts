// Adding: read keys and resources go into every file, eagerly, in any role, even while paused. A file of a kind that
// no server here has loaded goes to one node first; a refused one is taken back and not sent to anyone else.

import {retryRefusedMs} from '../limits.ts';
import type {KeyId} from '../model/key.ts';
import {
  covers,
  type KeptBlock,
  type Layout,
  type LayoutResource,
  layoutKinds,
  type RenderedBlock,
  servedBy,
  writeEntryOf,
} from '../model/layout.ts';
import {hasRestartedSince} from '../model/node.ts';
import {annotation, ourGroup} from '../model/resource-types.ts';
import type {Refusal, Trial} from '../model/ring.ts';
import {same} from '../model/same.ts';
import {isFar} from './delay.ts';
import type {Member} from './membership.ts';
import {changeRing, type Outcome, pass, type Rule, wait} from './plan.ts';
import {ambiguousValues, requestValues} from './preflight.ts';
import {because, type Reason} from './reason.ts';
import {obstacle, type View} from './view.ts';

export const add: Rule = {name: 'add', apply};

function apply(view: View): Outcome {
  const {ring} = view;
  if (ring.trial !== undefined) return continueTrial(view, ring.trial);
  const desired = desiredLayout(view);
  if (same(desired, ring.layout)) return pass;
  const enters = desired.resources.length > ring.layout.resources.length;
  // What came back with etcd says nothing of what the nodes write by now.
  if (enters && ring.restored?.merged === false)
    return wait(because('RestoreSeen', 'every node is asked what it writes with since etcd was restored'));
  const unread = view.members.filter(({report}) => report.file.state === 'unknown').map(({node}) => node);
  if (enters && unread.length > 0)
    return wait(because('ReadFailed', `what ${unread.join(', ')} write now could not be read`, unread));
  const unheld = notHeld(view, desired);
  if (unheld.length > 0) return wait(...unheld);
  const collision = collisions(view, desired);
  if (collision !== undefined) return collision;
  return propose(view, desired);
}

/**
 * The present layout with every key of the ring and every resource of the spec. Nothing is reordered, and nothing is
 * taken out but a name whose wildcard says the same.
 */
function desiredLayout(view: View): Layout {
  const {ring, spec, members} = view;
  const {layout} = ring;
  if (ring.keys.length === 0) return layout;
  const first = layout.resources.length === 0;
  const listed = [...spec.resources, ...(first ? coveredResources(members, spec.resources) : [])];
  const added = listed
    .filter((resource) => !layout.resources.some((each) => each.resource === resource))
    .map((resource): LayoutResource => ({resource, write: firstWrite(view, resource)}));
  const resources = [...layout.resources, ...added];
  const isManaged = (resource: string): boolean => servedBy(resources, resource) !== undefined;
  const kept = first ? keptBlocks(members, isManaged) : layout.kept;
  const kms = first ? kmsEntries(members) : layout.kms;
  const inKept = new Set(kept.flatMap(({order}) => order));
  const managed = managedKeys(members, isManaged);
  const names = ring.keys.map(({id}) => id);
  return {
    keys: names.filter((id) => layout.keys.includes(id) || !inKept.has(id) || managed.has(id)),
    resources: resources.filter((each) => !isMerged(view, each)),
    kept: kept
      .map((block) => ({...block, resources: block.resources.filter((resource) => !isManaged(resource))}))
      .filter((block) => block.resources.length > 0),
    kms,
  };
}

/** What a new resource is written with until its turn comes: what writes it now. */
function firstWrite({ring, members}: View, resource: string): LayoutResource['write'] {
  const wider = servedBy(ring.layout.resources, resource);
  if (wider !== undefined) return wider.write;
  const entries = filesOf(members).map((blocks) => writeEntryOf(blocks, resource) ?? 'identity');
  return entries.some((entry) => entry !== 'identity') ? 'own' : 'identity';
}

/** Resources of adopted files that a wildcard of the spec takes in: until they are written with its key they have blocks of their own. */
function coveredResources(members: readonly Member[], listed: readonly string[]): readonly string[] {
  const named = filesOf(members).flatMap((blocks) => blocks.flatMap(({resources}) => resources));
  const covered = named.filter((resource) => listed.some((wide) => covers(wide, resource)));
  return [...new Set(covered)].filter((resource) => !resource.endsWith(`.${ourGroup}`)).sort();
}

/** A name whose listed wildcard is written with the same key needs no block of its own. */
function isMerged({ring, spec}: View, {resource, write, leaving}: LayoutResource): boolean {
  if (ring.rotation !== undefined || leaving === true || write === 'own' || spec.resources.includes(resource))
    return false;
  const others = ring.layout.resources.filter((each) => each.resource !== resource);
  const wider = servedBy(others, resource);
  return (
    wider !== undefined && wider.write === write && wider.leaving !== true && spec.resources.includes(wider.resource)
  );
}

const filesOf = (members: readonly Member[]): readonly (readonly RenderedBlock[])[] =>
  members.flatMap(({report}) => (report.file.state === 'loadable' ? [report.file.blocks] : []));

const blocksOf = (members: readonly Member[]): readonly RenderedBlock[] => filesOf(members).flat();

function managedKeys(members: readonly Member[], isManaged: (resource: string) => boolean): ReadonlySet<KeyId> {
  const blocks = blocksOf(members).filter(({resources}) => resources.some(isManaged));
  return new Set(blocks.flatMap(({order}) => order));
}

/** Whether some file has a wildcard over these resources: then a block that leaves them in clear says something. */
const isException = (members: readonly Member[], resources: readonly string[]): boolean =>
  blocksOf(members).some((block) => block.resources.some((wide) => resources.some((each) => covers(wide, each))));

/** Blocks of adopted files whose resources the spec does not list; the first node's order, and the union of the others. */
function keptBlocks(members: readonly Member[], isManaged: (resource: string) => boolean): readonly KeptBlock[] {
  const kept = new Map<string, KeptBlock>();
  for (const block of blocksOf(members)) {
    const resources = block.resources.filter((resource) => !isManaged(resource));
    const isPlain = block.order.every((entry) => entry === 'identity') && !isException(members, resources);
    if (resources.length === 0 || isPlain) continue;
    const id = resources.join(',');
    const order = kept.get(id)?.order ?? [];
    kept.set(id, {resources, order: [...order, ...block.order.filter((entry) => !order.includes(entry))]});
  }
  return [...kept.values()];
}

const kmsEntries = (members: readonly Member[]): readonly string[] =>
  [...new Set(blocksOf(members).flatMap(({order}) => order.filter((entry) => entry.startsWith('kms:'))))].sort();

function notHeld(view: View, desired: Layout): readonly Reason[] {
  const {members, blockers, ring} = view;
  if (ring.layout.resources.length === 0 && blockers.length > 0) return blockers;
  const reasons: Reason[] = [];
  for (const {node, report} of members) {
    const missing = desired.keys.filter((key) => !report.held.includes(key) && !isSealed(view, key));
    if (missing.length > 0 && report.server.state !== 'down') {
      reasons.push(
        because('KeyNotHeld', `${node}: does not hold ${missing.length} of ${desired.keys.length} keys yet`, [node]),
      );
    }
  }
  return reasons;
}

/** A key of ours with a sealed object reaches every node by itself, so it is added without waiting for a node that is away. */
const isSealed = ({observation, keys}: View, id: KeyId): boolean =>
  (keys.get(id)?.revision ?? 0) > 0 &&
  observation.keyObjects.state === 'seen' &&
  observation.keyObjects.value.some(({key, name}) => key.id === id && name === `r${key.revision}`);

/** Several aescbc keys under one name: a wrong one "opens" a value now and then, so all values are opened first. */
function collisions(view: View, desired: Layout): Outcome | undefined {
  const {ring, keys, members, observation} = view;
  const cbc = desired.keys.map((id) => keys.get(id)).filter((key) => key?.provider === 'aescbc');
  const names = cbc.map((key) => key?.name);
  const doubled = [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
  if (doubled.length === 0 || ring.layout.resources.length > 0) return undefined;
  if (observation.ringAnnotations[annotation.acceptAmbiguous] !== undefined) return undefined;
  const checked = members.find(({report}) => report.values !== undefined && report.values.id === ring.checked);
  const what = `aescbc keys named ${doubled.join(', ')} differ between nodes`;
  if (checked === undefined)
    return requestValues(view) ?? wait(because('AdoptedNamesCollide', `${what}; no node can open every value`));
  const ambiguous = ambiguousValues(view, checked);
  if ('kind' in ambiguous) return ambiguous;
  if (ambiguous.length === 0) return undefined;
  const list = ambiguous.slice(0, 5).map(({etcdKey}) => etcdKey);
  return wait(
    because('AdoptedNamesCollide', `${what}; ${ambiguous.length} values would be misread: ${list.join(', ')}`),
  );
}

/** Sends a layout to all nodes, or to one first when it is of a new kind. */
function propose(view: View, layout: Layout): Outcome {
  const {ring, observation} = view;
  const fips = view.members.filter(({report}) => report.fipsOnly).map(({node}) => node);
  const kinds = layoutKinds(layout, view.keys);
  if (fips.length > 0 && kinds.some((kind) => kind.startsWith('aesgcm'))) {
    return wait(
      because('FipsRefusesAesgcm', `${fips.join(', ')}: kube-apiserver runs with FIPS-only cryptography`, fips),
    );
  }
  const fresh = kinds.filter((kind) => !ring.proven.includes(kind));
  const refusal = ring.refusals.find((each) => fresh.some((kind) => each.kinds.includes(kind)));
  if (refusal !== undefined && !mayRetry(view, refusal)) return wait(refused(refusal));
  const refusals = ring.refusals.filter((each) => each !== refusal);
  if (fresh.length === 0) {
    const accepted = [...new Set([...ring.accepted, ...layout.resources.map(({resource}) => resource)])].sort();
    return changeRing(ring, {layout, accepted, refusals}, because('Distributing', 'the ring goes to every node'));
  }
  const first = view.members.find(({report}) => report.server.state === 'up');
  if (first === undefined)
    return wait(because('ServerDown', 'no member’s kube-apiserver runs; a new kind of file needs one to try it'));
  const id = `trial-${ring.epoch}-${ring.version}`;
  const trial: Trial = {id, layout, node: first.node, startedAtMs: observation.now.wallMs};
  return changeRing(
    ring,
    {trial, refusals},
    because('Trying', `${fresh.join(', ')} on ${first.node} first`, [first.node]),
  );
}

const refused = ({node, why}: Refusal): Reason =>
  because('FileRefused', `${node}: ${why}; the last loaded file is back`, [node]);

function mayRetry({observation, members}: View, refusal: Refusal): boolean {
  const server = members.find(({node}) => node === refusal.node)?.report.server;
  if (hasRestartedSince(server, refusal)) return true;
  return isFar(refusal.atMs, retryRefusedMs, observation.now.wallMs);
}

function continueTrial(view: View, trial: Trial): Outcome {
  const {ring} = view;
  const member = view.members.find(({node}) => node === trial.node);
  if (member === undefined)
    return changeRing(ring, {trial: undefined}, because('Trying', `${trial.node} left; another node tries`));
  const refusedFile = member.report.refusedFile;
  if (refusedFile?.trial === trial.id) {
    const kinds = layoutKinds(trial.layout, view.keys).filter((kind) => !ring.proven.includes(kind));
    const refusal: Refusal = {
      node: trial.node,
      hash: refusedFile.hash,
      kinds,
      why: refusedFile.why,
      atMs: refusedFile.atMs,
      ...(refusedFile.serverStartedAtMs === undefined ? {} : {serverStartedAtMs: refusedFile.serverStartedAtMs}),
    };
    return changeRing(ring, {trial: undefined, refusals: [...ring.refusals, refusal].slice(-8)}, refused(refusal));
  }
  const obstruction = obstacle(view, member, trial.layout);
  if (obstruction !== undefined) return wait(because('Trying', obstruction.message, [trial.node]), obstruction);
  const proven = [...new Set([...ring.proven, ...layoutKinds(trial.layout, view.keys)])].sort();
  const accepted = [...new Set([...ring.accepted, ...trial.layout.resources.map(({resource}) => resource)])].sort();
  return changeRing(
    ring,
    {layout: trial.layout, trial: undefined, proven, accepted},
    because('Distributing', `${trial.node} has loaded it; the ring goes to every node`),
  );
}
