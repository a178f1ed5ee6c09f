// The settings of an Active/Standby pair as options. The root key comes by file or standard input, never in an argument.

import {fingerprint, Secret, type Settings} from '@etcd-encryption/crypto';
import {readSecretInput} from './file-input.ts';
import {optionalText, UsageError, type VerbInput, type VerbOption} from './verb.ts';

/** Bytes that are read of a root key: enough to say how long a wrong one is. */
const maxRootKeyBytes = 4_096;

export const pairOptions: Readonly<Record<string, VerbOption>> = {
  'root-key': {type: 'string', help: 'file with the 32 raw bytes of the root key, or - for standard input'},
  group: {type: 'string', help: 'replication group id'},
  dimension: {type: 'string', help: 'dimension; "default" unless a lineage was forked on purpose'},
  'accept-weak-root': {type: 'boolean', help: 'takes a root key of 32 printable characters'},
};

/** Settings whose root key is ours to wipe. */
interface PairSettings extends Settings {
  readonly rootKey: Secret;
}

/**
 * Calls `use` with the settings that were given, or `undefined` when none was; the root key is wiped afterwards.
 * @throws UsageError for half of them, and for a root key, group or dimension of another form
 */
export async function withPairSettings<T>(
  input: VerbInput,
  use: (settings: Settings | undefined) => Promise<T>,
): Promise<T> {
  const settings = await readPairSettings(input);
  try {
    return await use(settings);
  } finally {
    settings?.rootKey.wipe();
  }
}

async function readPairSettings(input: VerbInput): Promise<PairSettings | undefined> {
  const [file, group, dimension] = ['root-key', 'group', 'dimension'].map((name) => optionalText(input, name));
  if (file === undefined && group === undefined) {
    if (dimension !== undefined) throw new UsageError('--dimension: expected --root-key and --group beside it');
    return undefined;
  }
  if (file === undefined) throw new UsageError('--root-key: expected a file beside --group, got none');
  if (group === undefined) throw new UsageError('--group: expected a replication group id beside --root-key, got none');
  const bytes = await readSecretInput(file, maxRootKeyBytes);
  const settings: PairSettings = {
    rootKey: new Secret(bytes),
    replicationGroupId: group,
    ...(dimension === undefined ? {} : {dimension}),
    ...(input.values['accept-weak-root'] === true ? {acceptWeakRoot: true} : {}),
  };
  bytes.fill(0);
  try {
    checkSettings(settings, file);
    return settings;
  } catch (error) {
    settings.rootKey.wipe();
    throw error;
  }
}

/** Names what the command line calls the setting. */
function checkSettings(settings: Settings, file: string): void {
  try {
    fingerprint(settings, []);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const words = error.message
      .replace(/^rootKey:/, `--root-key ${file}:`)
      .replace(/^replicationGroupId:/, '--group:')
      .replace(/^dimension:/, '--dimension:');
    throw new UsageError(words);
  }
}
