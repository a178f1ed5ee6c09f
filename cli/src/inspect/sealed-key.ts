// Explains sealed keys (EtcdEncryptionKey) by their clear fields. What is sealed stays sealed, and an adopted key's
// check value, of which its object's name is made, is not shown.

import {parseKeyName} from '@etcd-encryption/crypto';
import {formatTime, type KeyObject, keyObjectName, readKeyObject, type StoredObject} from '@etcd-encryption/rotation';
import type {Finding, Inspection} from './finding.ts';

const armorStart = '-----BEGIN AGE ENCRYPTED FILE-----';

export function inspectSealedKeys(objects: readonly StoredObject[]): Inspection {
  const contents: unknown[] = [];
  const lines: string[] = [];
  const problems: Finding[] = [];
  for (const [index, object] of objects.entries()) {
    const read = readKeyObject(object);
    const path = objects.length === 1 ? '' : `items[${index}].`;
    if (read.outcome === 'ok') {
      const content = contentOf(read.object);
      contents.push(content);
      lines.push(...linesOf(content));
      problems.push(...problemsOf(read.object, path));
    } else if (read.outcome === 'newer') {
      problems.push({path: `${path}spec.v`, reason: 'newer-release', message: `a newer release wrote it (v${read.v})`});
    } else {
      const [where = '', what = read.detail] = read.detail.split(': ', 2);
      problems.push({path: path + where, reason: 'malformed', message: what});
    }
  }
  return {kind: 'sealed key', content: contents, lines, problems, warnings: []};
}

type Content = ReturnType<typeof contentOf>;

function contentOf(object: KeyObject) {
  const {key, voucher} = object;
  const ours = key.revision > 0;
  return {
    name: key.name,
    provider: key.provider,
    bytes: key.length,
    ...(ours ? {revision: key.revision, check: key.check} : {adopted: true}),
    clusterId: object.clusterId,
    createdBy: object.createdBy,
    createTime: formatTime(object.createdAtMs),
    recipients: object.recipients.length,
    /** The key that vouches for it: by name, since the id of an adopted key holds its check value. */
    voucher: voucher === undefined ? false : parseKeyName(voucher.key) === undefined ? 'an adopted key' : voucher.key,
  };
}

function linesOf(content: Content): readonly string[] {
  const what = 'check' in content ? `revision ${content.revision}, check ${content.check}` : 'adopted';
  return [
    `${content.name} (${content.provider}, ${content.bytes} bytes, ${what})`,
    `  cluster     ${content.clusterId}`,
    `  created     ${content.createTime} by ${content.createdBy}`,
    `  sealed for  ${content.recipients} recipients`,
    `  voucher     ${content.voucher === false ? 'none' : `by ${content.voucher}`}`,
  ];
}

function problemsOf(object: KeyObject, path: string): readonly Finding[] {
  const {key, sealed, recipients, voucher, name} = object;
  const problems: Finding[] = [];
  const add = (where: string, reason: string, message: string): void => {
    problems.push({path: `${path}${where}`, reason, message});
  };
  const parsed = parseKeyName(key.name);
  if (key.revision > 0 && (parsed?.revision !== key.revision || !key.check.startsWith(parsed.checkPrefix)))
    add('spec.name', 'name-mismatch', 'the name does not follow from revision and check value');
  if (name !== keyObjectName(key))
    add('metadata.name', 'object-name-mismatch', 'the object is not named after its key');
  if (!sealed.startsWith(armorStart)) add('spec.sealed', 'not-sealed', 'expected an armored age file');
  if (recipients.length === 0) add('spec.recipients', 'no-recipients', 'nobody could open it');
  if (key.revision > 1 && voucher === undefined)
    add('spec.voucher', 'no-voucher', 'no earlier key vouches for it; agents take it only as the first of a cluster');
  return problems;
}
