// The atomic write: its order, what a failure of any step leaves behind, and what a power loss after any step does.

import {utf8} from '@etcd-encryption/crypto';
import {configurationDirectory, driveSync, failed, type Result, temporaryPrefix} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {removeLeftovers, writeAtomically, writeInPlace} from '../../rotation/src/act/atomic-write.ts';
import {FakeDisk} from './fake-disk.ts';

const path = `${configurationDirectory}/encryption-provider.conf`;
const older = utf8('old');
const newer = utf8('new, and longer');

function diskWith(bytes: Uint8Array | undefined, mode = 0o640): FakeDisk {
  const disk = new FakeDisk();
  if (bytes !== undefined) disk.place(path, bytes, mode);
  return disk;
}

const write = (disk: FakeDisk, check: (bytes: Uint8Array) => string | undefined = () => undefined): Result<undefined> =>
  driveSync(writeAtomically({path, bytes: newer, mode: 0o600, check}), disk.ports);

/** Operations, with the temporary name left out. */
const stepsOf = (disk: FakeDisk): readonly string[] =>
  disk.ops.map((op) =>
    op
      .replace(/\/etc\/kubernetes\/\.encryption-provider\.tmp-[0-9a-f]{16}/, 'TEMPORARY')
      .replace(path, 'FILE')
      .replace(configurationDirectory, 'FOLDER'),
  );

const leftovers = (disk: FakeDisk): readonly string[] =>
  [...disk.files.keys()].filter((each) => each.includes(temporaryPrefix));

const replaced = [
  'create TEMPORARY',
  'read FILE',
  'copyOwnership TEMPORARY',
  'setMode TEMPORARY',
  'write TEMPORARY',
  'sync TEMPORARY',
  'read TEMPORARY',
  'read TEMPORARY',
  'rename FILE',
  'syncDirectory FOLDER',
  'read FILE',
];

describe('writeAtomically', () => {
  test('a file is replaced ⇒ beside it, complete, synced and read back before it takes the name', () => {
    const disk = diskWith(older);
    expect(write(disk)).toEqual({ok: true, value: undefined});
    expect(stepsOf(disk)).toEqual(replaced);
    expect(disk.text(path)).toBe('new, and longer');
    expect(leftovers(disk)).toEqual([]);
  });

  test('there is no file ⇒ the same order with the given mode', () => {
    const disk = diskWith(undefined);
    expect(write(disk).ok).toBe(true);
    expect(stepsOf(disk)).toEqual(replaced.filter((step) => !step.startsWith('copyOwnership')));
    expect(disk.files.get(path)?.mode).toBe(0o600);
  });

  test.each([
    [0o640, 0o640],
    [0o600, 0o600],
    [0o666, 0o640],
    [0o777, 0o640],
    [0o000, 0o600],
  ])('the replaced file has mode %o ⇒ %o, never wider than 0640', (before, after) => {
    const disk = diskWith(older, before);
    write(disk);
    expect(disk.files.get(path)?.mode).toBe(after);
  });

  test.each(replaced.map((step, index) => [step, index] as const))(
    '%s (step %i) fails ⇒ the old file or the new one, whole, and no leftover',
    (_, index) => {
      const disk = diskWith(older);
      disk.failAt = (_op, _path, at) => (at === index ? {code: 'unavailable', message: 'EIO'} : undefined);
      expect(write(disk).ok).toBe(false);
      expect(disk.text(path)).toBe(index <= 8 ? 'old' : 'new, and longer');
      expect(leftovers(disk)).toEqual([]);
    },
  );

  test.each(replaced.map((step, index) => [step, index] as const))(
    'power is lost at %s (step %i) ⇒ the old file or the new one, whole',
    (_, index) => {
      const disk = diskWith(older);
      const program = writeAtomically({path, bytes: newer, mode: 0o600, check: () => undefined});
      let turn = program.next();
      while (turn.done !== true && disk.ops.length < index) {
        const request = turn.value;
        const port = disk.ports[request.op as 'files.read'] as unknown as (args: unknown) => Result<unknown>;
        turn = program.next(port(request.args));
      }
      disk.losePower();
      expect(['old', 'new, and longer']).toContain(disk.text(path));
    },
  );

  test('the check refuses what was read back ⇒ the old file stays', () => {
    const disk = diskWith(older);
    expect(write(disk, () => 'it would not load')).toMatchObject({
      ok: false,
      error: {code: 'invalid', message: `${path}: it would not load`},
    });
    expect(disk.text(path)).toBe('old');
    expect(leftovers(disk)).toEqual([]);
  });

  test('the path is a mount point ⇒ conflict, EBUSY, nothing left', () => {
    const disk = diskWith(older);
    disk.failAt = (op) => (op === 'files.rename' ? {code: 'conflict', message: 'EBUSY', reason: 'EBUSY'} : undefined);
    expect(write(disk)).toEqual(failed('conflict', 'EBUSY', {reason: 'EBUSY'}));
    expect(disk.text(path)).toBe('old');
    expect(leftovers(disk)).toEqual([]);
  });
});

describe('writeInPlace', () => {
  const copy = `${configurationDirectory}/encryption-provider.complete`;

  test('in place ⇒ the complete copy is durable first', () => {
    const disk = diskWith(older);
    expect(driveSync(writeInPlace(path, newer, copy), disk.ports).ok).toBe(true);
    const steps = disk.ops.map((op) => op.split(' '));
    const copied = steps.findIndex(([op, where]) => op === 'syncDirectory' && where === configurationDirectory);
    const written = steps.findIndex(([op, where]) => op === 'write' && where === path);
    expect(copied).toBeGreaterThanOrEqual(0);
    expect(written).toBeGreaterThan(copied);
    expect(disk.text(path)).toBe('new, and longer');
    expect(disk.text(copy)).toBe('new, and longer');
  });

  test('the copy cannot be made ⇒ the file is not touched', () => {
    const disk = diskWith(older);
    disk.failAt = (op, where) =>
      op === 'files.rename' && where === copy ? {code: 'unavailable', message: 'EIO'} : undefined;
    expect(driveSync(writeInPlace(path, newer, copy), disk.ports).ok).toBe(false);
    expect(disk.text(path)).toBe('old');
  });
});

test('half-written files of an earlier run ⇒ removed, and nothing else is', () => {
  const disk = diskWith(older);
  disk.place(`${configurationDirectory}/${temporaryPrefix}0011223344556677`, utf8('half'));
  disk.place(`${configurationDirectory}/admin.conf`, utf8('x'));
  driveSync(removeLeftovers(configurationDirectory), disk.ports);
  expect([...disk.files.keys()].sort()).toEqual([`${configurationDirectory}/admin.conf`, path]);
});
