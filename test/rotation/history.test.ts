// The key history: format, reading whatever is left of it, and that it is only ever appended to.

import {AdoptedKey, concat, DataKey, type StoredKey, utf8} from '@etcd-encryption/crypto';
import {sha256Hex} from '@etcd-encryption/crypto/sha256';
import {driveSync, failed, formatRecord, historyPath, parseHistory, refOf} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {appendHistory} from '../../rotation/src/act/history.ts';
import {FakeDisk} from './fake-disk.ts';
import {now} from './fixtures.ts';

const keyOf = (revision: number): DataKey =>
  new DataKey({revision, key: Uint8Array.from({length: 32}, (_, at) => (7 * revision + at) % 256)});
const k1 = keyOf(1);
const k2 = keyOf(2);
const cbc = new AdoptedKey({provider: 'aescbc', name: 'key1', key: new Uint8Array(16).fill(9)});
const idsOf = (keys: readonly StoredKey[]): readonly string[] => keys.map((each) => refOf(each).id);
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const three = concat(formatRecord(k1, now), formatRecord(k2, now), formatRecord(cbc, now));

describe('format', () => {
  test('a record ⇒ one line, its sum over all that stands before it', () => {
    const line = text(formatRecord(k1, now));
    expect(line.endsWith('\n')).toBe(true);
    const {sum, ...rest} = JSON.parse(line);
    expect(Object.keys(rest)).toEqual(['v', 'at', 'provider', 'name', 'check', 'secret']);
    expect(rest).toMatchObject({
      v: 1,
      at: '2025-06-15T15:06:40.000Z',
      provider: 'aesgcm',
      name: k1.name,
      check: k1.checkValue,
    });
    expect(sum).toBe(sha256Hex(utf8(JSON.stringify(rest))));
  });

  test('written and read ⇒ the same keys', () => {
    expect(parseHistory(three)).toMatchObject({damaged: 0, torn: false, foreign: false, newer: false});
    expect(idsOf(parseHistory(three).keys)).toEqual(idsOf([k1, k2, cbc]));
    expect(parseHistory(three).keys[2]?.secret.equals(cbc.secret)).toBe(true);
  });
});

describe('reading', () => {
  test('cut at any byte ⇒ every whole record before the cut, and nothing damaged', () => {
    const ends = [
      0,
      formatRecord(k1, now).length,
      formatRecord(k1, now).length + formatRecord(k2, now).length,
      three.length,
    ];
    for (let length = 0; length <= three.length; length++) {
      const read = parseHistory(three.subarray(0, length));
      // A record that lacks only its line feed is whole.
      const whole = ends.filter((end) => end > 0 && end - 1 <= length).length;
      expect(idsOf(read.keys), `cut at ${length}`).toEqual(idsOf([k1, k2, cbc].slice(0, whole)));
      expect(read.damaged).toBe(0);
      expect(read.torn).toBe(!ends.includes(length));
    }
  });

  test('any byte of the middle line flipped ⇒ that line is damaged, the others count', () => {
    const start = formatRecord(k1, now).length;
    const end = start + formatRecord(k2, now).length - 1;
    for (let at = start; at < end; at++) {
      const bytes = Uint8Array.from(three);
      bytes[at] = (bytes[at] ?? 0) ^ 0x10;
      const read = parseHistory(bytes);
      expect(idsOf(read.keys), `flipped ${at}`).toEqual(idsOf([k1, cbc]));
      expect(read.damaged).toBeGreaterThanOrEqual(1);
      expect(read.foreign).toBe(false);
    }
  });

  test.each([
    ['somebody else’s text', 'apiVersion: v1\nkind: List\n'],
    ['somebody else’s JSON', '{"keys": []}\n'],
    ['bytes that are no text', '\ufffd\u0000\u0001'],
  ])('%s ⇒ foreign', (_, content) => {
    expect(parseHistory(utf8(content))).toMatchObject({keys: [], foreign: true});
  });

  test('an empty file ⇒ no keys, not foreign', () => {
    expect(parseHistory(new Uint8Array())).toEqual({keys: [], damaged: 0, torn: false, foreign: false, newer: false});
  });

  test('a line of a newer release ⇒ said, the other lines count', () => {
    const newer = text(formatRecord(k2, now)).replace('"v":1', '"v":2');
    const read = parseHistory(concat(formatRecord(k1, now), utf8(newer)));
    expect(read).toMatchObject({newer: true, damaged: 0, foreign: false});
    expect(idsOf(read.keys)).toEqual([k1.name]);
  });

  test('bytes that do not give the name’s check value ⇒ damaged, whatever the sum says', () => {
    const {sum: _, ...record} = JSON.parse(text(formatRecord(k1, now)));
    const forged = {...record, check: k2.checkValue};
    const line = `${JSON.stringify({...forged, sum: sha256Hex(utf8(JSON.stringify(forged)))})}\n`;
    expect(parseHistory(utf8(line))).toMatchObject({keys: [], damaged: 1});
  });
});

