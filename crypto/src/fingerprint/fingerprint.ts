// What one side of a pair may show of its settings and keys, so that any machine can compare the two sides offline:
// tags, names and check values. Plain data for JSON; neither a key nor the group id is in it, nor can be had from it.

import type {Backend} from '../backend.ts';
import {defaultBackend} from '../backends/default.ts';
import {hex} from '../bytes.ts';
import {deriveBundleValues, deriveDataKeys} from '../derivation/derive.ts';
import {type Settings, withSettings} from '../derivation/settings.ts';
import {DataKey, type StoredKey} from '../key.ts';
import {bundleIdBytes} from '../limits.ts';
import type {SeedBundle} from '../seed-bundle/layout.ts';

/** One revision's key, as it may be shown. */
export type FingerprintRevision = {
  readonly revision: number;
  /** `r3-1f2e3d4c` */
  readonly name: string;
  /** 16 hex digits. */
  readonly checkValue: string;
};

/** A key that an earlier configuration brought. People may have chosen its bytes, so nothing of them shows. */
export type FingerprintAdopted = {
  readonly name: string;
  /** From 1, among the adopted keys of one name. */
  readonly number: number;
};

/** What a side shows. Bytes are lower-case hex; a field is missing where the side has no such thing. */
export type Fingerprint = {
  /** 16 digits, of the root key alone. */
  readonly rootCheck?: string;
  /** 32 digits, of root key and group. */
  readonly groupTag?: string;
  /** 16 digits, of root key, group and dimension. */
  readonly dimensionTag?: string;
  /** 32 digits. */
  readonly bundleId?: string;
  readonly generation?: number;
  /** By rising revision. */
  readonly revisions: readonly FingerprintRevision[];
  /** In the order given. */
  readonly adopted: readonly FingerprintAdopted[];
};

/**
 * The fingerprint of one side: of its settings and SeedBundle, whose keys are derived for it and wiped, or of the keys
 * that it has. With the `random` strategy there are no settings.
 * @throws TypeError or RangeError for settings, a revision or a seed of another form; TypeError for a bundle without settings
 */
export function fingerprint(
  settings: Settings | undefined,
  bundleOrKeys: SeedBundle | readonly StoredKey[],
  backend?: Backend,
): Fingerprint {
  if (isKeys(bundleOrKeys))
    return {...(settings === undefined ? {} : tagsOf(settings, undefined, backend)), ...keysPart(bundleOrKeys)};
  const {bundleId, generation, entries} = bundleOrKeys;
  // Throws where a bundle comes without settings.
  const present = settings as Settings;
  const keys = deriveDataKeys(present, entries, backend);
  try {
    return {...tagsOf(present, bundleId, backend), bundleId: hex(bundleId), generation, ...keysPart(keys)};
  } finally {
    for (const key of keys) key.secret.wipe();
  }
}

const isKeys = (value: SeedBundle | readonly StoredKey[]): value is readonly StoredKey[] => Array.isArray(value);

function tagsOf(
  settings: Settings,
  bundleId: Uint8Array = new Uint8Array(bundleIdBytes),
  backend?: Backend,
): Required<Pick<Fingerprint, 'rootCheck' | 'groupTag' | 'dimensionTag'>> {
  const hashing = defaultBackend(backend);
  return withSettings(settings, (open) => {
    const {rootCheck, groupTag, dimensionTag, macKey} = deriveBundleValues(open, bundleId, hashing);
    macKey.fill(0);
    return {rootCheck: hex(rootCheck), groupTag: hex(groupTag), dimensionTag: hex(dimensionTag)};
  });
}

/** Data keys by revision, each once; adopted ones by name and number alone. */
function keysPart(keys: readonly StoredKey[]): Pick<Fingerprint, 'revisions' | 'adopted'> {
  const revisions: FingerprintRevision[] = [];
  const adopted: FingerprintAdopted[] = [];
  for (const key of keys) {
    const {name, checkValue} = key;
    if (!(key instanceof DataKey)) adopted.push({name, number: adopted.filter((one) => one.name === name).length + 1});
    // By both: a name shows half of the check value, and two keys may have it in common.
    else if (!revisions.some((one) => one.name === name && one.checkValue === checkValue))
      revisions.push({revision: key.revision, name, checkValue});
  }
  return {
    revisions: revisions.sort((a, b) => a.revision - b.revision || (a.checkValue < b.checkValue ? -1 : 1)),
    adopted,
  };
}
