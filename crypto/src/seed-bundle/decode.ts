// Reads a SeedBundle that came from outside, and names the first thing that is wrong in the order of derivation.md
// ("SeedBundle, version 1"). What its outcomes mean for reading and following is accept.ts.

import type {Backend} from '../backend.ts';
import {defaultBackend} from '../backends/default.ts';
import {constantTimeEqual} from '../bytes.ts';
import {deriveBundleValues} from '../derivation/derive.ts';
import {type OpenSettings, type Settings, withSettings} from '../derivation/settings.ts';
import {bundleMacBytes} from '../limits.ts';
import {
  type BundleFrame,
  type BundleTags,
  readContent,
  readFrame,
  type SeedBundle,
  type UnreadableBundle,
} from './layout.ts';

/**
 * A bundle that a holder of these settings made, or the first cause why it is none:
 * - `malformed`: no bundle, cut or lengthened; after the MAC, content that no release of ours writes
 * - `unsupported`: a version or algorithm of another release
 * - `root-key-mismatch`, `group-mismatch`, `dimension-mismatch`: made under other settings, or these bytes were changed
 * - `tampered`: made under these settings and changed afterwards
 *
 * `detail` says what was expected and what was there, and holds no key, seed or group id.
 */
export type DecodedSeedBundle =
  | {readonly outcome: 'ok'; readonly bundle: SeedBundle}
  | UnreadableBundle
  | {
      readonly outcome: 'root-key-mismatch' | 'group-mismatch' | 'dimension-mismatch' | 'tampered';
      readonly detail: string;
    };

/**
 * Reads and verifies a bundle. Never throws on bytes, whatever they are.
 * @throws TypeError for anything but a `Uint8Array`; TypeError or RangeError for settings of another form
 */
export function decodeSeedBundle(bytes: Uint8Array, settings: Settings, backend?: Backend): DecodedSeedBundle {
  const hashing = defaultBackend(backend);
  const frame = readFrame(bytes);
  return withSettings(settings, (open) => (frame.outcome === 'ok' ? verify(frame, open, hashing) : frame));
}

function verify(frame: BundleFrame, open: OpenSettings, hashing: Backend): DecodedSeedBundle {
  const {macKey, ...own} = deriveBundleValues(open, frame.bundleId, hashing);
  try {
    const foreign = foreignSetting(frame.tags, own);
    if (foreign !== undefined) return foreign;
    const mac = hashing.hmacSha512(macKey, frame.bytes.subarray(0, frame.macAt)).subarray(0, bundleMacBytes);
    if (!constantTimeEqual(mac, frame.bytes.subarray(frame.macAt)))
      return {outcome: 'tampered', detail: 'its MAC does not verify: these bytes were changed'};
  } finally {
    macKey.fill(0);
  }
  const bundle = readContent(frame);
  return 'outcome' in bundle ? bundle : {outcome: 'ok', bundle};
}

/** Each tag rests on the settings of the ones before it, so the first that differs names the setting. */
function foreignSetting(theirs: BundleTags, own: BundleTags): DecodedSeedBundle | undefined {
  const found = settingTags.find(([, , tag]) => !constantTimeEqual(theirs[tag], own[tag]));
  if (found === undefined) return undefined;
  const [outcome, setting] = found;
  return {outcome, detail: `it was made under another ${setting}, or these bytes were changed`};
}

const settingTags = [
  ['root-key-mismatch', 'root key', 'rootCheck'],
  ['group-mismatch', 'replication group id', 'groupTag'],
  ['dimension-mismatch', 'dimension', 'dimensionTag'],
] as const;
