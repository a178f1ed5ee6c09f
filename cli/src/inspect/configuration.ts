// Explains an EncryptionConfiguration: which key writes each resource, which ones read, and what is wrong.

import type {StoredKey} from '@etcd-encryption/crypto';
import {parseEncryptionConfiguration} from '@etcd-encryption/crypto/encryption-configuration';
import {sha256Hex} from '@etcd-encryption/crypto/sha256';
import {isKey, type KeyId, referTo, refOf} from '@etcd-encryption/rotation';
import {type Finding, type Inspection, keyWords, type ShownKey} from './finding.ts';

/** A name that promises a key of ours which the bytes are not: nothing of ours may be written with it. */
const wrongAlthoughLoaded: ReadonlySet<string> = new Set(['check-value-mismatch']);

export function inspectConfiguration(bytes: Uint8Array): Inspection {
  const parsed = parseEncryptionConfiguration(bytes);
  if (parsed.outcome === 'refused') {
    return {
      kind: 'configuration',
      content: {outcome: 'refused'},
      lines: ['kube-apiserver would not load it'],
      problems: parsed.problems,
      warnings: [],
    };
  }
  const {blocks, keys} = referTo(parsed.configuration);
  // Over a file whose only secrets people may have chosen, a hash would be something to try guesses on.
  const hash = sha256Hex(bytes);
  const comparable = keys.length === 0 || keys.some((key) => refOf(key).revision > 0);
  const shown = new Map<KeyId, ShownKey>(keys.map((key) => [refOf(key).id, showKey(key)]));
  for (const key of keys) key.secret.wipe();
  const told = blocks.map(({resources, order}) => {
    const entries = order.map((entry) => showEntry(entry, shown));
    return {resources, write: entries[0] ?? 'nothing', read: entries.slice(1)};
  });
  const wrong = (finding: Finding): boolean => wrongAlthoughLoaded.has(finding.reason);
  return {
    kind: 'configuration',
    content: {outcome: 'loadable', ...(comparable ? {hash} : {}), keys: [...shown.values()], blocks: told},
    lines: [
      `kube-apiserver loads it${comparable ? ` (SHA-256 ${hash})` : ''}`,
      ...told.flatMap(({resources, write, read}) => [
        `${resources.join(', ')}:`,
        `  write  ${entryWords(write)}`,
        ...read.map((entry) => `  read   ${entryWords(entry)}`),
      ]),
    ],
    problems: parsed.warnings.filter(wrong),
    warnings: parsed.warnings.filter((finding) => !wrong(finding)),
  };
}

type ShownEntry = ShownKey | 'identity' | 'nothing' | {readonly kms: string};

export function showKey(key: StoredKey): ShownKey {
  const {name, provider, length, check, revision} = refOf(key);
  return {name, provider, bytes: length, ...(revision > 0 ? {check} : {})};
}

function showEntry(entry: string, keys: ReadonlyMap<KeyId, ShownKey>): ShownEntry {
  if (entry === 'identity') return 'identity';
  if (!isKey(entry)) {
    const {name} = JSON.parse(entry.slice('kms:'.length)) as {readonly name?: unknown};
    return {kms: typeof name === 'string' ? name : ''};
  }
  return keys.get(entry) ?? 'nothing';
}

function entryWords(entry: ShownEntry): string {
  if (entry === 'identity') return 'identity (in clear)';
  if (entry === 'nothing') return 'nothing';
  return 'kms' in entry ? `kms ${entry.kms}` : keyWords(entry);
}
