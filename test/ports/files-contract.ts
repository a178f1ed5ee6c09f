// What every implementation of the files ports must do: the real disk and the simulated one run the same cases, and
// what the simulator may do beyond them (faults, torn writes) is its own affair.

import type {Ports} from '@etcd-encryption/rotation';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {expectError, expectValue} from './answers.ts';

export type FilesPorts = Pick<Ports, Extract<keyof Ports, `files.${string}`>>;

export interface FilesFixture {
  readonly ports: FilesPorts;
  /** An empty directory of the node that exists. */
  readonly directory: string;
  /** Sets the umask of whoever writes; left out where there is none. */
  readonly setUmask?: (mask: number) => void;
  /** Gives a file another time of modification; left out where a file has only one time. */
  readonly setModified?: (path: string, unixMs: number) => Promise<void>;
  readonly close?: () => Promise<void>;
}

type Case = (fixture: FilesFixture) => Promise<void>;

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

async function write(ports: FilesPorts, path: string, text: string, mode = 0o600): Promise<void> {
  expectValue(await ports['files.create']({path, mode}));
  expectValue(await ports['files.write']({path, bytes: bytes(text), append: false}));
}

async function contentOf(ports: FilesPorts, path: string): Promise<string | undefined> {
  const file = expectValue(await ports['files.read']({path}));
  return file === undefined ? undefined : new TextDecoder().decode(file.bytes);
}

async function modeOf(ports: FilesPorts, path: string): Promise<number | undefined> {
  return expectValue(await ports['files.read']({path}))?.mode;
}

const reading: Readonly<Record<string, Case>> = {
  'a directory that is absent is listed ⇒ undefined': async ({ports, directory}) => {
    expect(expectValue(await ports['files.list']({directory: `${directory}/none`}))).toBeUndefined();
  },
  'an empty directory is listed ⇒ no names': async ({ports, directory}) => {
    expect(expectValue(await ports['files.list']({directory}))).toEqual([]);
  },
  'a directory is listed ⇒ names of files and directories, sorted': async ({ports, directory}) => {
    for (const name of ['b', 'a', '.hidden', 'B']) await write(ports, `${directory}/${name}`, name);
    expectValue(await ports['files.makeDirectory']({path: `${directory}/aa`, mode: 0o700}));
    expect(expectValue(await ports['files.list']({directory}))).toEqual(['.hidden', 'B', 'a', 'aa', 'b']);
  },
  'a file is listed as a directory ⇒ invalid ENOTDIR': async ({ports, directory}) => {
    await write(ports, `${directory}/a`, 'a');
    expectError(await ports['files.list']({directory: `${directory}/a`}), 'invalid', 'ENOTDIR');
  },
  'a file that is absent is read ⇒ undefined': async ({ports, directory}) => {
    expect(expectValue(await ports['files.read']({path: `${directory}/a`}))).toBeUndefined();
  },
  'a file in an absent directory is read ⇒ undefined': async ({ports, directory}) => {
    expect(expectValue(await ports['files.read']({path: `${directory}/none/a`}))).toBeUndefined();
  },
  'a directory is read ⇒ invalid EISDIR': async ({ports, directory}) => {
    expectError(await ports['files.read']({path: directory}), 'invalid', 'EISDIR');
  },
  'a path below a file is read ⇒ invalid ENOTDIR': async ({ports, directory}) => {
    await write(ports, `${directory}/a`, 'a');
    expectError(await ports['files.read']({path: `${directory}/a/b`}), 'invalid', 'ENOTDIR');
  },
  'a file is read ⇒ its bytes, size, kind and mode': async ({ports, directory}) => {
    await write(ports, `${directory}/a`, 'content', 0o640);
    const file = expectValue(await ports['files.read']({path: `${directory}/a`}));
    expect(file).toMatchObject({kind: 'file', mode: 0o640, size: 7});
    expect(file?.bytes).toEqual(bytes('content'));
    expect(file?.modifiedAtMs).toBeGreaterThan(0);
  },
  'a file carries a modification time of long ago ⇒ the time at which it got it counts': async (fixture) => {
    const {ports, directory, setModified} = fixture;
    const path = `${directory}/a`;
    await write(ports, path, 'restored');
    const written = expectValue(await ports['files.read']({path}))?.modifiedAtMs;
    await setModified?.(path, Date.UTC(2001, 0, 1));
    const read = expectValue(await ports['files.read']({path}))?.modifiedAtMs;
    expect(read).toBeGreaterThanOrEqual(written ?? Number.POSITIVE_INFINITY);
  },
  'a file carries a modification time to come ⇒ that one counts': async ({ports, directory, setModified}) => {
    const path = `${directory}/a`;
    await write(ports, path, 'a');
    const later = Date.UTC(2101, 0, 1);
    await setModified?.(path, later);
    const read = expectValue(await ports['files.read']({path}))?.modifiedAtMs ?? 0;
    if (setModified !== undefined) expect(read).toBe(later);
  },
  'what was read is changed by the reader ⇒ the file is not': async ({ports, directory}) => {
    await write(ports, `${directory}/a`, 'content');
    expectValue(await ports['files.read']({path: `${directory}/a`}))?.bytes.fill(0);
    expect(await contentOf(ports, `${directory}/a`)).toBe('content');
  },
  'a path that is not absolute ⇒ invalid': async ({ports}) => {
    expectError(await ports['files.read']({path: 'etc/a'}), 'invalid');
  },
  'a path with ".." ⇒ invalid': async ({ports, directory}) => {
    expectError(await ports['files.read']({path: `${directory}/../a`}), 'invalid');
  },
};

