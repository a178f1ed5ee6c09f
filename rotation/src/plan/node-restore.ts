// When a file that this node had before is put back: its server refuses the present one, or it is damaged or lost.

import {pollPeriodMs, reloadDeadlinePolls} from '../limits.ts';
import type {LoadedReport, Problem} from '../model/node.ts';
import type {NodeObservation} from '../model/node-observation.ts';
import {type NodeAction, problem} from './node-plan.ts';

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
export function takeBack(o: NodeObservation, loaded: LoadedReport): NodeAction | undefined {
  if (o.file.state !== 'loadable') return undefined;
  const file = o.file.hash;
  if (o.evidence.state === 'seen' && o.serverDown === undefined) {
    const {lastReloadFailureMs, loadedHash} = o.evidence.value;
    const failed = lastReloadFailureMs !== undefined && lastReloadFailureMs > o.fileModifiedAtMs + renameMs;
    if (!failed || loadedHash === undefined || loadedHash === file || loaded.state !== 'known') return undefined;
    return {do: 'restoreFile', hash: loadedHash, why: 'its server counts a failed reload of this file', refused: true};
  }
  const down = o.downSinceMs !== undefined && o.now.monotonicMs - o.downSinceMs >= downTakeBackMs;
  const tried = o.tried?.file === file ? o.tried : undefined;
  const last = o.lastLoadedHash ?? tried?.before;
  // Where this node's server is the only way to the API, the ring cannot be read as long as it is down.
  const onTrial = o.ring.state === 'seen' ? o.ring.value.trial?.node === o.node : tried !== undefined;
  if (!down || !onTrial || last === undefined || last === file || !o.known.has(last)) return undefined;
  return {do: 'restoreFile', hash: last, why: 'its server does not start with this file', refused: true};
}

/** Whoever owns the file must be able to read it: what a server cannot read again, it cannot start with either. */
export function makeReadable(o: NodeObservation, problems: Problem[]): NodeAction | undefined {
  if (o.file.state !== 'loadable') return undefined;
  const mode = (o.fileMode ?? 0o600) & 0o777;
  const octal = mode.toString(8).padStart(4, '0');
  if ((mode & 0o400) === 0) {
    problems.push(problem('FileRepaired', `the file had mode ${octal} and was written again`));
    return {do: 'restoreFile', hash: o.file.hash, why: `its mode ${octal} keeps its owner out`, refused: false};
  }
  if (o.evidence.state !== 'seen') return undefined;
  const {lastReloadFailureMs = 0, lastReloadSuccessMs = 0, loadedHash} = o.evidence.value;
  const lately = o.now.wallMs - lastReloadFailureMs < reloadDeadlinePolls * pollPeriodMs;
  const since = lastReloadFailureMs > Math.max(lastReloadSuccessMs, o.fileModifiedAtMs + renameMs);
  if (loadedHash === o.file.hash && lately && since)
    problems.push(problem('ReloadFailing', `its server fails to read the file again, which has mode ${octal}`));
  return undefined;
}

/** Without a layout to write: a damaged or lost file comes back from what is loaded, else from the newest backup. */
export function repair(o: NodeObservation, loaded: LoadedReport, problems: Problem[]): readonly NodeAction[] {
  if (o.file.state === 'loadable') return [];
  if (o.file.state === 'refused') problems.push(problem('FileInvalid', o.file.problems[0] ?? 'the file does not load'));
  const hash = loaded.state === 'known' ? loaded.hash : (o.lastLoadedHash ?? o.newestBackup);
  if (hash === undefined || !o.known.has(hash)) return [];
  problems.push(problem('FileRepaired', 'the file was damaged or missing, and the last good one was put back'));
  return [{do: 'restoreFile', hash, why: 'the file was damaged or missing', refused: false}];
}
