// What this node's own server says: whether it answers, and which file it has loaded. The file itself proves nothing.

import {configurationPath} from '../model/file-paths.ts';
import {isSameProcess, type LoadedReport, type ServerReport} from '../model/node.ts';
import type {NodeObservation} from '../model/node-observation.ts';

/** Whether this node's own server answers. */
export function serverOf(o: NodeObservation): ServerReport {
  if (o.serverDown !== undefined) return {state: 'down', why: o.serverDown};
  if (o.evidence.state !== 'seen')
    return {state: 'unknown', why: o.evidence.state === 'unknown' ? o.evidence.why : 'not asked'};
  const {identityHashes, expectedIdentityHash, processStartMs} = o.evidence.value;
  if (identityHashes.length > 0 && !identityHashes.includes(expectedIdentityHash)) {
    return {state: 'foreign', why: 'the answer comes from another server than this node’s'};
  }
  return {state: 'up', startedAtMs: processStartMs ?? 0};
}

/** What the server has loaded, by its own word; the file says nothing about it. */
export function loadedOf(o: NodeObservation, server: ServerReport): LoadedReport {
  if (server.state !== 'up' || o.evidence.state !== 'seen')
    return {state: 'unknown', why: `its server is ${server.state}`};
  const evidence = o.evidence.value;
  if (evidence.form === 'hash' || evidence.loadedHash !== undefined) {
    const hash = evidence.loadedHash;
    if (hash === undefined) return {state: 'unknown', why: 'the server shows no configuration hash'};
    const blocks = o.known.get(hash);
    return blocks === undefined
      ? {state: 'unknown', why: `the server has loaded ${hash.slice(0, 12)}, which is no file of this node`}
      : {state: 'known', hash, blocks};
  }
  return olderEvidence(o);
}

/**
 * Servers before 1.34 show when they reloaded, not what. What is known of them is what they were seen to load, for as
 * long as they count no other success: also while a younger file waits or was refused, and when the same file was put
 * there again or changed its owner or mode, which such a server does not load anew.
 */
function olderEvidence(o: NodeObservation): LoadedReport {
  const present = loadedSinceChange(o);
  if (present.state === 'known') return present;
  const atOnce = loadedAtOnce(o);
  if (atOnce !== undefined) return atOnce;
  const hash = hashInForce(o);
  const blocks = hash === undefined ? undefined : o.known.get(hash);
  return hash === undefined || blocks === undefined ? present : {state: 'known', hash, blocks};
}

/** A reload or start after the file's last change loaded it. */
function loadedSinceChange(o: NodeObservation): LoadedReport {
  if (o.file.state !== 'loadable' || o.evidence.state !== 'seen')
    return {state: 'unknown', why: 'the file does not load'};
  if (!readsThisFile(o)) return {state: 'unknown', why: 'nothing shows that the server reads this file'};
  const {processStartMs, lastReloadSuccessMs, form} = o.evidence.value;
  const after = o.fileModifiedAtMs + 1_000;
  if ((processStartMs ?? 0) > after || (lastReloadSuccessMs ?? 0) > after) {
    return {state: 'known', hash: o.file.hash, blocks: o.file.blocks};
  }
  return {
    state: 'unknown',
    why: form === 'none' ? 'the server shows no reload metrics' : 'no reload since the file changed',
  };
}

/** Whether the manifest says that the server reads the file that we write. */
export const readsThisFile = ({platform}: NodeObservation): boolean =>
  platform.state === 'seen' && platform.value.configPath === configurationPath && platform.value.problem === undefined;

/**
 * A poll within a second after the file came: by its time alone it may have read the one before, but that one was in
 * force already, and such a server counts no success for what it has. Without this, one file in sixty would never count
 * as loaded.
 */
function loadedAtOnce(o: NodeObservation): LoadedReport | undefined {
  const {file, evidence, inForce, replaced} = o;
  if (file.state !== 'loadable' || evidence.state !== 'seen' || !readsThisFile(o)) return undefined;
  if (inForce === undefined || replaced?.file !== file.hash || replaced.before !== inForce.hash) return undefined;
  const {processStartMs, reloadSuccesses, lastReloadSuccessMs = 0} = evidence.value;
  if (processStartMs === undefined || !isSameProcess(processStartMs, inForce.startedAtMs)) return undefined;
  const isNext = reloadSuccesses === inForce.reloadSuccesses + 1 && lastReloadSuccessMs >= o.fileModifiedAtMs;
  return isNext ? {state: 'known', hash: file.hash, blocks: file.blocks} : undefined;
}

/** What the process was seen to have loaded, if it has loaded nothing since. */
function hashInForce({evidence, inForce}: NodeObservation): string | undefined {
  // Before its first reload a server shows no counters at all, like one that never counts.
  if (inForce === undefined || evidence.state !== 'seen' || evidence.value.form === 'none') return undefined;
  const {processStartMs, reloadSuccesses} = evidence.value;
  if (processStartMs === undefined) return undefined;
  const same = isSameProcess(processStartMs, inForce.startedAtMs) && reloadSuccesses === inForce.reloadSuccesses;
  return same ? inForce.hash : undefined;
}