describe('appending', () => {
  const append = (disk: FakeDisk, ...keys: readonly StoredKey[]) => driveSync(appendHistory(keys, now), disk.ports);

  test('no history yet ⇒ made with mode 0600, its name synced before anything is in it', () => {
    const disk = new FakeDisk();
    expect(append(disk, k1).ok).toBe(true);
    expect(disk.ops.map((op) => op.split(' ')[0])).toEqual([
      'read',
      'create',
      'syncDirectory',
      'write',
      'sync',
      'read',
    ]);
    expect(disk.files.get(historyPath)?.mode).toBe(0o600);
    disk.losePower();
    expect(idsOf(parseHistory(disk.read(historyPath) ?? new Uint8Array()).keys)).toEqual([k1.name]);
  });

  test('a history is there ⇒ what it held stays, byte for byte', () => {
    const disk = new FakeDisk();
    disk.place(historyPath, three.subarray(0, formatRecord(k1, now).length));
    const before = Uint8Array.from(disk.read(historyPath) ?? []);
    expect(append(disk, k2).ok).toBe(true);
    expect(disk.read(historyPath)?.subarray(0, before.length)).toEqual(before);
    expect(disk.ops.some((op) => /^(rename|create|remove|truncate)/.test(op))).toBe(false);
  });

  test('torn at any byte ⇒ the next append starts a line of its own, and every whole record is still read', () => {
    for (let length = 1; length <= three.length; length++) {
      const disk = new FakeDisk();
      disk.place(historyPath, three.subarray(0, length));
      const before = idsOf(parseHistory(three.subarray(0, length)).keys);
      expect(append(disk, keyOf(9)).ok, `torn at ${length}`).toBe(true);
      const read = parseHistory(disk.read(historyPath) ?? new Uint8Array());
      expect(idsOf(read.keys)).toEqual([...before, keyOf(9).name]);
      expect(read.torn).toBe(false);
    }
  });

  test('cut off at any byte and written again ⇒ nothing is damaged, for nothing was lost', () => {
    const [first, second] = [formatRecord(k1, now), formatRecord(k2, now + 1_000)];
    for (let length = 1; length < second.length; length++) {
      const read = parseHistory(concat(first, second.subarray(0, length), utf8('\n'), formatRecord(k2, now + 2_000)));
      expect(read.damaged, `cut at ${length}`).toBe(0);
      expect([...new Set(idsOf(read.keys))]).toEqual(idsOf([k1, k2]));
    }
  });

  test('cut off within its secret and never written again ⇒ damaged', () => {
    const second = formatRecord(k2, now);
    const read = parseHistory(concat(formatRecord(k1, now), second.subarray(0, second.length - 80), utf8('\n')));
    expect(read).toMatchObject({damaged: 1, foreign: false});
  });

  test('the disk is full in the middle of a record ⇒ the part is taken away again', () => {
    const disk = new FakeDisk();
    disk.place(historyPath, formatRecord(k1, now));
    const {ports} = disk;
    const full = {
      ...ports,
      'files.write': (request: {path: string; bytes: Uint8Array; append: boolean}) => {
        ports['files.write']?.({...request, bytes: request.bytes.slice(0, 40)});
        return failed('unavailable', 'no space', {reason: 'ENOSPC'});
      },
    };
    expect(driveSync(appendHistory([k2], now), full)).toMatchObject({ok: false, error: {reason: 'ENOSPC'}});
    expect(disk.read(historyPath)).toEqual(formatRecord(k1, now));
  });

  test.each(['read', 'create', 'write', 'sync', 'syncDirectory'])('%s fails ⇒ the failure is told', (step) => {
    const disk = new FakeDisk();
    disk.failAt = (op) => (op === `files.${step}` ? {code: 'unavailable', message: 'EIO'} : undefined);
    expect(append(disk, k1)).toMatchObject({ok: false, error: {code: 'unavailable'}});
  });

  test('what was written does not read back ⇒ failure', () => {
    const disk = new FakeDisk();
    const ports = {...disk.ports, 'files.write': () => ({ok: true, value: undefined}) as const};
    expect(driveSync(appendHistory([k1], now), ports)).toMatchObject({ok: false, error: {code: 'unavailable'}});
  });
});
