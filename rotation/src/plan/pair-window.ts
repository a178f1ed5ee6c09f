// Keys that the pair may still need when this cluster does not: what a bundle holds stays in the files, and where there is
// another side it stays for two intervals more, since bundle and values travel in different streams, and roles change.

import {windowId} from '../model/stamps.ts';
import {windowKeys} from './bundles.ts';
import type {Candidate} from './clean.ts';
import {passedMs} from './delay.ts';
import {interval} from './due.ts';
import {isStandby} from './role.ts';
import {deterministicOf} from './settings.ts';
import type {View} from './view.ts';

/** Those of the candidates that may not leave yet, however clean they are here. */
export function keptByPair(view: View, candidates: readonly Candidate[]): readonly Candidate[] {
  if (deterministicOf(view) === undefined) return [];
  const inside = windowKeys(view);
  const isLate = hasOtherSide(view);
  return candidates.filter(({id}) => inside.has(id) || (isLate && isKeptForOther(view, id)));
}

/**
 * An Active may be the Standby in the next minute, of a side that went on writing with an older key: until then it keeps
 * what the Standby has to keep.
 */
const hasOtherSide = (view: View): boolean =>
  isStandby(view) || deterministicOf(view)?.standby === 'expected' || view.ring.synchronizer !== undefined;

/** A derived key whose leaving was not seen, or seen less than two intervals ago. */
function isKeptForOther(view: View, id: string): boolean {
  const {ring, keys} = view;
  if (keys.get(id)?.derived !== true) return false;
  const left = ring.leftWindow?.[id];
  return left === undefined || passedMs(view, windowId(id), left) < windowKeepsMs(view);
}

const windowKeepsMs = (view: View): number => 2 * interval(view);

/** When time alone lets a key of a pair go, ms. */
export function windowLeftMs(view: View): readonly number[] {
  if (deterministicOf(view) === undefined || !hasOtherSide(view)) return [];
  const left = Object.entries(view.ring.leftWindow ?? {});
  return left.map(([id, sinceMs]) => windowKeepsMs(view) - passedMs(view, windowId(id), sinceMs));
}
