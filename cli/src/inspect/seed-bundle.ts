// Explains a SeedBundle. Without the root key it shows what stands there and says that nobody checked who wrote it; with
// it, it says whether a holder of the settings did, and the names of the keys.

import {
  type BundleTags,
  decodeSeedBundle,
  deriveDataKeys,
  hex,
  readUnverifiedSeedBundle,
  type SeedBundle,
  type Settings,
} from '@etcd-encryption/crypto';
import {formatTime} from '@etcd-encryption/rotation';
import type {BundleFile} from '../bundle-file.ts';
import type {Finding, Inspection} from './finding.ts';

interface ShownEntry {
  readonly revision: number;
  readonly createTime: string;
  readonly activateTime: string;
  /** 64 hex digits; not secret. */
  readonly seed: string;
  /** Of the derived key, where the bundle was verified. */
  readonly name?: string;
  readonly check?: string;
}

export function inspectSeedBundle(file: BundleFile, settings: Settings | undefined): Inspection {
  if (file.outcome !== 'ok') return refused([{path: '', reason: 'not-base64', message: file.detail}]);
  const read = readUnverifiedSeedBundle(file.bytes);
  if (read.outcome !== 'ok') {
    // With settings the cause may stand before the content: another root key, or changed bytes.
    const cause = settings === undefined ? read : decodeSeedBundle(file.bytes, settings);
    const {outcome, detail} = cause.outcome === 'ok' ? read : cause;
    return refused([{path: '', reason: outcome, message: detail}]);
  }
  const decoded = settings === undefined ? undefined : decodeSeedBundle(file.bytes, settings);
  const verified = decoded?.outcome === 'ok';
  const entries = entriesOf(read.bundle, verified ? settings : undefined);
  const {bundleId, generation} = read.bundle;
  const content = {verified, form: file.form, bundleId: hex(bundleId), generation, ...tagsOf(read.tags), entries};
  return {
    kind: 'seed bundle',
    content,
    lines: [
      `generation ${generation}, ${entries.length} revisions, ${verified ? 'its MAC verifies' : 'not verified'}`,
      `  bundle id      ${content.bundleId}`,
      `  root check     ${content.rootCheck}`,
      `  group tag      ${content.groupTag}`,
      `  dimension tag  ${content.dimensionTag}`,
      ...entries.map(entryLine),
    ],
    problems:
      decoded === undefined || decoded.outcome === 'ok'
        ? []
        : [{path: '', reason: decoded.outcome, message: decoded.detail}],
    warnings: decoded === undefined ? [unchecked] : [],
  };
}

const unchecked: Finding = {
  path: '',
  reason: 'mac-not-checked',
  message: 'anyone could have written this; --root-key FILE and --group ID verify it',
};

const refused = (problems: readonly Finding[]): Inspection => ({
  kind: 'seed bundle',
  content: {verified: false},
  lines: ['nobody can follow it'],
  problems,
  warnings: [],
});

const tagsOf = ({rootCheck, groupTag, dimensionTag}: BundleTags) => ({
  rootCheck: hex(rootCheck),
  groupTag: hex(groupTag),
  dimensionTag: hex(dimensionTag),
});

function entriesOf({entries}: SeedBundle, settings: Settings | undefined): readonly ShownEntry[] {
  const keys = settings === undefined ? [] : deriveDataKeys(settings, entries);
  return entries.map(({revision, createdAtMs, activateAtMs, seed}, i) => {
    const key = keys[i];
    key?.secret.wipe();
    return {
      revision,
      createTime: formatTime(createdAtMs, true),
      activateTime: formatTime(activateAtMs, true),
      seed: hex(seed),
      ...(key === undefined ? {} : {name: key.name, check: key.checkValue}),
    };
  });
}

function entryLine({revision, createTime, activateTime, name, check}: ShownEntry): string {
  const who = name === undefined ? `r${revision}` : `${name} (check ${check})`;
  return `  ${who}  created ${createTime}, writes from ${activateTime}`;
}
