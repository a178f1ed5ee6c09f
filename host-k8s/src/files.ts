// One node's disk, with real syncs. Every path is the node's own and absolute; `root` is the folder that stands for the
// node's `/`. A link as the last component is refused (ELOOP) or, by rename and remove, taken for itself.

import {constants} from 'node:fs';
import {type FileHandle, mkdir, open, readdir, rename, unlink} from 'node:fs/promises';
import {type Answer, type FileContent, failed, ok, type Ports, type Result} from '@etcd-encryption/rotation';
import {portErrorOf} from './errno.ts';
import {maxReadBytes} from './limits.ts';
import {resolveNodePath} from './node-path.ts';
import {copyAttributes} from './ownership.ts';

/** The part of the ports that a node's disk answers. */
export type FilesPorts = Pick<Ports, Extract<keyof Ports, `files.${string}`>>;

export interface FilesOptions {
  /** Absolute path of the folder that stands for the node's `/` (`--node-root`). */
  readonly root: string;
}

const {O_RDONLY, O_WRONLY, O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_DIRECTORY} = constants;
/** A pipe or device in a file's place must not hold the caller up. */
const safely = O_NOFOLLOW | O_NONBLOCK;
const permissionBits = 0o7777;

/** @throws TypeError if `root` is not absolute */
export function createFilesPorts({root}: FilesOptions): FilesPorts {
  if (!root.startsWith('/')) throw new TypeError(`root: expected an absolute path, got ${JSON.stringify(root)}`);
  /** Resolves a path, then does the work; whatever the work throws becomes a port error. */
  const at = async <T>(path: string, work: (real: string) => Promise<Result<T>>): Promise<Result<T>> => {
    const resolved = await resolveNodePath(root, path);
    if (!resolved.ok) return resolved;
    try {
      return await work(resolved.value);
    } catch (error) {
      return {ok: false, error: portErrorOf(error, path)};
    }
  };
  return {
    'files.list': async ({directory}) => absentAsUndefined(await at(directory, listDirectory)),
    'files.read': async ({path}) => absentAsUndefined(await at(path, (real) => readRegular(real, path))),
    'files.makeDirectory': ({path, mode}) => at(path, (real) => makeDirectory(real, mode)),
    'files.create': ({path, mode}) =>
      at(path, (real) =>
        withFile(real, O_WRONLY | O_CREAT | O_EXCL, async (file) => file.chmod(mode & permissionBits), mode),
      ),
    'files.write': ({path, bytes, append}) =>
      at(path, (real) =>
        withRegular(real, path, append ? O_WRONLY | O_APPEND : O_WRONLY, (file) => writeBytes(file, bytes, append)),
      ),
    'files.truncate': ({path, size}) =>
      at(path, (real) => withRegular(real, path, O_WRONLY, (file) => file.truncate(size))),
    'files.sync': ({path}) => at(path, (real) => withRegular(real, path, O_RDONLY, (file) => file.sync())),
    'files.copyOwnership': ({path, like}) =>
      at(path, (real) => at(like, (realLike) => copyAttributes({from: realLike, to: real, path, like}))),
    'files.setMode': ({path, mode}) =>
      at(path, (real) => withFile(real, O_RDONLY, (file) => file.chmod(mode & permissionBits))),
    'files.rename': ({from, to}) =>
      at(from, (realFrom) =>
        at(to, async (realTo) => {
          await rename(realFrom, realTo);
          return ok(undefined);
        }),
      ),
    'files.remove': ({path}) =>
      at(path, async (real) => {
        await unlink(real);
        return ok(undefined);
      }),
    'files.syncDirectory': ({path}) =>
      at(path, (real) => withFile(real, O_RDONLY | O_DIRECTORY, (folder) => folder.sync())),
  };
}

/** A read of what is not there is an answer, not an error. */
function absentAsUndefined<T>(result: Result<T>): Result<T | undefined> {
  return !result.ok && result.error.code === 'gone' ? ok(undefined) : result;
}

async function listDirectory(real: string): Promise<Result<readonly string[]>> {
  return ok((await readdir(real)).sort());
}

async function makeDirectory(real: string, mode: number): Promise<Answer<'files.makeDirectory'>> {
  await mkdir(real, {mode: mode & permissionBits});
  // The umask has cut the mode; set as it was asked for.
  return withFile(real, O_RDONLY | O_DIRECTORY, (folder) => folder.chmod(mode & permissionBits));
}

async function readRegular(real: string, path: string): Promise<Result<FileContent>> {
  const file = await open(real, O_RDONLY | safely);
  try {
    const stat = await file.stat({bigint: true});
    const refused = refuseIrregular(stat, path);
    if (refused !== undefined) return refused;
    if (stat.size > maxReadBytes) {
      return failed('invalid', `${path}: expected at most ${maxReadBytes} bytes, got ${stat.size}`, {reason: 'EFBIG'});
    }
    const bytes = await file.readFile();
    return ok({
      kind: 'file',
      mode: Number(stat.mode) & permissionBits,
      uid: Number(stat.uid),
      gid: Number(stat.gid),
      size: bytes.length,
      modifiedAtMs: lastChangeMs(stat),
      inode: String(stat.ino),
      bytes: Uint8Array.from(bytes),
    });
  } finally {
    await file.close();
  }
}

/**
 * A file that was copied or restored may carry the time of modification of long ago; when it came to be here as it is,
 * only the time of the inode's change tells, which nobody can set. It moves with owner, mode and name as well.
 */
const lastChangeMs = ({mtimeMs, ctimeMs}: {readonly mtimeMs: bigint; readonly ctimeMs: bigint}): number =>
  Number(mtimeMs > ctimeMs ? mtimeMs : ctimeMs);

async function withFile(
  real: string,
  flags: number,
  work: (file: FileHandle) => Promise<void>,
  mode = 0,
): Promise<Result<undefined>> {
  const file = await open(real, flags | safely, mode & permissionBits);
  try {
    await work(file);
    return ok(undefined);
  } finally {
    await file.close();
  }
}

async function withRegular(
  real: string,
  path: string,
  flags: number,
  work: (file: FileHandle) => Promise<void>,
): Promise<Result<undefined>> {
  const file = await open(real, flags | safely);
  try {
    const refused = refuseIrregular(await file.stat(), path);
    if (refused !== undefined) return refused;
    await work(file);
    return ok(undefined);
  } finally {
    await file.close();
  }
}

function refuseIrregular(
  stat: {isFile: () => boolean; isDirectory: () => boolean},
  path: string,
): Result<never> | undefined {
  if (stat.isFile()) return undefined;
  const reason = stat.isDirectory() ? 'EISDIR' : 'EINVAL';
  return failed('invalid', `${path}: expected a regular file`, {reason});
}

/** Writes everything: one write call may take only part. In place, the old tail is cut off last. */
async function writeBytes(file: FileHandle, bytes: Uint8Array, append: boolean): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const {bytesWritten} = await file.write(bytes, done, bytes.length - done, append ? null : done);
    done += bytesWritten;
  }
  if (!append) await file.truncate(bytes.length);
}
