// Names of keys in a recording: by revision where they are ours, with their provider where they were adopted, and with
// the check value only where two keys of one provider share a name.

import {parseKeyName} from '@etcd-encryption/crypto';
import {clearTag, type KeyTag} from '../world/stored-value.ts';

export interface KeyNames {
  /** The name of a tag; the first of its name keeps the short form. */
  readonly of: (tag: KeyTag) => string;
}

export function createKeyNames(): KeyNames {
  const names = new Map<KeyTag, string>();
  const taken = new Set<string>();
  return {
    of(tag) {
      const known = names.get(tag);
      if (known !== undefined) return known;
      const short = shortName(tag);
      const name = taken.has(short) ? `${short} (${tag.slice(tag.lastIndexOf('/') + 1)})` : short;
      names.set(tag, name);
      taken.add(name);
      return name;
    },
  };
}

function shortName(tag: KeyTag): string {
  const [provider = '', name] = tag.split('/');
  if (name === undefined) return tag === clearTag ? clearTag : provider;
  return provider === 'aesgcm' && parseKeyName(name) !== undefined ? name : `${provider} ${name}`;
}

/** Clear values first, then adopted keys, then ours by revision. */
export const compareKeys = (a: string, b: string): number => rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0);

function rank(name: string): number {
  if (name === clearTag) return -2;
  return parseKeyName(name.split(' ')[0] ?? '')?.revision ?? -1;
}
