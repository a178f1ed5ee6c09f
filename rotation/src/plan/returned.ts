// A key that stopped writing and writes again: a node came back, or was restored, with an older file. What was proven of
// the key is proven no more, and its waiting begins anew.

import type {KeyId} from '../model/key.ts';
import {writeEntries} from '../model/layout.ts';
import type {Ring} from '../model/ring.ts';
import {writtenSince} from './encryptions.ts';
import {changeRing, type Outcome, pass, type Rule} from './plan.ts';
import {because} from './reason.ts';
import type {View} from './view.ts';

export const returned: Rule = {name: 'returned', apply};

/** A key that goes on writing is noted at most this often, ms. */
const noteEveryMs = 10_000;

function apply(view: View): Outcome {
  const {ring, observation} = view;
  const now = observation.now.wallMs;
  const changing = ring.rotation?.activatedAtMs !== undefined && ring.rotation.convergedAtMs === undefined;
  if (changing || ring.layout.resources.some(({write}) => write === 'own')) return pass;
  const writing = mergeNodes(writingAgain(view), writtenAgain(view));
  const noted = [...writing.keys()].filter((id) => {
    const stopped = ring.stoppedWriting[id];
    return stopped !== undefined && now - stopped >= noteEveryMs;
  });
  if (noted.length === 0) return pass;
  const stoppedWriting = {...ring.stoppedWriting, ...Object.fromEntries(noted.map((id) => [id, now]))};
  const clean = ring.clean.filter(({key}) => !noted.includes(key));
  const nodes = [...new Set(noted.flatMap((id) => writing.get(id) ?? []))];
  const names = noted.map((id) => view.keys.get(id)?.name ?? id).join(', ');
  const reason = because('UngatedStart', `${names} writes again on ${nodes.join(', ')}`, nodes);
  return changeRing(ring, {stoppedWriting, clean, ...withoutBegun(ring, noted)}, reason);
}

/** A scan or pass that was begun before says nothing of these keys. */
function withoutBegun(
  {scan, proof}: Ring,
  ids: readonly KeyId[],
): {readonly [K in 'scan' | 'proof']?: Ring[K] | undefined} {
  const isAbout = (id: KeyId): boolean => ids.includes(id);
  const clears = scan?.clears?.filter((id) => !isAbout(id));
  return {
    ...(scan?.clears?.some(isAbout) === true && clears !== undefined ? {scan: {...scan, clears}} : {}),
    ...(proof?.keys.some(isAbout) === true ? {proof: undefined} : {}),
  };
}

/** Keys of which a counter has grown since a proof about them was begun, whatever files and servers say by now. */
function writtenAgain(view: View): ReadonlyMap<KeyId, readonly string[]> {
  const {clean, scan, proof} = view.ring;
  const begun = [
    ...clean.map(({key, written}) => [key, written] as const),
    ...(scan?.clears ?? []).map((id) => [id, scan?.written] as const),
    ...(proof?.keys ?? []).map((id) => [id, proof?.written] as const),
  ];
  const grown = begun.map(([id, written]) => [id, writtenSince(view, id, written)] as const);
  return new Map(grown.filter(([, nodes]) => nodes.length > 0));
}

function mergeNodes(
  one: ReadonlyMap<KeyId, readonly string[]>,
  other: ReadonlyMap<KeyId, readonly string[]>,
): ReadonlyMap<KeyId, readonly string[]> {
  const ids = new Set([...one.keys(), ...other.keys()]);
  return new Map([...ids].map((id) => [id, [...new Set([...(one.get(id) ?? []), ...(other.get(id) ?? [])])].sort()]));
}

/** Keys that are no write key of the ring and that a member's file or server writes a managed resource with. */
function writingAgain({ring, members}: View): ReadonlyMap<KeyId, readonly string[]> {
  const layout = new Map(ring.layout.resources.map(({resource, write}) => [resource, write]));
  const found = new Map<KeyId, string[]>();
  for (const {node, report} of members) {
    const states = [
      report.file.state === 'loadable' ? report.file.blocks : [],
      report.loaded.state === 'known' ? report.loaded.blocks : [],
    ];
    for (const blocks of states) {
      for (const [resource, entry] of writeEntries(blocks)) {
        if (!layout.has(resource) || layout.get(resource) === entry) continue;
        found.set(entry, [...new Set([...(found.get(entry) ?? []), node])]);
      }
    }
  }
  return found;
}
