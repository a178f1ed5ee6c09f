// How keys are shown to people: ours by name and check value, adopted ones by name alone. People may have chosen the
// bytes of an adopted key, so nothing that could be compared with a guess is shown of it.

import type {KeyId, KeyRef} from '@etcd-encryption/rotation';

export interface KeyLabel {
  readonly id: KeyId;
  readonly name: string;
  /** `r3`, or an adopted key's name with its number among those that share it. */
  readonly short: string;
  readonly provider: string;
  readonly revision: number;
  /** Of our keys only. */
  readonly check?: string;
}

/** Labels in the order of the keys; each short one is given once. */
export function labelKeys(keys: readonly KeyRef[]): readonly KeyLabel[] {
  const seen = new Map<string, number>();
  return keys.map(({id, name, provider, revision, check}) => {
    const base = revision > 0 ? `r${revision}` : name;
    const count = (seen.get(base) ?? 0) + 1;
    seen.set(base, count);
    const short = count === 1 ? base : `${base}#${count}`;
    return {id, name, short, provider, revision, ...(revision > 0 ? {check} : {})};
  });
}

/** A message without check values of adopted keys, which their ids and the names of their objects hold. */
export const hideAdopted = (text: string): string =>
  text
    .replace(/\b(?:aesgcm|aescbc|secretbox)\/(\S+)\/[0-9a-f]{16}\b/g, '$1')
    .replace(/\badopted-[0-9a-f]{16}\b/g, 'an adopted key');
