// Keeps a real folder equal to a simulated node's disk, change by change, so that a person can look at the very bytes
// that its server loads. Owners are not carried over: that would need root.

import {chmodSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import type {DiskNode, SimNode} from '@etcd-encryption/host-sim';

/** Copies what is there and follows every later change. @param folder stands for the node's `/` */
export function mirrorDisk({disk}: SimNode, folder: string): void {
  const follow = (path: string): void => copy(disk.find(path), join(folder, path));
  mkdirSync(folder, {recursive: true});
  follow('/');
  disk.watch(follow);
}

function copy(node: DiskNode | undefined, to: string): void {
  if (node === undefined) rmSync(to, {recursive: true, force: true});
  else if (node.kind === 'file') copyFile(node.now, to);
  else {
    mkdirSync(to, {recursive: true, mode: node.meta.mode});
    for (const name of readdirSync(to)) if (!node.now.has(name)) rmSync(join(to, name), {recursive: true});
    for (const [name, child] of node.now) copy(child, join(to, name));
  }
}

/** A reader sees the file before or after, as on the simulated disk, where a write is one event. */
function copyFile({bytes, mode}: {readonly bytes: Uint8Array; readonly mode: number}, to: string): void {
  const temporary = join(dirname(to), `.mirror-${process.pid}`);
  writeFileSync(temporary, bytes, {mode: 0o600});
  chmodSync(temporary, mode);
  renameSync(temporary, to);
}