const creating: Readonly<Record<string, Case>> = {
  'a new file ⇒ empty': async ({ports, directory}) => {
    expectValue(await ports['files.create']({path: `${directory}/a`, mode: 0o600}));
    expect(await contentOf(ports, `${directory}/a`)).toBe('');
  },
  'a file that exists is created ⇒ conflict EEXIST, content unchanged': async ({ports, directory}) => {
    await write(ports, `${directory}/a`, 'old');
    expectError(await ports['files.create']({path: `${directory}/a`, mode: 0o600}), 'conflict', 'EEXIST');
    expect(await contentOf(ports, `${directory}/a`)).toBe('old');
  },
  'a file is created where a directory is ⇒ conflict EEXIST': async ({ports, directory}) => {
    expectError(await ports['files.create']({path: directory, mode: 0o600}), 'conflict', 'EEXIST');
  },
  'a file is created in an absent directory ⇒ gone ENOENT': async ({ports, directory}) => {
    expectError(await ports['files.create']({path: `${directory}/none/a`, mode: 0o600}), 'gone', 'ENOENT');
  },
  'umask 0000 ⇒ a new file has the mode asked for': async ({ports, directory, setUmask}) => {
    setUmask?.(0o000);
    expectValue(await ports['files.create']({path: `${directory}/a`, mode: 0o640}));
    expect(await modeOf(ports, `${directory}/a`)).toBe(0o640);
  },
  'umask 0077 ⇒ a new file has the mode asked for': async ({ports, directory, setUmask}) => {
    setUmask?.(0o077);
    expectValue(await ports['files.create']({path: `${directory}/a`, mode: 0o640}));
    expect(await modeOf(ports, `${directory}/a`)).toBe(0o640);
  },
  'a new directory ⇒ files can be made in it': async ({ports, directory}) => {
    expectValue(await ports['files.makeDirectory']({path: `${directory}/d`, mode: 0o700}));
    await write(ports, `${directory}/d/a`, 'a');
    expect(await contentOf(ports, `${directory}/d/a`)).toBe('a');
  },
  'a directory that exists is made ⇒ conflict EEXIST': async ({ports, directory}) => {
    expectError(await ports['files.makeDirectory']({path: directory, mode: 0o700}), 'conflict', 'EEXIST');
  },
  'a directory is made in an absent one ⇒ gone ENOENT': async ({ports, directory}) => {
    expectError(await ports['files.makeDirectory']({path: `${directory}/none/d`, mode: 0o700}), 'gone', 'ENOENT');
  },
};

