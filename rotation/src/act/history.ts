// The history: one JSON record a line, only ever appended to, synced before a file may name the key. It is what
// brings a key back when everything else is gone.

import {decodeUtf8, fromBase64, type StoredKey, toBase64, utf8} from '@etcd-encryption/crypto';
import {sha256Hex} from '@etcd-encryption/crypto/sha256';
import {maxHistoryBytes} from '../limits.ts';
import {historyPath} from '../model/file-paths.ts';
import {keyFrom, refOf} from '../model/key-ring.ts';
import {formatTime} from '../model/time-text.ts';
import {ask, failed, ok, type Result, type Step} from '../ports.ts';

const historyVersion = 1;

interface HistoryRecord {
  readonly v: number;
  readonly at: string;
  readonly provider: string;
  readonly name: string;
  readonly check: string;
  readonly secret: string;
}

export interface ReadHistory {
  readonly keys: readonly StoredKey[];
  /** Lines that are not a record with a right sum; the torn last line is not counted. */
  readonly damaged: number;
  /** The last line has no end: the next append starts a new one. */
  readonly torn: boolean;
  /** Not one line is a record of ours: somebody else's file. */
  readonly foreign: boolean;
  /** Written by a newer release. */
  readonly newer: boolean;
}

const recordText = (record: HistoryRecord): string =>
  JSON.stringify({
    v: record.v,
    at: record.at,
    provider: record.provider,
    name: record.name,
    check: record.check,
    secret: record.secret,
  });

/** One line of the history, with its line feed. */
export function formatRecord(key: StoredKey, wallMs: number): Uint8Array {
  const {provider, name, check} = refOf(key);
  const at = formatTime(wallMs, true);
  const secret = key.secret.withBytes(toBase64);
  const text = recordText({v: historyVersion, at, provider, name, check, secret});
  const sum = sha256Hex(utf8(text));
  return utf8(`${text.slice(0, -1)},"sum":"${sum}"}\n`);
}

/** Reads a history; every line that is whole counts, whatever stands around it. */
export function parseHistory(bytes: Uint8Array): ReadHistory {
  const text = decodeUtf8(bytes).text;
  const lines = text.split('\n');
  const tail = lines.pop() ?? '';
  const keys: StoredKey[] = [];
  const broken: string[] = [];
  let newer = false;
  for (const line of lines) {
    if (line === '') continue;
    const read = readLine(line);
    if (read === 'newer') newer = true;
    else if (read === undefined) broken.push(line);
    else keys.push(read);
  }
  const last = tail === '' ? undefined : readLine(tail);
  if (last !== undefined && last !== 'newer') keys.push(last);
  const damaged = broken.filter((line) => !isHarmless(line, keys)).length;
  const foreign = keys.length === 0 && !newer && text.trim() !== '' && !text.startsWith('{"v":');
  return {keys, damaged, torn: tail !== '', foreign, newer};
}

/** The texts around the values of a record, up to its secret. */
const recordFields = ['{"v":1,"at":"', '","provider":"', '","name":"', '","check":"', '","secret":"'] as const;
const recordHead =
  /^\{"v":1,"at":"[^"]*","provider":"[^"]*","name":("(?:[^"\\]|\\.)*"),"check":"([^"]*)","secret":"[^"]*("|$)/;

/** A line that a crash cut off in front of its secret, or whose key was appended whole afterwards, lost nothing. */
function isHarmless(line: string, keys: readonly StoredKey[]): boolean {
  let rest = line;
  for (const field of recordFields) {
    if (rest.length <= field.length) return field.startsWith(rest);
    if (!rest.startsWith(field)) return false;
    rest = rest.slice(field.length).replace(/^(?:[^"\\]|\\.)*/, '');
  }
  const head = recordHead.exec(line);
  if (head === null) return false;
  const [, name, check] = head;
  return keys.some((key) => JSON.stringify(key.name) === name && key.checkValue === check);
}

function readLine(line: string): StoredKey | 'newer' | undefined {
  let record: Partial<HistoryRecord> & {sum?: unknown};
  try {
    record = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof record !== 'object' || record === null) return undefined;
  const {v, at, provider, name, check, secret, sum} = record;
  if (typeof v === 'number' && v > historyVersion) return 'newer';
  if (v !== historyVersion || typeof at !== 'string' || typeof name !== 'string' || typeof check !== 'string')
    return undefined;
  if (provider !== 'aesgcm' && provider !== 'aescbc' && provider !== 'secretbox') return undefined;
  if (typeof secret !== 'string' || sum !== sha256Hex(utf8(recordText({v, at, provider, name, check, secret}))))
    return undefined;
  const bytes = fromBase64(secret);
  if (bytes.outcome !== 'ok') return undefined;
  try {
    return keyFrom({provider, name, check}, bytes.bytes);
  } finally {
    bytes.bytes.fill(0);
  }
}

/** Appends keys and syncs; the file is made with mode 0600 when there is none. */
export function* appendHistory(keys: readonly StoredKey[], wallMs: number): Step<Result<undefined>> {
  const present = yield* ask('files.read', {path: historyPath});
  if (!present.ok) return present;
  if (present.value === undefined) {
    const created = yield* ask('files.create', {path: historyPath, mode: 0o600});
    if (!created.ok && created.error.code !== 'conflict') return created;
    const directory = yield* ask('files.syncDirectory', {path: parentOf(historyPath)});
    if (!directory.ok) return directory;
  } else if (present.value.size > maxHistoryBytes) {
    return failed('invalid', `${historyPath}: expected at most ${maxHistoryBytes} bytes, got ${present.value.size}`);
  }
  const torn = present.value !== undefined && present.value.size > 0 && present.value.bytes.at(-1) !== 10;
  const lines = keys.map((key) => formatRecord(key, wallMs));
  const bytes = join(torn ? [utf8('\n'), ...lines] : lines);
  const written = yield* ask('files.write', {path: historyPath, bytes, append: true});
  bytes.fill(0);
  if (!written.ok) {
    // What fitted of the records is taken away again, so that a full disk leaves no torn lines behind.
    yield* ask('files.truncate', {path: historyPath, size: present.value?.size ?? 0});
    return written;
  }
  const synced = yield* ask('files.sync', {path: historyPath});
  if (!synced.ok) return synced;
  const back = yield* ask('files.read', {path: historyPath});
  if (!back.ok) return back;
  const held = new Set(parseHistory(back.value?.bytes ?? new Uint8Array()).keys.map((key) => refOf(key).id));
  const lost = keys.filter((key) => !held.has(refOf(key).id));
  return lost.length === 0
    ? ok(undefined)
    : failed('unavailable', `${historyPath}: ${lost.length} records did not read back`);
}

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/';

function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
    part.fill(0);
  }
  return whole;
}
