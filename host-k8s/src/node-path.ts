// Paths of the node below the folder that stands for its `/`. Links on the way are followed as the node would follow
// them, so that an absolute one starts again at that folder; nothing leads out of it. The last component is never
// followed. This is no wall against somebody who changes directories at the same moment: that somebody is root there.

import {lstat, readlink} from 'node:fs/promises';
import {join} from 'node:path';
import {failed, ok, type Result} from '@etcd-encryption/rotation';
import {portErrorOf} from './errno.ts';
import {maxLinks} from './limits.ts';

/** The path that this process opens for `path`; the last component need not exist. */
export async function resolveNodePath(root: string, path: string): Promise<Result<string>> {
  const parts = partsOf(path);
  if (parts === undefined) {
    return failed('invalid', `expected an absolute path without "..", got ${JSON.stringify(path)}`, {reason: 'EINVAL'});
  }
  const last = parts.pop();
  if (last === undefined) return ok(root);
  try {
    const folder = await followLinks(root, parts);
    if (folder === undefined) return failed('invalid', `${path}: too many links`, {reason: 'ELOOP'});
    return ok(join(root, ...folder, last));
  } catch (error) {
    return {ok: false, error: portErrorOf(error, path)};
  }
}

function partsOf(path: string): string[] | undefined {
  if (!path.startsWith('/') || path.includes('\0')) return undefined;
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  return parts.includes('..') ? undefined : parts;
}

/** Components without links, relative to the root; `undefined` after too many links. A missing one ends the search. */
async function followLinks(root: string, parts: readonly string[]): Promise<readonly string[] | undefined> {
  const ahead = [...parts].reverse();
  const found: string[] = [];
  let links = 0;
  for (let part = ahead.pop(); part !== undefined; part = ahead.pop()) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      found.pop();
      continue;
    }
    const here = join(root, ...found, part);
    if (!(await isLink(here))) {
      found.push(part);
      continue;
    }
    links += 1;
    if (links > maxLinks) return undefined;
    const target = await readlink(here);
    if (target.startsWith('/')) found.length = 0;
    ahead.push(...target.split('/').reverse());
  }
  return found;
}

async function isLink(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isSymbolicLink();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
