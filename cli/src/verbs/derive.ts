// `derive`: the names and check values of a pair's keys, from root key and SeedBundle or one seed. Key material leaves
// it only through `--reveal`, into a new file.

import {
  type BundleEntry,
  type DataKey,
  deriveDataKeys,
  fromBase64,
  hex,
  type RevisionSeed,
  type Settings,
} from '@etcd-encryption/crypto';
import {formatTime} from '@etcd-encryption/rotation';
import {readBundleFile} from '../bundle-file.ts';
import {writeKeyMaterial} from '../key-material.ts';
import {formatDocument, outputOf, outputOption} from '../output.ts';
import {pairOptions, withPairSettings} from '../pair-settings.ts';
import {type Cell, cell, choosePaint, formatTable} from '../table.ts';
import {type ExitCode, optionalText, UsageError, type Verb, type VerbInput} from '../verb.ts';

const forms = ['wide', 'json', 'yaml'] as const;

export const derive: Verb = {
  name: 'derive',
  summary: 'names and check values of derived keys, from a root key and a SeedBundle or seed',
  options: {
    ...pairOptions,
    bundle: {type: 'string', help: 'file with the SeedBundle, as bytes or base64, or - for standard input'},
    seed: {type: 'string', help: 'seed of one revision, 64 hex digits or base64; it is not secret'},
    revision: {type: 'string', help: 'revision of --seed, or the one of the bundle to derive'},
    reveal: {type: 'string', help: 'new file for the key material, mode 0600; never a terminal'},
    output: outputOption(...forms),
  },
  run,
};

/** What is derived, and from which bundle. */
interface Source {
  readonly entries: readonly (RevisionSeed & Partial<BundleEntry>)[];
  readonly bundleId?: string;
  readonly generation?: number;
}

interface DeriveSummary {
  readonly bundleId?: string;
  readonly generation?: number;
  readonly keys: readonly ShownDerived[];
  /** The file that holds the key material. */
  readonly revealed?: string;
}

interface ShownDerived {
  readonly revision: number;
  readonly name: string;
  readonly check: string;
  readonly createTime?: string;
  readonly activateTime?: string;
}

async function run(input: VerbInput): Promise<ExitCode> {
  const output = outputOf(input, forms);
  const reveal = optionalText(input, 'reveal');
  const inputs = ['root-key', 'bundle'].filter((name) => input.values[name] === '-');
  if (inputs.length > 1) throw new UsageError('--root-key, --bundle: expected one of them at standard input, got both');
  return withPairSettings(input, async (settings) => {
    if (settings === undefined) throw new UsageError('--root-key: expected a value, got none');
    const {entries, ...bundle} = await readSource(input, settings);
    const keys = deriveDataKeys(settings, entries);
    return tell(input, {keys, entries, bundle, output, reveal});
  });
}

/** What was derived, and how it shall be told. */
interface Derived {
  readonly keys: readonly DataKey[];
  readonly entries: Source['entries'];
  readonly bundle: Omit<Source, 'entries'>;
  readonly output: ReturnType<typeof outputOf>;
  readonly reveal: string | undefined;
}

/** Wipes the keys in the end. */
async function tell(input: VerbInput, {keys, entries, bundle, output, reveal}: Derived): Promise<ExitCode> {
  try {
    if (reveal !== undefined) await writeKeyMaterial(reveal, keys);
    const shown = keys.map((key, i) => show(key, entries[i]));
    const summary: DeriveSummary = {...bundle, keys: shown, ...(reveal === undefined ? {} : {revealed: reveal})};
    if (output === 'json' || output === 'yaml') input.out(formatDocument(output, summary));
    else input.out(render(summary, output === 'wide'));
    if (reveal !== undefined) input.err(`key material of ${keys.length} revisions is in ${reveal}`);
    return 0;
  } finally {
    for (const key of keys) key.secret.wipe();
  }
}

async function readSource(input: VerbInput, settings: Settings): Promise<Source> {
  const [file, seed] = [optionalText(input, 'bundle'), optionalText(input, 'seed')];
  const revision = revisionOf(input);
  if ((file === undefined) === (seed === undefined))
    throw new UsageError(`--bundle, --seed: expected one of them, got ${file === undefined ? 'none' : 'both'}`);
  if (file !== undefined) return readBundle(file, settings, revision);
  if (revision === undefined) throw new UsageError('--revision: expected the revision of --seed, got none');
  return {entries: [{revision, seed: seedIn(seed ?? '')}]};
}

async function readBundle(file: string, settings: Settings, revision: number | undefined): Promise<Source> {
  const {bundleId, generation, entries} = await readBundleFile(file, settings);
  const wanted = entries.filter((entry) => revision === undefined || entry.revision === revision);
  if (wanted.length === 0) {
    const there = entries.map((entry) => entry.revision).join(', ');
    throw new UsageError(`--revision: expected one of the bundle's ${there}, got ${revision}`);
  }
  return {entries: wanted, bundleId: hex(bundleId), generation};
}

function revisionOf(input: VerbInput): number | undefined {
  const text = optionalText(input, 'revision');
  if (text === undefined) return undefined;
  const revision = /^[1-9][0-9]{0,15}$/.test(text) ? Number(text) : 0;
  if (Number.isSafeInteger(revision) && revision > 0) return revision;
  throw new UsageError(`--revision: expected a whole number from 1 to 2^53 - 1, got ${JSON.stringify(text)}`);
}

function seedIn(text: string): Uint8Array {
  const read = /^[0-9a-fA-F]{64}$/.test(text)
    ? {outcome: 'ok' as const, bytes: Uint8Array.from(Buffer.from(text, 'hex'))}
    : fromBase64(text);
  if (read.outcome !== 'ok') throw new UsageError('--seed: expected 64 hex digits or the base64 of 32 bytes');
  if (read.bytes.length !== 32) throw new UsageError(`--seed: expected 32 bytes, got ${read.bytes.length}`);
  if (read.bytes.every((byte) => byte === 0)) throw new UsageError('--seed: expected random bytes, got zeros');
  return read.bytes;
}

function show({revision, name, checkValue}: DataKey, entry: Source['entries'][number] | undefined): ShownDerived {
  const {createdAtMs, activateAtMs} = entry ?? {};
  return {
    revision,
    name,
    check: checkValue,
    ...(createdAtMs === undefined ? {} : {createTime: formatTime(createdAtMs, true)}),
    ...(activateAtMs === undefined ? {} : {activateTime: formatTime(activateAtMs, true)}),
  };
}

function render({keys}: DeriveSummary, wide: boolean): string {
  const header = ['REVISION', 'NAME', 'CHECK', ...(wide ? ['CREATED', 'WRITES FROM'] : [])];
  const rows = keys.map(({revision, name, check, createTime = '-', activateTime = '-'}): readonly Cell[] =>
    [`${revision}`, name, check, ...(wide ? [createTime, activateTime] : [])].map((text) => cell(text)),
  );
  return formatTable([header.map((text) => cell(text, 'dim')), ...rows], choosePaint());
}
