// Owner, mode, ACL and security label of one file given to another. Node has no calls for ACLs and labels, so GNU
// coreutils does it: `cp --attributes-only` fails where it cannot carry an ACL over, and `stat` shows both labels.
// Where these programs are missing the answer is a refusal, not a file that is wider or unreadable.

import {execFile} from 'node:child_process';
import {lstat} from 'node:fs/promises';
import {promisify} from 'node:util';
import {failed, ok, type Result} from '@etcd-encryption/rotation';
import {errnoOf} from './errno.ts';
import {toolTimeoutMs} from './limits.ts';

const run = promisify(execFile);

export interface CopyAttributes {
  readonly from: string;
  readonly to: string;
  /** The node's own paths of both, for messages. */
  readonly path: string;
  readonly like: string;
}

/** `denied` when anything could not be carried over; the label is compared afterwards. */
export async function copyAttributes({from, to, path, like}: CopyAttributes): Promise<Result<undefined>> {
  for (const [real, shown] of [
    [from, like],
    [to, path],
  ] as const) {
    if (!(await lstat(real)).isFile())
      return failed('invalid', `${shown}: expected a regular file`, {reason: 'EINVAL'});
  }
  try {
    await tool('cp', ['--attributes-only', '--preserve=mode,ownership', '--', from, to]);
    if (await sameLabel(from, to)) return ok(undefined);
    await tool('cp', ['--attributes-only', '--preserve=context', '--', from, to]);
    if (await sameLabel(from, to)) return ok(undefined);
    return failed('denied', `${path}: the security label of ${like} was not carried over`, {reason: 'EPERM'});
  } catch (error) {
    const missing = errnoOf(error) === 'ENOENT';
    const why = missing ? 'GNU coreutils (cp, stat) are needed and missing' : lastLine(error);
    return failed('denied', `${path}: owner, mode, ACL or label of ${like} was not carried over: ${why}`, {
      reason: missing ? 'ENOTSUP' : 'EPERM',
    });
  }
}

async function sameLabel(one: string, other: string): Promise<boolean> {
  // `%C` is `?` where there is no label; stat then says so on stderr and fails, which is no failure here.
  const {stdout} = await tool('stat', ['--format=%C', '--', one, other]).catch((error: unknown) => {
    if (typeof error === 'object' && error !== null && 'stdout' in error && String(error.stdout).trim() !== '') {
      return {stdout: String(error.stdout)};
    }
    throw error;
  });
  const [first, second, ...more] = stdout.trim().split('\n');
  return first !== undefined && first === second && more.length === 0;
}

const tool = (name: string, args: readonly string[]) =>
  run(name, args, {timeout: toolTimeoutMs, env: {PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C'}});

function lastLine(error: unknown): string {
  const text = typeof error === 'object' && error !== null && 'stderr' in error ? String(error.stderr) : '';
  return text.trim().split('\n').at(-1)?.slice(0, 200) ?? '';
}