const writing: Readonly<Record<string, Case>> = {
  'a shorter content is written in place ⇒ the old tail is gone': async ({ports, directory}) => {
    await write(ports, `${directory}/a`, 'long content');
    expectValue(await ports['files.write']({path: `${directory}/a`, bytes: bytes('short'), append: false}));
    expect(await contentOf(ports, `${directory}/a`)).toBe('short');
  },
  'a file is written in place ⇒ same inode and mode': async ({ports, directory}) => {
    await write(ports, `${directory}/a`, 'old', 0o640);
    const before = expectValue(await ports['files.read']({path: `${directory}/a`}));
    expectValue(await ports['files.write']({path: `${directory}/a`, bytes: bytes('new'), append: false}));
    const after = expectValue(await ports['files.read']({path: `${directory}/a`}));
    expect([after?.inode, after?.mode]).toEqual([before?.inode, 0o640]);
  },
  'bytes are appended ⇒ they stand behind the old ones': async ({ports, directory}) => {
    await write(ports, `${directory}/a`, 'one\n');
    for (const text of ['two\n', 'three\n']) {
      expectValue(await ports['files.write']({path: `${directory}/a`, bytes: bytes(text), append: true}));
    }
    expect(await contentOf(ports, `${directory}/a`)).toBe('one\ntwo\nthree\n');
  },
  'every byte value is written ⇒ read back as it was': async ({ports, directory}) => {
    const all = Uint8Array.from({length: 256}, (_, value) => value);
    expectValue(await ports['files.create']({path: `${directory}/a`, mode: 0o600}));
    expectValue(await ports['files.write']({path: `${directory}/a`, bytes: all, append: false}));
    expect(expectValue(await ports['files.read']({path: `${directory}/a`}))?.bytes).toEqual(all);
  },
  'the writer changes its bytes afterwards ⇒ the file is not changed': async ({ports, directory}) => {
    const own = bytes('content');
    expectValue(await ports['files.create']({path: `${directory}/a`, mode: 0o600}));
    expectValue(await ports['files.write']({path: `${directory}/a`, bytes: own, append: false}));
    own.fill(0);
    expect(await contentOf(ports, `${directory}/a`)).toBe('content');
  },
  'an absent file is written ⇒ gone ENOENT, and none is made': async ({ports, directory}) => {
    const args = {path: `${directory}/a`, bytes: bytes('a')};
    expectError(await ports['files.write']({...args, append: false}), 'gone', 'ENOENT');
    expectError(await ports['files.write']({...args, append: true}), 'gone', 'ENOENT');
    expect(expectValue(await ports['files.list']({directory}))).toEqual([]);
  },
  'a directory is written ⇒ invalid EISDIR': async ({ports, directory}) => {
    expectError(await ports['files.write']({path: directory, bytes: bytes('a'), append: false}), 'invalid', 'EISDIR');
  },
  'a file is truncated ⇒ the bytes behind are gone': async ({ports, directory}) => {
    await write(ports, `${directory}/a`, 'whole and torn');
    expectValue(await ports['files.truncate']({path: `${directory}/a`, size: 5}));
    expect(await contentOf(ports, `${directory}/a`)).toBe('whole');
  },
  'a file is truncated to nothing ⇒ empty': async ({ports, directory}) => {
    await write(ports, `${directory}/a`, 'content');
    expectValue(await ports['files.truncate']({path: `${directory}/a`, size: 0}));
    expect(await contentOf(ports, `${directory}/a`)).toBe('');
  },
  'an absent file is truncated ⇒ gone ENOENT': async ({ports, directory}) => {
    expectError(await ports['files.truncate']({path: `${directory}/a`, size: 0}), 'gone', 'ENOENT');
  },
};

