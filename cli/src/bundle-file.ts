// A SeedBundle in a file: its bytes, or their base64 as it stands in the cluster.

import {
  decodeSeedBundle,
  decodeUtf8,
  fromBase64,
  type SeedBundle,
  type Settings,
  startsWith,
  utf8,
} from '@etcd-encryption/crypto';
import {readSecretInput} from './file-input.ts';
import {UsageError} from './verb.ts';

/** Bytes of the longest file that is read as a bundle: the base64 of 64 entries has under 5,000. */
const maxBundleFileBytes = 1_048_576;

/** What a file holds that looks like a bundle. */
export type BundleFile =
  | {readonly outcome: 'ok'; readonly bytes: Uint8Array; readonly form: 'binary' | 'base64'}
  | {readonly outcome: 'malformed'; readonly detail: string};

/** The base64 of "EESB" and whatever follows. */
const base64Start = /^[\r\n]*RUVTQ[g-v]/;

/** The bytes of the bundle in a file; `undefined` for a file that does not look like one. */
export function bundleIn(file: Uint8Array): BundleFile | undefined {
  if (startsWith(file, utf8('EESB'))) return {outcome: 'ok', bytes: file, form: 'binary'};
  const {text} = decodeUtf8(file.subarray(0, maxBundleFileBytes));
  if (!base64Start.test(text)) return undefined;
  const read = fromBase64(text);
  if (read.outcome === 'ok') return {outcome: 'ok', bytes: read.bytes, form: 'base64'};
  const [line, column] = placeOf(text, read.at);
  return {outcome: 'malformed', detail: `line ${line}, column ${column}: expected base64 with its padding`};
}

function placeOf(text: string, at: number): readonly [line: number, column: number] {
  const before = text.slice(0, at).split('\n');
  return [before.length, (before.at(-1) ?? '').length + 1];
}

/**
 * The bundle in the file of `--bundle`, verified with a side's settings.
 * @throws UsageError that names the file, and the reader's outcome where it is refused
 */
export async function readBundleFile(file: string, settings: Settings): Promise<SeedBundle> {
  const found = bundleIn(await readSecretInput(file, maxBundleFileBytes));
  if (found === undefined) throw new UsageError(`--bundle ${file}: expected a SeedBundle, as bytes or base64`);
  if (found.outcome !== 'ok') throw new UsageError(`--bundle ${file}: ${found.detail}`);
  const decoded = decodeSeedBundle(found.bytes, settings);
  if (decoded.outcome !== 'ok') throw new UsageError(`--bundle ${file}: ${decoded.outcome}: ${decoded.detail}`);
  return decoded.bundle;
}
