// Reads a configuration file exactly as kube-apiserver v1.37 does, and says why it would not load.

import {decodeUtf8, requireBytes} from '../bytes.ts';
import {maxConfigurationBytes, maxProblems} from '../limits.ts';
import type {EncryptionConfiguration, ParsedConfiguration} from './configuration.ts';
import {type Draft, draftOf} from './draft.ts';
import {readJson} from './json-reader.ts';
import type {Problem, ProblemReason} from './problem.ts';
import {configurationOf, hasOldKind} from './rules.ts';
import {Refusal, type Tree} from './tree.ts';
import {warningsOf} from './warning.ts';
import {readYaml} from './yaml-reader.ts';

/** How the kube-apiserver that will load the file is set up. */
export type ParseOptions = {
  /** It runs with `--feature-gates=KMSv1=true`, so KMS plugins of v1 load. */
  readonly acceptKmsV1?: boolean;
};

// Refused although kube-apiserver loads them: base64 with padding bits that are not zero, and what no one writes:
// files above 1 MiB; UTF-16; YAML with directives, tags, anchors, aliases, merge keys, `?` keys, a byte order mark after
// the start, or text after the first document without `---` or `...` before it; the internal API version; KMS endpoints
// with `?`, `#`, `%` or an odd host; a cache size that is not decimal; a duration within rounding of Go's limits; a
// plain number too large for Go, which it takes as text.

/**
 * Reads the bytes of a configuration file. `loadable` if kube-apiserver v1.37 with automatic reload loads it and its
 * base64 is canonical; `refused` otherwise, with the reasons. Takes any bytes, never throws on them, and needs a time
 * in proportion to their number.
 */
export function parseEncryptionConfiguration(bytes: Uint8Array, options: ParseOptions = {}): ParsedConfiguration {
  requireBytes(bytes, 'bytes');
  const document = readDocument(bytes);
  if (document instanceof Refusal) return {outcome: 'refused', problems: [document.problem]};
  const problems: Problem[] = [];
  const report = (path: string, reason: ProblemReason, message: string): void => {
    if (problems.length < maxProblems) problems.push({path, reason, message});
  };
  const draft: Draft = draftOf(document.tree, report);
  if (problems.length > 0) return {outcome: 'refused', problems};
  const configuration = configurationOf(draft, options.acceptKmsV1 === true, report);
  if (problems.length > 0) {
    wipe(configuration);
    return {outcome: 'refused', problems};
  }
  const traits = {secondDocument: document.more, oldKind: hasOldKind(draft)};
  return {outcome: 'loadable', configuration, warnings: warningsOf(configuration, traits)};
}

// The first character decides, as in kube-apiserver: `{` after blanks is JSON, everything else is YAML.
function readDocument(bytes: Uint8Array): {readonly tree: Tree; readonly more: boolean} | Refusal {
  if (bytes.length === 0) return new Refusal('empty-file', 'expected a configuration, got 0 bytes');
  if (bytes.length > maxConfigurationBytes) {
    return new Refusal('too-large', `expected at most ${maxConfigurationBytes} bytes, got ${bytes.length}`);
  }
  const {text, invalidAt} = decodeUtf8(bytes);
  try {
    if (/^[\s\u0085]*\{/.test(text) && !text.startsWith('\ufeff')) return {tree: readJson(text), more: false};
    if (invalidAt !== undefined) return new Refusal('not-text', `expected UTF-8, got another byte at ${invalidAt}`);
    return readYaml(text);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

function wipe({blocks}: EncryptionConfiguration): void {
  for (const {providers} of blocks) {
    for (const provider of providers) {
      if ('keys' in provider) for (const {secret} of provider.keys) secret.wipe();
    }
  }
}