const keeping: Readonly<Record<string, Case>> = {
  'a file is synced ⇒ done': async ({ports, directory}) => {
    await write(ports, `${directory}/a`, 'a');
    expectValue(await ports['files.sync']({path: `${directory}/a`}));
  },
  'an absent file is synced ⇒ gone ENOENT': async ({ports, directory}) => {
    expectError(await ports['files.sync']({path: `${directory}/a`}), 'gone', 'ENOENT');
  },
  'a directory is synced as a file ⇒ invalid EISDIR': async ({ports, directory}) => {
    expectError(await ports['files.sync']({path: directory}), 'invalid', 'EISDIR');
  },
  'a directory is synced ⇒ done': async ({ports, directory}) => {
    expectValue(await ports['files.syncDirectory']({path: directory}));
  },
  'an absent directory is synced ⇒ gone ENOENT': async ({ports, directory}) => {
    expectError(await ports['files.syncDirectory']({path: `${directory}/none`}), 'gone', 'ENOENT');
  },
  'a file is synced as a directory ⇒ invalid ENOTDIR': async ({ports, directory}) => {
    await write(ports, `${directory}/a`, 'a');
    expectError(await ports['files.syncDirectory']({path: `${directory}/a`}), 'invalid', 'ENOTDIR');
  },
  'a mode is set ⇒ exactly that one, under any umask': async ({ports, directory, setUmask}) => {
    setUmask?.(0o077);
    await write(ports, `${directory}/a`, 'a', 0o644);
    expectValue(await ports['files.setMode']({path: `${directory}/a`, mode: 0o640}));
    expect(await modeOf(ports, `${directory}/a`)).toBe(0o640);
  },
  'the mode of an absent file is set ⇒ gone ENOENT': async ({ports, directory}) => {
    expectError(await ports['files.setMode']({path: `${directory}/a`, mode: 0o600}), 'gone', 'ENOENT');
  },
  'ownership is copied ⇒ same owner, group and mode, content unchanged': async ({ports, directory}) => {
    await write(ports, `${directory}/like`, 'like', 0o640);
    await write(ports, `${directory}/a`, 'a', 0o600);
    expectValue(await ports['files.copyOwnership']({path: `${directory}/a`, like: `${directory}/like`}));
    const like = expectValue(await ports['files.read']({path: `${directory}/like`}));
    const file = expectValue(await ports['files.read']({path: `${directory}/a`}));
    expect([file?.uid, file?.gid, file?.mode]).toEqual([like?.uid, like?.gid, 0o640]);
    expect(await contentOf(ports, `${directory}/a`)).toBe('a');
  },
  'ownership is copied from or to an absent file ⇒ gone ENOENT': async ({ports, directory}) => {
    await write(ports, `${directory}/a`, 'a');
    const [here, none] = [`${directory}/a`, `${directory}/none`];
    expectError(await ports['files.copyOwnership']({path: here, like: none}), 'gone', 'ENOENT');
    expectError(await ports['files.copyOwnership']({path: none, like: here}), 'gone', 'ENOENT');
  },
};

