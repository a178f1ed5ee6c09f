// The Standby's word that it derives the same keys: its fingerprint, put on the ring by `verify --record`. There is no
// other channel back; the first key of a bundle id waits for it, or for the word that there is no Standby.

import type {KeyId} from '../model/key.ts';
import {annotation} from '../model/resource-types.ts';
import {deterministicOf} from './settings.ts';
import type {View} from './view.ts';

/** Whether the recorded fingerprint is of the bundle that is followed and shows this key with its check value. */
export function isProven({ring, keys, observation}: View, key: KeyId): boolean {
  const proof = parse(observation.ringAnnotations[annotation.standbyProof]);
  if (proof === undefined || proof.bundleId !== ring.following?.bundleId || !Array.isArray(proof.revisions))
    return false;
  const check = keys.get(key)?.check;
  return proof.revisions.some((each: unknown) => {
    const {name, checkValue} = fieldsOf(each);
    return name === key && checkValue === check;
  });
}

/** Whether an operator said that this global cluster has no Standby. */
export const isAlone = (view: View): boolean =>
  deterministicOf(view)?.standby === 'none' || view.observation.ringAnnotations[annotation.standby] === 'none';

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};

/** People and other programs write annotations: what is no JSON object is no proof. */
function parse(text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  if (text === undefined) return undefined;
  try {
    return fieldsOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}
