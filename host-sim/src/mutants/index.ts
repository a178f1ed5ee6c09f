// All mutants of the engine, and how they are hunted.

import {activateWithoutConvergence} from './activate-without-convergence.ts';
import {adoptedKeyDropped} from './adopted-key-dropped.ts';
import {blindPut} from './blind-put.ts';
import {catchUp} from './catch-up.ts';
import {conflictIsDone} from './conflict-is-done.ts';
import {counterResets} from './counter-resets.ts';
import {counterRestarts} from './counter-restarts.ts';
import {distributeBeforePersist} from './distribute-before-persist.ts';
import {downMemberIgnored} from './down-member-ignored.ts';
import {dropIgnoresHistory} from './drop-ignores-history.ts';
import {dropTrustsStatus} from './drop-trusts-status.ts';
import {emptyListIsConverged} from './empty-list-is-converged.ts';
import {expiredIsDone} from './expired-is-done.ts';
import {forgottenByTime} from './forgotten-by-time.ts';
import {forkDiscards} from './fork-discards.ts';
import {inPlaceWrite} from './in-place-write.ts';
import {joinerCurrentOnly} from './joiner-current-only.ts';
import {keepNewest} from './keep-newest.ts';
import {keyInError} from './key-in-error.ts';
import {leaseOnly} from './lease-only.ts';
import {lowerEpochAccepted} from './lower-epoch-accepted.ts';
import {lowerEpochRefused} from './lower-epoch-refused.ts';
import {lowerGeneration} from './lower-generation.ts';
import {majorityInsteadOfAll} from './majority-instead-of-all.ts';
import {migrateEarly} from './migrate-early.ts';
import {mirroredRole} from './mirrored-role.ts';
import {mirroredStatus} from './mirrored-status.ts';
import type {Mutant} from './mutant.ts';
import {newKeyFirst} from './new-key-first.ts';
import {newKindToAll} from './new-kind-to-all.ts';
import {noFinalScan} from './no-final-scan.ts';
import {noFirstSync} from './no-first-sync.ts';
import {oldRingApplied} from './old-ring-applied.ts';
import {onlyReadyNodes} from './only-ready-nodes.ts';
import {otherIdFollowed} from './other-id-followed.ts';
import {promotedInUpgrade} from './promoted-in-upgrade.ts';
import {publishedAgain} from './published-again.ts';
import {publishedLate} from './published-late.ts';
import {recreateMissing} from './recreate-missing.ts';
import {refusedFileLeft} from './refused-file-left.ts';
import {reorderAndDrop} from './reorder-and-drop.ts';
import {repairOverwrites} from './repair-overwrites.ts';
import {requestAgain} from './request-again.ts';
import {resourceInOneStep} from './resource-in-one-step.ts';
import {revisionOffByOne} from './revision-off-by-one.ts';
import {rootDerivedOn} from './root-derived-on.ts';
import {scanBeforeDrain} from './scan-before-drain.ts';
import {seedAtRandom} from './seed-at-random.ts';
import {staleLeasePromotes} from './stale-lease-promotes.ts';
import {standbyDropsEarly} from './standby-drops-early.ts';
import {standbyMigrates} from './standby-migrates.ts';
import {unknownResultNewKey} from './unknown-result-new-key.ts';
import {unprovenFirst} from './unproven-first.ts';
import {wallClockOnly} from './wall-clock-only.ts';
import {writtenCountsAsLoaded} from './written-counts-as-loaded.ts';

export {aimedRehearsal, cleanIn, deathIn, type Hunted, rehearsedMutants, shrinkAimed, slugOf} from './aims/aimed.ts';
export {scriptedMutants} from './aims/scripted.ts';
export type {Death} from './deaths.ts';
export type {FaultName} from './faults.ts';
export {type HuntOptions, type HuntResult, hunt, type Kill, runClean, runSeed} from './hunt.ts';
export type {Mutant, SmallWorld} from './mutant.ts';
export type {Stage} from './stage.ts';

/** Each must die; none is known to product code. */
export const mutants: readonly Mutant[] = [
  mirroredStatus,
  catchUp,
  requestAgain,
  lowerEpochRefused,
  migrateEarly,
  expiredIsDone,
  conflictIsDone,
  downMemberIgnored,
  repairOverwrites,
  lowerEpochAccepted,
  leaseOnly,
  unknownResultNewKey,
  joinerCurrentOnly,
  resourceInOneStep,
  counterResets,
  keyInError,
  wallClockOnly,
  lowerGeneration,
  otherIdFollowed,
  forkDiscards,
  publishedAgain,
  counterRestarts,
  revisionOffByOne,
  rootDerivedOn,
  standbyMigrates,
  staleLeasePromotes,
  mirroredRole,
  publishedLate,
  unprovenFirst,
  standbyDropsEarly,
  seedAtRandom,
  promotedInUpgrade,
  activateWithoutConvergence,
  adoptedKeyDropped,
  blindPut,
  distributeBeforePersist,
  dropIgnoresHistory,
  dropTrustsStatus,
  emptyListIsConverged,
  forgottenByTime,
  inPlaceWrite,
  keepNewest,
  majorityInsteadOfAll,
  newKeyFirst,
  newKindToAll,
  noFirstSync,
  noFinalScan,
  oldRingApplied,
  onlyReadyNodes,
  recreateMissing,
  refusedFileLeft,
  reorderAndDrop,
  scanBeforeDrain,
  writtenCountsAsLoaded,
];
