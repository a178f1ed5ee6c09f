// `inspect FILE`: explains a configuration, a key history, a sealed key or a SeedBundle, and never shows a key.

import {decodeUtf8, type Settings} from '@etcd-encryption/crypto';
import {keyResource, maxHistoryBytes, parseHistory, type StoredObject} from '@etcd-encryption/rotation';
import {parse} from 'yaml';
import {bundleIn} from '../bundle-file.ts';
import {readBounded} from '../file-input.ts';
import {inspectConfiguration} from '../inspect/configuration.ts';
import type {Finding, Inspection} from '../inspect/finding.ts';
import {inspectHistory} from '../inspect/history.ts';
import {inspectSealedKeys} from '../inspect/sealed-key.ts';
import {inspectSeedBundle} from '../inspect/seed-bundle.ts';
import {formatDocument, outputOf, outputOption} from '../output.ts';
import {pairOptions, withPairSettings} from '../pair-settings.ts';
import {choosePaint, cleanLine, type Paint} from '../table.ts';
import {type ExitCode, UsageError, type Verb, type VerbInput} from '../verb.ts';

const forms = ['json', 'yaml'] as const;

export const inspect: Verb = {
  name: 'inspect',
  summary: 'explains a configuration, history, sealed key or SeedBundle; never shows a key',
  takes: 'FILE',
  positionals: 1,
  options: {...pairOptions, output: outputOption(...forms)},
  run,
};

async function run(input: VerbInput): Promise<ExitCode> {
  const output = outputOf(input, forms);
  const [file] = input.positionals;
  if (file === undefined || file === '') throw new UsageError('inspect: expected the FILE, got none');
  return withPairSettings(input, (settings) => inspectFile(input, {file, settings, output}));
}

/** What is looked at, with what, and how it is told. */
interface Look {
  readonly file: string;
  readonly settings: Settings | undefined;
  readonly output: ReturnType<typeof outputOf>;
}

async function inspectFile(input: VerbInput, {file, settings, output}: Look): Promise<ExitCode> {
  const bytes = await readBounded(file, maxHistoryBytes);
  try {
    const inspection = recognise(bytes, settings);
    if (inspection === undefined)
      throw new UsageError(
        `${file}: neither an EncryptionConfiguration nor a key history nor an EtcdEncryptionKey nor a SeedBundle`,
      );
    if (settings !== undefined && inspection.kind !== 'seed bundle')
      throw new UsageError(`--root-key, --group: expected a SeedBundle beside them, got a ${inspection.kind}`);
    input.out(
      output === 'json' || output === 'yaml' ? document(inspection, output) : render(inspection, choosePaint()),
    );
    return inspection.problems.length > 0 ? 1 : 0;
  } finally {
    bytes.fill(0);
  }
}

/**
 * A bundle is known by its first bytes, a history by its records, an object by its kind; what only claims to be a
 * configuration is told why it is none.
 */
function recognise(bytes: Uint8Array, settings: Settings | undefined): Inspection | undefined {
  const bundle = bundleIn(bytes);
  if (bundle !== undefined) return inspectSeedBundle(bundle, settings);
  const {text} = decodeUtf8(bytes);
  if (isHistory(text, bytes)) return inspectHistory(text);
  const objects = sealedKeysIn(text);
  if (objects !== undefined) return inspectSealedKeys(objects);
  const inspection = inspectConfiguration(bytes);
  const loadable = inspection.problems.length === 0 || inspection.warnings.length > 0;
  return loadable || /EncryptionConfig/.test(text) ? inspection : undefined;
}

function isHistory(text: string, bytes: Uint8Array): boolean {
  if (!/^\{"v":\d/m.test(text)) return false;
  const {keys, newer} = parseHistory(bytes);
  for (const key of keys) key.secret.wipe();
  return keys.length > 0 || newer || /^\{"v":\d+,"at":/m.test(text);
}

/** The objects of a document or of a list of them; `undefined` when it is about something else. */
function sealedKeysIn(text: string): readonly StoredObject[] | undefined {
  if (!text.includes(keyResource.kind)) return undefined;
  let document: unknown;
  try {
    document = parse(text, {maxAliasCount: 0, logLevel: 'silent'});
  } catch {
    return undefined;
  }
  const {kind, items} = (document ?? {}) as {readonly kind?: unknown; readonly items?: unknown};
  const objects = Array.isArray(items) ? items : kind === keyResource.kind ? [document] : [];
  const keys = objects.filter(isKeyObject);
  return keys.length > 0 && keys.length === objects.length ? keys : undefined;
}

function isKeyObject(object: unknown): object is StoredObject {
  const {kind, metadata} = (object ?? {}) as {readonly kind?: unknown; readonly metadata?: {readonly name?: unknown}};
  return kind === keyResource.kind && typeof metadata?.name === 'string';
}

const document = ({kind, content, problems, warnings}: Inspection, output: 'json' | 'yaml'): string =>
  formatDocument(output, {kind, content, problems, warnings});

function render({kind, lines, problems, warnings}: Inspection, paint: Paint): string {
  const told = ({path, reason, message}: Finding): string =>
    cleanLine(`${path === '' ? '' : `${path}: `}${reason}: ${message}`);
  const plain = (line: string): string => line.replace(/\p{Cc}/gu, '?');
  return [
    ...problems.map((finding) => paint('bad', `wrong    ${told(finding)}`)),
    ...warnings.map((finding) => paint('warn', `warning  ${told(finding)}`)),
    plain(`${kind}: ${lines[0] ?? ''}`),
    ...lines.slice(1).map(plain),
  ].join('\n');
}
