// A side's fingerprint as a file: JSON that `fingerprint` printed, perhaps long ago and on another machine. It is read
// as bytes from outside: each field is checked, and what is wrong is named by file and field, never by what was there,
// since a key may have been named by mistake.

import {decodeUtf8, type Fingerprint, parseKeyName} from '@etcd-encryption/crypto';
import {readSecretInput} from './file-input.ts';
import {UsageError} from './verb.ts';

/** Bytes of the longest file that is read; 64 revisions take under 10,000. */
const maxFileBytes = 1_048_576;
/** Entries of the longest list that is read; a bundle has 64 at most. */
const maxEntries = 1_024;
/** Characters of the longest name that is read. */
const maxNameLength = 256;

/** What a side shows, with the cluster that told it; without one it was made from files. */
export type SideFingerprint = Fingerprint & {readonly clusterId?: string};

type Fields = Readonly<Record<string, unknown>>;

/** @throws UsageError that names file and field, for anything but the JSON of a fingerprint */
export async function readFingerprint(file: string): Promise<SideFingerprint> {
  const {text} = decodeUtf8(await readSecretInput(file, maxFileBytes));
  return sideIn(parseJson(text, file), file);
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const place = /line (\d+) column (\d+)/.exec(error instanceof Error ? error.message : '');
    const where = place === null ? '' : `, line ${place[1]}, column ${place[2]}`;
    throw new UsageError(`${file}${where}: expected the JSON that fingerprint prints`);
  }
}

function sideIn(value: unknown, file: string): SideFingerprint {
  const top = objectAt(value, file);
  const at = (field: string): string => `${file}: ${field}`;
  const hex = <K extends string>(field: K, digits: number): {readonly [P in K]?: string} =>
    optional(field, top[field] === undefined ? undefined : hexAt(top[field], at(field), digits));
  return {
    ...optional('clusterId', top.clusterId === undefined ? undefined : textAt(top.clusterId, at('clusterId'))),
    ...hex('rootCheck', 16),
    ...hex('groupTag', 32),
    ...hex('dimensionTag', 16),
    ...hex('bundleId', 32),
    ...optional('generation', top.generation === undefined ? undefined : countAt(top.generation, at('generation'))),
    revisions: listAt(top.revisions, at('revisions')).map((each, n) => revisionIn(each, at(`revisions[${n}]`))),
    adopted: listAt(top.adopted, at('adopted')).map((each, n) => adoptedIn(each, at(`adopted[${n}]`))),
  };
}

const optional = <K extends string, T>(name: K, value: T | undefined): {readonly [P in K]?: T} =>
  value === undefined ? {} : ({[name]: value} as {[P in K]?: T});

function revisionIn(value: unknown, at: string): Fingerprint['revisions'][number] {
  const entry = objectAt(value, at);
  const revision = countAt(entry.revision, `${at}.revision`);
  const checkValue = hexAt(entry.checkValue, `${at}.checkValue`, 16);
  const name = textAt(entry.name, `${at}.name`);
  const parsed = parseKeyName(name);
  if (parsed?.revision !== revision || parsed.checkPrefix !== checkValue.slice(0, 8))
    throw wrong(`${at}.name`, `r${revision}-${checkValue.slice(0, 8)}, as revision and check value give it`);
  return {revision, name, checkValue};
}

function adoptedIn(value: unknown, at: string): Fingerprint['adopted'][number] {
  const entry = objectAt(value, at);
  return {name: textAt(entry.name, `${at}.name`), number: countAt(entry.number, `${at}.number`)};
}

const wrong = (at: string, expected: string): UsageError => new UsageError(`${at}: expected ${expected}`);

function objectAt(value: unknown, at: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw wrong(at, 'an object');
}

function listAt(value: unknown, at: string): readonly unknown[] {
  if (Array.isArray(value) && value.length <= maxEntries) return value;
  throw wrong(at, `a list of at most ${maxEntries}`);
}

function hexAt(value: unknown, at: string, digits: number): string {
  if (typeof value === 'string' && value.length === digits && /^[0-9a-f]+$/.test(value)) return value;
  throw wrong(at, `${digits} digits of lower-case hex`);
}

function countAt(value: unknown, at: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value;
  throw wrong(at, 'a whole number from 1');
}

function textAt(value: unknown, at: string): string {
  if (typeof value === 'string' && value !== '' && value.length <= maxNameLength && !/\p{Cc}/u.test(value))
    return value;
  throw wrong(at, `a line of 1 to ${maxNameLength} characters`);
}