const replacing: Readonly<Record<string, Case>> = {
  'a file is renamed to a free name ⇒ moved with mode and inode': async ({ports, directory}) => {
    await write(ports, `${directory}/a`, 'a', 0o640);
    const before = expectValue(await ports['files.read']({path: `${directory}/a`}));
    expectValue(await ports['files.rename']({from: `${directory}/a`, to: `${directory}/b`}));
    const after = expectValue(await ports['files.read']({path: `${directory}/b`}));
    expect([after?.mode, after?.inode]).toEqual([0o640, before?.inode]);
    expect(expectValue(await ports['files.list']({directory}))).toEqual(['b']);
  },
  'a file is renamed over another ⇒ it takes its place': async ({ports, directory}) => {
    await write(ports, `${directory}/a`, 'new');
    await write(ports, `${directory}/b`, 'old');
    expectValue(await ports['files.rename']({from: `${directory}/a`, to: `${directory}/b`}));
    expect(await contentOf(ports, `${directory}/b`)).toBe('new');
    expect(expectValue(await ports['files.list']({directory}))).toEqual(['b']);
  },
  'an absent file is renamed ⇒ gone ENOENT, the other one stays': async ({ports, directory}) => {
    await write(ports, `${directory}/b`, 'old');
    expectError(await ports['files.rename']({from: `${directory}/a`, to: `${directory}/b`}), 'gone', 'ENOENT');
    expect(await contentOf(ports, `${directory}/b`)).toBe('old');
  },
  'a file is renamed over a directory ⇒ invalid EISDIR': async ({ports, directory}) => {
    await write(ports, `${directory}/a`, 'a');
    expectValue(await ports['files.makeDirectory']({path: `${directory}/d`, mode: 0o700}));
    expectError(await ports['files.rename']({from: `${directory}/a`, to: `${directory}/d`}), 'invalid', 'EISDIR');
  },
  'a file is renamed into an absent directory ⇒ gone ENOENT, it stays': async ({ports, directory}) => {
    await write(ports, `${directory}/a`, 'a');
    expectError(await ports['files.rename']({from: `${directory}/a`, to: `${directory}/none/a`}), 'gone', 'ENOENT');
    expect(await contentOf(ports, `${directory}/a`)).toBe('a');
  },
  'a file is removed ⇒ absent': async ({ports, directory}) => {
    await write(ports, `${directory}/a`, 'a');
    expectValue(await ports['files.remove']({path: `${directory}/a`}));
    expect(expectValue(await ports['files.read']({path: `${directory}/a`}))).toBeUndefined();
  },
  'an absent file is removed ⇒ gone ENOENT': async ({ports, directory}) => {
    expectError(await ports['files.remove']({path: `${directory}/a`}), 'gone', 'ENOENT');
  },
  'a directory is removed as a file ⇒ invalid EISDIR': async ({ports, directory}) => {
    expectValue(await ports['files.makeDirectory']({path: `${directory}/d`, mode: 0o700}));
    expectError(await ports['files.remove']({path: `${directory}/d`}), 'invalid', 'EISDIR');
  },
  'a whole atomic write ⇒ the new content under the old name, nothing beside it': async ({ports, directory}) => {
    await write(ports, `${directory}/conf`, 'old', 0o640);
    await write(ports, `${directory}/.conf.new`, 'new', 0o600);
    expectValue(await ports['files.copyOwnership']({path: `${directory}/.conf.new`, like: `${directory}/conf`}));
    expectValue(await ports['files.sync']({path: `${directory}/.conf.new`}));
    expectValue(await ports['files.rename']({from: `${directory}/.conf.new`, to: `${directory}/conf`}));
    expectValue(await ports['files.syncDirectory']({path: directory}));
    expect(await contentOf(ports, `${directory}/conf`)).toBe('new');
    expect(await modeOf(ports, `${directory}/conf`)).toBe(0o640);
    expect(expectValue(await ports['files.list']({directory}))).toEqual(['conf']);
  },
};

const cases: readonly (readonly [string, Case])[] = [reading, creating, writing, keeping, replacing].flatMap((group) =>
  Object.entries(group),
);

/** How many cases every implementation runs. */
export const filesContractCases: number = cases.length;

/** Runs the cases, each on a fixture of its own. */
export function filesContract(name: string, make: () => Promise<FilesFixture>): void {
  describe(`files contract: ${name}`, () => {
    let fixture: FilesFixture;
    beforeEach(async () => {
      fixture = await make();
    });
    afterEach(() => fixture.close?.());
    test.for(cases)('%s', ([, run]) => run(fixture));
  });
}
