// A file in which a name of ours stands for other bytes than those that gave it the name. The agent reads back what it
// meant to write, so that none of its own looks at the file notices.

import {AdoptedKey, parseKeyName, type StoredKey} from '@etcd-encryption/crypto';
import {
  formatEncryptionConfiguration,
  parseEncryptionConfiguration,
} from '@etcd-encryption/crypto/encryption-configuration';
import {
  ask,
  backupDirectory,
  doNodeAction,
  type NodeAction,
  type NodeDeed,
  ok,
  type PortRequest,
  type Result,
  type Step,
} from '@etcd-encryption/rotation';
import {answered} from './parts.ts';

/** Other bytes for a revision of ours; `undefined` = its own. */
export type OtherBytes = (revision: number, deed: NodeDeed) => Uint8Array | undefined;

/** Deeds that write such files. */
export const writingOtherBytes =
  (other: OtherBytes) =>
  (deed: NodeDeed, action: NodeAction): Step<Result<unknown>> => {
    if (action.do !== 'writeFile') return doNodeAction(deed, action);
    let meant: Uint8Array | undefined;
    return answered(doNodeAction(deed, action), (request) => {
      if (isBackup(request)) return undefined;
      if (request.op === 'files.write') {
        const bytes = swapped(request.args.bytes, (revision) => other(revision, deed));
        if (bytes === undefined) return undefined;
        meant = Uint8Array.from(request.args.bytes);
        return ask('files.write', {...request.args, bytes});
      }
      return request.op === 'files.read' && meant !== undefined ? readAs(request, meant) : undefined;
    });
  };

const isBackup = ({args}: PortRequest): boolean => 'path' in args && args.path.startsWith(backupDirectory);

function swapped(bytes: Uint8Array, other: (revision: number) => Uint8Array | undefined): Uint8Array | undefined {
  const parsed = parseEncryptionConfiguration(bytes);
  if (parsed.outcome !== 'loadable') return undefined;
  const swap = (key: StoredKey): StoredKey => {
    const found = other(parseKeyName(key.name)?.revision ?? 0);
    return found === undefined ? key : new AdoptedKey({provider: 'aesgcm', name: key.name, key: found});
  };
  const blocks = parsed.configuration.blocks.map((block) => ({
    ...block,
    providers: block.providers.map((provider) =>
      provider.kind === 'aesgcm' ? {...provider, keys: provider.keys.map(swap)} : provider,
    ),
  }));
  return formatEncryptionConfiguration({blocks});
}

function* readAs(request: Extract<PortRequest, {op: 'files.read'}>, meant: Uint8Array): Step<Result<unknown>> {
  const read = yield* ask('files.read', request.args);
  if (!read.ok || read.value === undefined || read.value.bytes.length !== meant.length) return read;
  return ok({...read.value, bytes: Uint8Array.from(meant)});
}
