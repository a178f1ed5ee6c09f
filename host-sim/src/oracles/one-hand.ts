// S7, one hand: no agent accepts a lower epoch, the write revision never falls, at most one dangerous deed is in flight,
// and what an overtaken leader does never takes effect. Restores, mirrors and people are nobody's deed: what programs do
// is judged against what lies there.

import type {Layout, Ring} from '@etcd-encryption/rotation';
import type {Cluster} from '../world/cluster.ts';
import type {Commit} from '../world/etcd.ts';
import type {Observer} from '../world/observer.ts';
import type {KeyTag} from '../world/stored-value.ts';
import {lineagesOf} from './lineages.ts';
import {watchFileDeeds} from './one-hand-files.ts';
import {
  bundleKey,
  bundleTextIn,
  isProgram,
  keyOfRing,
  ringIn,
  ringKey,
  ringOf,
  tagOf,
  watchStates,
} from './own-objects.ts';
import {type Violate, violator} from './violation.ts';

type Deed = 'publish' | 'activate' | 'drop';

export function watchOneHand(cluster: Cluster): Observer {
  const violate = violator(cluster, 'S7 one hand');
  const lineages = lineagesOf(cluster.world);
  watchStates(cluster, ({node, before, after, actor}) => {
    if (!isProgram(actor) || before === undefined || after === undefined || after.epoch >= before.epoch) return;
    const explanation = `epoch ${after.epoch} is accepted, ${before.epoch} was before`;
    violate({node: node.name, key: `epoch ${after.epoch}`, explanation});
  });
  /** Who began the present epoch; unknown after a restore. */
  let leader: string | undefined;
  /** Keys that the last drop takes out of the files. */
  let dropping: readonly KeyTag[] = [];
  const judge = (before: Ring, after: Ring, commit: Commit): void => {
    judgeOrder(before, after, {commit, leader, violate});
    judgeWriteRevision(before, after, {commit, violate});
    const begun = begunIn(before, after);
    const open = begun.length === 0 ? undefined : inFlight(before, isHeld(cluster, dropping));
    const [first, second = open] = begun;
    if (first !== undefined && second !== undefined)
      violate({node: commit.writer, key: first, explanation: `it begins while another deed is in flight: ${second}`});
    if (begun.includes('drop')) dropping = droppedKeys(before, after);
  };
  cluster.observe(watchFileDeeds(cluster, violate));
  return {
    onCommit(commit) {
      if (commit.key === bundleKey) judgePublication(cluster, commit, {lineages, violate});
      if (commit.key !== ringKey) return;
      const [before, after] = [ringIn(commit.previous), ringIn(commit.current)];
      if (isProgram(commit.writer)) {
        if (before !== undefined && after !== undefined) judge(before, after, commit);
        leader = commit.writer;
      } else if (before?.epoch !== after?.epoch || before?.version !== after?.version) leader = undefined;
    },
  };
}

interface OrderJudge {
  readonly commit: Commit;
  readonly leader: string | undefined;
  readonly violate: Violate;
}

/** Epochs and versions rise, and within an epoch only the leader that began it writes. */
function judgeOrder(before: Ring, after: Ring, {commit, leader, violate}: OrderJudge): void {
  const key = `epoch ${after.epoch} version ${after.version}`;
  const say = (explanation: string): never => violate({node: commit.writer, key, explanation});
  if (after.epoch < before.epoch) say(`epoch ${before.epoch} is in force`);
  if (after.version <= before.version) say(`version ${before.version} is in force`);
  if (after.epoch === before.epoch && leader !== undefined && leader !== commit.writer)
    say(`${leader} began this epoch, and this program has been overtaken`);
}

function judgeWriteRevision(before: Ring, after: Ring, {commit, violate}: Omit<OrderJudge, 'leader'>): void {
  for (const {resource, write} of after.layout.resources) {
    const old = writeOf(before.layout, resource);
    if (old === undefined || old === write) continue;
    const [from, to] = [keyOfRing(before, old), keyOfRing(after, write)];
    if (from === undefined || to === undefined || to.revision >= from.revision || to.revision === 0) continue;
    if (!isOneLineage(after, [from.id, to.id])) continue;
    violate({node: commit.writer, key: to.id, explanation: `${resource} was written with ${from.id} before`});
  }
}

const writeOf = ({resources}: Layout, resource: string): string | undefined =>
  resources.find((each) => each.resource === resource)?.write;

/** Revisions of two bundle ids have nothing to do with each other; without bundles there is one lineage. */
const isOneLineage = ({following}: Ring, keys: readonly string[]): boolean =>
  following === undefined || keys.every((id) => following.entries.some(({key}) => key === id));

/** Dangerous deeds that a change of the ring begins. */
function begunIn(before: Ring, after: Ring): readonly Deed[] {
  const deeds: Deed[] = [];
  const prepared = after.publishing?.prepared;
  if (prepared !== undefined && prepared.hash !== before.publishing?.prepared?.hash) deeds.push('publish');
  const activates = after.layout.resources.some(({resource, write}) => {
    const old = writeOf(before.layout, resource);
    return old !== undefined && old !== write;
  });
  if (activates) deeds.push('activate');
  if (before.layout.keys.some((id) => !after.layout.keys.includes(id))) deeds.push('drop');
  return deeds;
}

/** A deed that a ring shows to be under way. */
function inFlight({publishing, rotation}: Ring, isDropping: boolean): Deed | undefined {
  if (publishing?.prepared !== undefined) return 'publish';
  if (rotation?.activatedAtMs !== undefined && rotation.convergedAtMs === undefined) return 'activate';
  return isDropping ? 'drop' : undefined;
}

function droppedKeys(before: Ring, after: Ring): readonly KeyTag[] {
  const gone = before.layout.keys.filter((id) => !after.layout.keys.includes(id));
  return gone.map((id) => keyOfRing(before, id)).flatMap((key) => (key === undefined ? [] : [tagOf(key)]));
}

/** Whether a member's file or server still holds one of these keys. */
const isHeld = ({nodes}: Cluster, tags: readonly KeyTag[]): boolean =>
  tags.some((tag) =>
    nodes.some(
      ({settings, file, processes}) =>
        settings.member &&
        ((file.state === 'loadable' && file.transformers.tags.has(tag)) ||
          processes.some(({serves, loaded}) => serves && loaded.tags.has(tag))),
    ),
  );

/** What is published was recorded in the ring before, by whoever leads: then a late write of it changes nothing. */
function judgePublication(
  cluster: Cluster,
  {writer, key, current}: Commit,
  {lineages, violate}: {readonly lineages: ReturnType<typeof lineagesOf>; readonly violate: Violate},
): void {
  if (!isProgram(writer) || current === undefined) return;
  const hash = lineages.read(bundleTextIn(current))?.hash;
  const recorded = ringOf(cluster)?.publications?.some((each) => each.hash === hash) === true;
  if (!recorded) violate({node: writer, key, explanation: 'it was published before the ring had a record of it'});
}
