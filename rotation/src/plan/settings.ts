// What the ring tells the agents of the configuration. Group and dimension name the lineage of all derived keys: under
// a running deterministic ring they cannot be edited, only named as edited.

import type {Ring} from '../model/ring.ts';
import type {DeterministicSpec} from '../model/spec.ts';
import {because, type Reason} from './reason.ts';
import type {View} from './view.ts';

/** The deterministic strategy's part of the spec; `undefined` under the random strategy. */
export const deterministicOf = ({spec}: View): DeterministicSpec | undefined =>
  spec.keyStrategy === 'deterministic' ? spec.deterministic : undefined;

/** The ring's settings for the present spec, and what of the spec is refused. */
export function settingsOf(view: View): {readonly settings: Ring['settings']; readonly refused?: Reason} {
  const {writeMode} = view.spec.nodes;
  const wanted = deterministicOf(view)?.derivation;
  if (wanted === undefined) return {settings: {writeMode}};
  const present = view.ring.settings.derivation;
  if (present === undefined || !hasLineage(view.ring)) return {settings: {writeMode, derivation: wanted}};
  const {replicationGroupId, dimension} = present;
  const edited = [
    ...(wanted.replicationGroupId === replicationGroupId ? [] : ['group']),
    ...(wanted.dimension === dimension ? [] : ['dimension']),
  ];
  const derivation = {replicationGroupId, dimension, rootSecret: wanted.rootSecret};
  if (edited.length === 0) return {settings: {writeMode, derivation}};
  const message = `${edited.join(' and ')} edited: the keys in force were derived with another; the ring keeps it`;
  return {settings: {writeMode, derivation}, refused: because('DerivationEdited', message)};
}

/** Whether anything was derived or published with the ring's settings. */
const hasLineage = ({keys, following, publishing}: Ring): boolean =>
  following !== undefined || publishing !== undefined || keys.some(({derived}) => derived === true);
