// What nodes go on writing with after a restore took the ring back to before an activation. The write key never falls
// (S7), and what is encrypted never starts again in clear: the ring takes over what is in force, as a rotation whose
// activation it now knows of, so that it converges, rewrites and is verified.

import type {KeyId} from '../model/key.ts';
import {type LayoutResource, orderOf, writeEntryOf} from '../model/layout.ts';
import type {Ring, RingKey, Rotation} from '../model/ring.ts';
import type {View} from './view.ts';

/** Changes by which a restored ring writes what every member can already write; none where it says so itself. */
export function presentWrites(view: View, keys: readonly RingKey[]): Partial<Pick<Ring, 'layout' | 'rotation'>> {
  const {layout} = view.ring;
  const byId = new Map(keys.map((key) => [key.id, key]));
  const resources = layout.resources.map((each) => presentWrite(view, each, byId));
  const changed = resources.filter((each, index) => each !== layout.resources[index]);
  const newest = newestOf(changed.map(({write}) => byId.get(write)));
  if (newest === undefined) return {};
  const filed = new Set<KeyId>([...layout.keys, ...changed.map(({write}) => write)]);
  return {
    layout: {...layout, resources, keys: keys.filter(({id}) => filed.has(id)).map(({id}) => id)},
    rotation: goneOn(view, newest),
  };
}

function goneOn({ring, observation}: View, {id: key, revision}: RingKey): Rotation {
  const nowMs = observation.now.wallMs;
  const reason = ring.history.length === 0 ? 'first' : 'schedule';
  return {revision, key, reason, startedAtMs: nowMs, activatedAtMs: nowMs, migration: []};
}

/** The newest key of ours that some file or server writes this resource with, if every file has it and it is newer than the ring's. */
function presentWrite({members}: View, each: LayoutResource, keys: ReadonlyMap<KeyId, RingKey>): LayoutResource {
  if (each.leaving === true || each.write === 'own') return each;
  const {resource} = each;
  const written = members.flatMap(({report: {file, loaded}}) => [
    ...(file.state === 'loadable' ? [writeEntryOf(file.blocks, resource)] : []),
    ...(loaded.state === 'known' ? [writeEntryOf(loaded.blocks, resource)] : []),
  ]);
  const newest = newestOf(written.map((entry) => (entry === undefined ? undefined : keys.get(entry))));
  if (newest === undefined || newest.revision <= (keys.get(each.write)?.revision ?? 0)) return each;
  const isFiled = members.every(
    ({report: {file}}) => file.state === 'loadable' && orderOf(file.blocks, resource)?.includes(newest.id) === true,
  );
  return isFiled ? {resource, write: newest.id} : each;
}

const newestOf = (keys: readonly (RingKey | undefined)[]): RingKey | undefined =>
  keys.reduce<RingKey | undefined>(
    (newest, key) => (key !== undefined && key.revision > (newest?.revision ?? 0) ? key : newest),
    undefined,
  );
