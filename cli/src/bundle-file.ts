// A SeedBundle in a file: its bytes, or their base64 as it stands in the cluster.

import {decodeUtf8, fromBase64, startsWith, utf8} from '@etcd-encryption/crypto';

/** Bytes of the longest file that is read as a bundle: the base64 of 64 entries has under 5,000. */
export const maxBundleFileBytes = 1_048_576;

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
