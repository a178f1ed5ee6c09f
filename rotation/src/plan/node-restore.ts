// When a file that this node had before is put back: its server refuses the present one, or it is damaged or lost.

import {pollPeriodMs, reloadDeadlinePolls} from '../limits.ts';
import type {KeyId, KeyRef} from '../model/key.ts';
import {keysOf, type RenderedBlock} from '../model/layout.ts';
import type {LoadedReport, Problem} from '../model/node.ts';
import type {NodeObservation} from '../model/node-observation.ts';
import {readsThisFile, serverOf} from './node-loaded.ts';
import {type NodeAction, problem} from './node-plan.ts';

type RestoreFile = Extract<NodeAction, {do: 'restoreFile'}>;

/** A server that stays down this long on a file it never loaded gets the last loaded one back. */
const downTakeBackMs = 15_000;

/** A file is complete up to this long before its rename; a failure in between is the earlier file's. Servers try again. */
const renameMs = 1_000;

/** Until it is written down that the file was loaded, it is not reported, so no deed rests on what may be taken back. */
export const isTrialOver = ({tried, file}: NodeObservation, loaded: LoadedReport): boolean => {
  if (tried === undefined || file.state === 'unknown') return false;
  if (loaded.state === 'known' && loaded.hash === tried.file) return true;
  return file.state === 'absent' || file.hash !== tried.file;
};

/** A file that the server counted a failure against, or does not start with, goes back to the last loaded one. */
export function takeBack(o: NodeObservation, loaded: LoadedReport): RestoreFile | undefined {
  if (o.file.state !== 'loadable') return undefined;
  const file = o.file.hash;
  if (o.evidence.state === 'seen' && o.serverDown === undefined) {
    const {lastReloadFailureMs, loadedHash, form} = o.evidence.value;
    const failed = lastReloadFailureMs !== undefined && lastReloadFailureMs > o.fileModifiedAtMs + renameMs;
    if (!failed) return undefined;
    const hash = form === 'hash' || loadedHash !== undefined ? loadedHashOf(loaded) : loadedBefore(o, loaded);
    if (hash === undefined || hash === file || !o.known.has(hash)) return undefined;
    return {do: 'restoreFile', hash, why: 'its server counts a failed reload of this file', refused: true};
  }
  const down = o.downSinceMs !== undefined && o.now.monotonicMs - o.downSinceMs >= downTakeBackMs;
  const tried = o.tried?.file === file ? o.tried : undefined;
  const last = o.lastLoadedHash ?? tried?.before;
  // Where this node's server is the only way to the API, the ring cannot be read as long as it is down.
  const onTrial = o.ring.state === 'seen' ? o.ring.value.trial?.node === o.node : tried !== undefined;
  if (!down || !onTrial || last === undefined || last === file || !o.known.has(last)) return undefined;
  return {do: 'restoreFile', hash: last, why: 'its server does not start with this file', refused: true};
}

const loadedHashOf = (loaded: LoadedReport): string | undefined => (loaded.state === 'known' ? loaded.hash : undefined);

/**
 * What a server without the hash metric has loaded, by the surest witness there is. A success or start after the
 * failure loaded the file in place: then that is what is known, and nothing is taken back.
 */
function loadedBefore(o: NodeObservation, loaded: LoadedReport): string | undefined {
  if (!readsThisFile(o) || serverOf(o).state !== 'up') return undefined;
  if (loaded.state === 'known') return loaded.hash;
  const report = o.previous.state === 'seen' ? o.previous.value : undefined;
  const tried = o.file.state === 'loadable' && o.tried?.file === o.file.hash ? o.tried.before : undefined;
  const reported = report?.loaded.state === 'known' ? report.loaded.hash : undefined;
  // After one take-back a backup would lead to ever older files.
  const backup = report?.refusedFile === undefined ? o.newestBackup : undefined;
  return o.lastLoadedHash ?? tried ?? reported ?? backup;
}

/** Whoever owns the file must be able to read it: what a server cannot read again, it cannot start with either. */
export function makeReadable(o: NodeObservation, loaded: LoadedReport, problems: Problem[]): RestoreFile | undefined {
  if (o.file.state !== 'loadable') return undefined;
  const mode = (o.fileMode ?? 0o600) & 0o777;
  const octal = mode.toString(8).padStart(4, '0');
  if ((mode & 0o400) === 0 && isExternal(o)) {
    problems.push(problem('CannotWriteFile', `the file has mode ${octal} and is for others to place`));
    return undefined;
  }
  if ((mode & 0o400) === 0) {
    problems.push(problem('FileRepaired', `the file had mode ${octal} and was written again`));
    return {do: 'restoreFile', hash: o.file.hash, why: `its mode ${octal} keeps its owner out`, refused: false};
  }
  if (o.evidence.state !== 'seen') return undefined;
  const {lastReloadFailureMs = 0, lastReloadSuccessMs = 0} = o.evidence.value;
  const lately = o.now.wallMs - lastReloadFailureMs < reloadDeadlinePolls * pollPeriodMs;
  const since = lastReloadFailureMs > Math.max(lastReloadSuccessMs, o.fileModifiedAtMs + renameMs);
  if (loadedHashOf(loaded) === o.file.hash && lately && since)
    problems.push(problem('ReloadFailing', `its server fails to read the file again, which has mode ${octal}`));
  return undefined;
}

/**
 * Without a layout to write: a damaged or lost file comes back from what is loaded; else from the copy that was made
 * before it was written in place, or from the newest backup. Every key of the history is in it, since values may have
 * been written with one that is younger than the backup.
 */
export function repair(o: NodeObservation, loaded: LoadedReport, problems: Problem[]): readonly RestoreFile[] {
  if (o.file.state === 'loadable') return [];
  if (o.file.state === 'refused') problems.push(problem('FileInvalid', o.file.problems[0] ?? 'the file does not load'));
  const hashes = [loadedHashOf(loaded), o.lastLoadedHash, o.completeCopy, o.newestBackup];
  const hash = hashes.find((each) => each !== undefined && o.known.has(each));
  if (hash === undefined) return [];
  problems.push(
    isExternal(o)
      ? problem('FileInvalid', 'the file is damaged or missing; the last good one is exported for whoever places it')
      : problem('FileRepaired', 'the file was damaged or missing, and the last good one was put back'),
  );
  const add = missingIn(o, o.known.get(hash) ?? []);
  return [
    {
      do: 'restoreFile',
      hash,
      ...(add.length === 0 ? {} : {add}),
      why: 'the file was damaged or missing',
      refused: false,
    },
  ];
}

/** Keys of the history that a file lacks, youngest first. */
function missingIn({history, held}: NodeObservation, blocks: readonly RenderedBlock[]): readonly KeyId[] {
  const present = keysOf(blocks);
  const kept = history.state === 'seen' ? history.value.keys : [];
  const missing = kept
    .map((id) => held.get(id))
    .filter((key): key is KeyRef => key !== undefined && !present.has(key.id));
  return missing.sort((a, b) => b.revision - a.revision || (a.id < b.id ? -1 : 1)).map(({id}) => id);
}

/** Whether others place the file, by the ring's word or, without one, by what was written down. */
export const isExternal = ({ring, state}: NodeObservation): boolean =>
  ring.state === 'seen'
    ? ring.value.settings.writeMode === 'external'
    : state.state === 'seen' && state.value.external === true;
