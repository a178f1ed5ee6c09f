// Where the rewriting of stored objects stands, as the config's status shows it. Output only.

import type {ScanReport} from '../model/node.ts';
import type {MigrationMark} from '../model/ring.ts';
import {formatTime} from '../model/time-text.ts';
import type {View} from './view.ts';

export function migrationStatus(view: View): {migration?: unknown} {
  const {ring} = view;
  const rotation = ring.rotation;
  if (rotation !== undefined && rotation.convergedAtMs !== undefined) {
    const blocked = rotation.migration.filter(({state}) => state === 'blocked');
    return {
      migration: {
        revision: rotation.revision,
        state: blocked.length > 0 ? 'Failed' : 'Processing',
        resources: rotation.migration.map(({resource}) => resource),
        ...(blocked.length > 0 ? {message: blockedText(blocked)} : {}),
      },
    };
  }
  const last = ring.lastMigration;
  if (last === undefined) return {};
  const blocked = last.marks.filter(({state}) => state === 'blocked');
  const isOpen = last.local === true && !isCleanOfOthers(view, last);
  const message = blocked.length > 0 ? blockedText(blocked) : isOpen ? leftToTheActive : undefined;
  return {
    migration: {
      revision: last.revision,
      state: blocked.length > 0 ? 'Failed' : isOpen ? 'Processing' : 'Success',
      resources: last.marks.map(({resource}) => resource),
      completeTimestamp: formatTime(last.completedAtMs),
      ...(message === undefined ? {} : {message}),
    },
  };
}

const leftToTheActive = 'the objects of this cluster are rewritten; replicated ones are rewritten by the Active';

/** Whether a count that began after a Standby's own migration saw no value under another key, the mirror's included. */
function isCleanOfOthers(
  view: View,
  {revision, marks, completedAtMs}: NonNullable<View['ring']['lastMigration']>,
): boolean {
  const scan = latestScan(view);
  const id = view.ring.history.find((each) => each.revision === revision)?.key;
  const label = `aesgcm:${view.keys.get(id ?? '')?.name}`;
  if (scan === undefined || scan.startedAtMs < completedAtMs) return false;
  return marks.every(({resource}) => {
    const counts = scan.counts[resource];
    return counts !== undefined && Object.entries(counts).every(([each, values]) => each === label || values === 0);
  });
}

const blockedText = (marks: readonly MigrationMark[]): string =>
  marks
    .map(
      (mark) =>
        `${mark.resource}: ${mark.blockedCount} blocked: ${mark.blocked.map(({namespace, name, reason}) => `${namespace === '' ? '' : `${namespace}/`}${name} (${reason})`).join(', ')}`,
    )
    .join('; ')
    .slice(0, 2_000);

/** The newest count of stored values. */
export const latestScan = ({members}: View): ScanReport | undefined =>
  members
    .map(({report}) => report.scan)
    .reduce((a, b) => (b !== undefined && (a === undefined || b.completedAtMs > a.completedAtMs) ? b : a), undefined);
