// Keys that the pair may still need when this cluster does not: what a bundle holds stays in the files, and on a Standby
// it stays for two intervals more, since bundle and values travel in different streams.

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
  const isLate = isStandby(view);
  return candidates.filter(({id}) => inside.has(id) || (isLate && isKeptByStandby(view, id)));
}

/** A derived key whose leaving was not seen, or seen less than two intervals ago. */
function isKeptByStandby(view: View, id: string): boolean {
  const {ring, keys} = view;
  if (keys.get(id)?.derived !== true) return false;
  const left = ring.leftWindow?.[id];
  return left === undefined || passedMs(view, windowId(id), left) < standbyKeepsMs(view);
}

const standbyKeepsMs = (view: View): number => 2 * interval(view);

/** When time alone lets a key of a Standby go, ms. */
export function windowLeftMs(view: View): readonly number[] {
  if (!isStandby(view)) return [];
  const left = Object.entries(view.ring.leftWindow ?? {});
  return left.map(([id, sinceMs]) => standbyKeepsMs(view) - passedMs(view, windowId(id), sinceMs));
}
