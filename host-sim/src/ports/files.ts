// One node's disk.

import {type FileStat, failed, ok, type Result, type SyncPorts} from '@etcd-encryption/rotation';
import type {DiskResult} from '../world/disk.ts';
import type {SimNode} from '../world/node.ts';

type FilesOperation = Extract<keyof SyncPorts, `files.${string}`>;

/** Without a node there are no files, and every request is refused. */
export function createFilesPort(node: SimNode | undefined, actor: string): Pick<SyncPorts, FilesOperation> {
  return node === undefined ? noFiles : checked(filesOf(node, actor));
}

function filesOf({disk}: SimNode, actor: string): Pick<SyncPorts, FilesOperation> {
  return {
    'files.list': ({directory}) => answer(disk.list(directory), directory),
    'files.read': ({path}) => {
      const read = disk.read(path);
      if (!read.ok || read.value === undefined) return answer(read as DiskResult<undefined>, path);
      const {inode, state} = read.value;
      return ok({...statOf(state, inode), bytes: Uint8Array.from(state.bytes)});
    },
    'files.makeDirectory': ({path, mode}) => answer(disk.makeDirectory(path, mode, actor), path),
    'files.create': ({path, mode}) => answer(disk.create(path, mode, actor), path),
    'files.write': ({path, bytes, append}) => answer(disk.write(path, bytes, append, actor), path),
    'files.truncate': ({path, size}) => answer(disk.truncate(path, size, actor), path),
    'files.sync': ({path}) => answer(disk.sync(path, actor), path),
    'files.copyOwnership': ({path, like}) => answer(disk.copyOwnership(path, like, actor), path),
    'files.setMode': ({path, mode}) => answer(disk.setMode(path, mode, actor), path),
    'files.rename': ({from, to}) => answer(disk.rename(from, to, actor), to),
    'files.remove': ({path}) => answer(disk.remove(path, actor), path),
    'files.syncDirectory': ({path}) => answer(disk.syncDirectory(path, actor), path),
  };
}

/** Every path must be absolute and name what it names without detours. */
function checked(ports: Pick<SyncPorts, FilesOperation>): Pick<SyncPorts, FilesOperation> {
  const guarded = Object.entries(ports).map(([op, port]) => [
    op,
    (args: Readonly<Record<string, unknown>>): Result<unknown> => {
      const paths = [args.directory, args.path, args.from, args.to, args.like];
      const wrong = paths.find((path) => typeof path === 'string' && !isPlainPath(path));
      if (wrong !== undefined) return failed('invalid', `${wrong}: expected an absolute path without ".."`);
      return (port as (args: unknown) => Result<unknown>)(args);
    },
  ]);
  return Object.fromEntries(guarded) as Pick<SyncPorts, FilesOperation>;
}

const isPlainPath = (path: string): boolean => path.startsWith('/') && !detour.test(path);
const detour = /\/\.{1,2}(?:\/|$)/;

function answer<T>(result: DiskResult<T>, path: string): Result<T> {
  if (result.ok) return ok(result.value);
  const {code, errno} = result.error;
  return failed(code, `${errno}: ${path}`, {reason: errno});
}

type State = {mode: number; uid: number; gid: number; bytes: Uint8Array; modifiedAtMs: number};

const statOf = ({mode, uid, gid, bytes, modifiedAtMs}: State, inode: number): FileStat => ({
  kind: 'file',
  mode,
  uid,
  gid,
  size: bytes.length,
  modifiedAtMs,
  inode: String(inode),
});

const refuse = (): Result<never> => failed('denied', 'this program runs on no node', {reason: 'EACCES'});
const noFiles: Pick<SyncPorts, FilesOperation> = {
  'files.list': refuse,
  'files.read': refuse,
  'files.makeDirectory': refuse,
  'files.create': refuse,
  'files.write': refuse,
  'files.truncate': refuse,
  'files.sync': refuse,
  'files.copyOwnership': refuse,
  'files.setMode': refuse,
  'files.rename': refuse,
  'files.remove': refuse,
  'files.syncDirectory': refuse,
};
