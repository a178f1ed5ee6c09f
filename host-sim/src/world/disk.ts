// One node's disk: inodes, and for each what is written and what would survive a power loss. Names in a directory
// survive only after the directory was synced, contents only after the file was.

import type {PortErrorCode} from '@etcd-encryption/rotation';
import type {Stream} from '../prng.ts';
import {watched} from './watched.ts';

export interface InodeMeta {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** SELinux label and ACL in one text. */
  readonly label: string;
}

interface FileState extends InodeMeta {
  readonly bytes: Uint8Array;
  readonly modifiedAtMs: number;
  /** One more at each change of the content; equal numbers of one inode mean equal bytes. */
  readonly version: number;
}

interface FileNode {
  readonly kind: 'file';
  readonly inode: number;
  now: FileState;
  synced: FileState;
}

interface DirectoryNode {
  readonly kind: 'directory';
  readonly inode: number;
  meta: InodeMeta;
  modifiedAtMs: number;
  now: Map<string, DiskNode>;
  synced: Map<string, DiskNode>;
}

export type DiskNode = FileNode | DirectoryNode;

/** Files of a disk by their paths. */
export type DiskContent = readonly {readonly path: string; readonly bytes: Uint8Array; readonly mode: number}[];

/** Why the disk refused, as the port's error code and the errno behind it. */
export interface DiskError {
  readonly code: PortErrorCode;
  readonly errno: string;
}

export type DiskResult<T> = {readonly ok: true; readonly value: T} | {readonly ok: false; readonly error: DiskError};

/** Who changed the disk: a program, or somebody or something the engine cannot help. */
export type DiskActor = string;

/** Faults that hold until they are taken away; asked before each effect. */
export interface DiskFaults {
  /** Bytes that still fit; a write beyond it is torn and refused with ENOSPC. */
  freeBytes?: number;
  /** Refuses an operation on a path with this errno. */
  refuse?: (operation: string, path: string) => string | undefined;
  /** Paths that are mount points: nothing can be renamed onto them. */
  mountPoints?: ReadonlySet<string>;
  /** Users and labels that the program may not give to a file. */
  denyOwnership?: boolean;
}

const done: DiskResult<undefined> = {ok: true, value: undefined};
const refused = (code: PortErrorCode, errno: string): DiskResult<never> => ({ok: false, error: {code, errno}});
const codes: Readonly<Record<string, PortErrorCode>> = {
  ENOSPC: 'unavailable',
  EIO: 'unavailable',
  EROFS: 'unavailable',
  EBUSY: 'conflict',
  EEXIST: 'conflict',
  EACCES: 'denied',
  EPERM: 'denied',
  ENOENT: 'gone',
  EISDIR: 'invalid',
  ENOTDIR: 'invalid',
};

export interface DiskOptions {
  readonly nowMs: () => number;
  readonly onChange: (actor: DiskActor) => void;
  /** Called before each change. */
  readonly before?: (actor: DiskActor) => void;
}

export class Disk {
  readonly faults: DiskFaults = watched({}, () => this.#options.before?.('fault'));
  readonly #root: DirectoryNode;
  readonly #options: DiskOptions;
  readonly #watchers: ((path: string, actor: DiskActor) => void)[] = [];
  #nextInode = 2;
  #nextVersion = 1;

  constructor(options: DiskOptions) {
    this.#options = options;
    this.#root = newDirectory(1, {mode: 0o755, uid: 0, gid: 0, label: 'root'}, options.nowMs());
  }

  /** Calls `watcher` with each path whose presence, content or mode is another one; `/` means that any may be. */
  watch(watcher: (path: string, actor: DiskActor) => void): void {
    this.#watchers.push(watcher);
  }

  /** The node at a path as it is now, or as it would be after a power loss. */
  find(path: string, view: 'now' | 'synced' = 'now'): DiskNode | undefined {
    let node: DiskNode | undefined = this.#root;
    for (const part of partsOf(path)) {
      if (node?.kind !== 'directory') return undefined;
      node = node[view].get(part);
    }
    return node;
  }

  list(path: string): DiskResult<readonly string[] | undefined> {
    const fault = this.#fault('list', path);
    if (fault !== undefined) return fault;
    const node = this.find(path);
    if (node === undefined) return {ok: true, value: undefined};
    if (node.kind !== 'directory') return refused('invalid', 'ENOTDIR');
    return {ok: true, value: [...node.now.keys()].sort()};
  }

  read(path: string): DiskResult<{readonly inode: number; readonly state: FileState} | undefined> {
    const fault = this.#fault('read', path);
    if (fault !== undefined) return fault;
    const node = this.find(path);
    if (node === undefined) return {ok: true, value: undefined};
    if (node.kind !== 'file') return refused('invalid', 'EISDIR');
    return {ok: true, value: {inode: node.inode, state: node.now}};
  }

  makeDirectory(path: string, mode: number, actor: DiskActor): DiskResult<undefined> {
    return this.#enter('makeDirectory', path, actor, (parent, name) => {
      if (parent.now.has(name)) return refused('conflict', 'EEXIST');
      const meta = {mode, uid: 0, gid: 0, label: parent.meta.label};
      parent.now.set(name, newDirectory(this.#nextInode++, meta, this.#options.nowMs()));
      return done;
    });
  }

  create(path: string, mode: number, actor: DiskActor): DiskResult<undefined> {
    return this.#enter('create', path, actor, (parent, name) => {
      if (parent.now.has(name)) return refused('conflict', 'EEXIST');
      const empty = this.#state(new Uint8Array(), {mode, uid: 0, gid: 0, label: parent.meta.label});
      parent.now.set(name, {kind: 'file', inode: this.#nextInode++, now: empty, synced: empty});
      return done;
    });
  }

  write(path: string, bytes: Uint8Array, append: boolean, actor: DiskActor): DiskResult<undefined> {
    return this.#change('write', path, actor, (file) => {
      const before = append ? file.now.bytes : new Uint8Array();
      const grows = before.length + bytes.length - file.now.bytes.length;
      const free = this.faults.freeBytes ?? Number.POSITIVE_INFINITY;
      const fits = grows <= free ? bytes : bytes.subarray(0, Math.max(0, bytes.length - (grows - free)));
      if (this.faults.freeBytes !== undefined) this.faults.freeBytes = Math.max(0, free - Math.max(0, grows));
      file.now = this.#state(joined(before, fits), file.now);
      return fits.length === bytes.length ? done : refused('unavailable', 'ENOSPC');
    });
  }

  truncate(path: string, size: number, actor: DiskActor): DiskResult<undefined> {
    return this.#change('truncate', path, actor, (file) => {
      const bytes = new Uint8Array(size);
      bytes.set(file.now.bytes.subarray(0, size));
      file.now = this.#state(bytes, file.now);
      return done;
    });
  }

  sync(path: string, actor: DiskActor): DiskResult<undefined> {
    return this.#change('sync', path, actor, (file) => {
      file.synced = file.now;
      return done;
    });
  }

  copyOwnership(path: string, like: string, actor: DiskActor): DiskResult<undefined> {
    const model = this.find(like);
    if (model === undefined) return refused('gone', 'ENOENT');
    const meta = model.kind === 'file' ? model.now : model.meta;
    return this.#change('copyOwnership', path, actor, (file) => {
      if (this.faults.denyOwnership === true) return refused('denied', 'EPERM');
      const {mode, uid, gid, label} = meta;
      file.now = {...file.now, mode, uid, gid, label};
      return done;
    });
  }

  setMode(path: string, mode: number, actor: DiskActor): DiskResult<undefined> {
    return this.#change('setMode', path, actor, (file) => {
      file.now = {...file.now, mode};
      return done;
    });
  }

  rename(from: string, to: string, actor: DiskActor): DiskResult<undefined> {
    const moved = this.find(from);
    const source = this.#parentOf(from);
    if (moved === undefined || source === undefined) return refused('gone', 'ENOENT');
    return this.#enter('rename', to, actor, (parent, name) => {
      if (this.faults.mountPoints?.has(to) === true) return refused('conflict', 'EBUSY');
      const present = parent.now.get(name);
      if (present?.kind === 'directory' && moved.kind === 'file') return refused('invalid', 'EISDIR');
      if (present?.kind === 'file' && moved.kind === 'directory') return refused('invalid', 'ENOTDIR');
      source.parent.now.delete(source.name);
      parent.now.set(name, moved);
      this.#changed(from, actor);
      return done;
    });
  }

  remove(path: string, actor: DiskActor): DiskResult<undefined> {
    return this.#enter('remove', path, actor, (parent, name) => {
      const node = parent.now.get(name);
      if (node === undefined) return refused('gone', 'ENOENT');
      if (node.kind === 'directory') return refused('invalid', 'EISDIR');
      parent.now.delete(name);
      return done;
    });
  }

  syncDirectory(path: string, actor: DiskActor): DiskResult<undefined> {
    const fault = this.#fault('syncDirectory', path);
    if (fault !== undefined) return fault;
    const node = this.find(path);
    if (node === undefined) return refused('gone', 'ENOENT');
    if (node.kind !== 'directory') return refused('invalid', 'ENOTDIR');
    node.synced = new Map(node.now);
    this.#options.onChange(actor);
    return done;
  }

  /** A directory that was always there, with those above it. */
  placeDirectory(path: string): void {
    let directory = this.#root;
    for (const part of partsOf(path)) directory = this.#directoryIn(directory, part);
  }

  /** Puts a file there, complete and synced, with the directories above it: how a world begins, or an edit by hand. */
  place(
    path: string,
    bytes: Uint8Array,
    {mode = 0o600, actor = 'world'}: {mode?: number; actor?: DiskActor} = {},
  ): void {
    this.#options.before?.(actor);
    let directory = this.#root;
    const parts = partsOf(path);
    for (const part of parts.slice(0, -1)) directory = this.#directoryIn(directory, part);
    const name = parts.at(-1) ?? '';
    const state = this.#state(Uint8Array.from(bytes), {mode, uid: 0, gid: 0, label: 'etc_t'});
    const file: FileNode = {kind: 'file', inode: this.#nextInode++, now: state, synced: state};
    directory.now.set(name, file);
    directory.synced.set(name, file);
    this.#changed(path, actor);
    this.#options.onChange(actor);
  }

  /** Every file below the root as it is now. */
  copy(): DiskContent {
    const files: DiskContent[number][] = [];
    const collect = (directory: DirectoryNode, path: string): void => {
      for (const [name, node] of directory.now) {
        if (node.kind === 'directory') collect(node, `${path}/${name}`);
        else files.push({path: `${path}/${name}`, bytes: node.now.bytes, mode: node.now.mode});
      }
    };
    collect(this.#root, '');
    return files;
  }

  /** Power loss: what was not synced is lost with probability `loss`, each file and directory on its own. */
  crash(stream: Stream, loss = 0.9): void {
    this.#options.before?.('crash');
    const settle = (node: DiskNode): void => {
      if (node.kind === 'file') {
        if (node.synced !== node.now && stream.chance(loss)) node.now = node.synced;
        node.synced = node.now;
        return;
      }
      if (!sameEntries(node.now, node.synced) && stream.chance(loss)) node.now = new Map(node.synced);
      node.synced = new Map(node.now);
      for (const name of [...node.now.keys()].sort()) {
        const child = node.now.get(name);
        if (child !== undefined) settle(child);
      }
    };
    settle(this.#root);
    this.#changed('/', 'crash');
    this.#options.onChange('crash');
  }

  #changed(path: string, actor: DiskActor): void {
    for (const watcher of this.#watchers) watcher(path, actor);
  }

  #directoryIn(parent: DirectoryNode, name: string): DirectoryNode {
    const known = parent.now.get(name);
    if (known?.kind === 'directory') return known;
    const meta = {mode: 0o755, uid: 0, gid: 0, label: 'etc_t'};
    const made = newDirectory(this.#nextInode++, meta, this.#options.nowMs());
    parent.now.set(name, made);
    parent.synced.set(name, made);
    return made;
  }

  #state(bytes: Uint8Array, {mode, uid, gid, label}: InodeMeta): FileState {
    return {bytes, mode, uid, gid, label, modifiedAtMs: this.#options.nowMs(), version: this.#nextVersion++};
  }

  #fault(operation: string, path: string): DiskResult<never> | undefined {
    const parts = partsOf(path);
    for (let depth = 1; depth < parts.length; depth++) {
      if (this.find(parts.slice(0, depth).join('/'))?.kind === 'file') return refused('invalid', 'ENOTDIR');
    }
    const errno = this.faults.refuse?.(operation, path);
    return errno === undefined ? undefined : refused(codes[errno] ?? 'unavailable', errno);
  }

  #parentOf(path: string): {parent: DirectoryNode; name: string} | undefined {
    const parts = partsOf(path);
    const name = parts.at(-1);
    const parent = this.find(`/${parts.slice(0, -1).join('/')}`);
    return parent?.kind === 'directory' && name !== undefined ? {parent, name} : undefined;
  }

  /** Changes the directory that holds `path`. */
  #enter(
    operation: string,
    path: string,
    actor: DiskActor,
    change: (parent: DirectoryNode, name: string) => DiskResult<undefined>,
  ): DiskResult<undefined> {
    const fault = this.#fault(operation, path);
    if (fault !== undefined) return fault;
    this.#options.before?.(actor);
    const place = this.#parentOf(path);
    if (place === undefined) return refused('gone', 'ENOENT');
    const result = change(place.parent, place.name);
    if (result.ok) place.parent.modifiedAtMs = this.#options.nowMs();
    this.#changed(path, actor);
    this.#options.onChange(actor);
    return result;
  }

  /** Changes one file, which must exist. */
  #change(
    operation: string,
    path: string,
    actor: DiskActor,
    change: (file: FileNode) => DiskResult<undefined>,
  ): DiskResult<undefined> {
    const fault = this.#fault(operation, path);
    if (fault !== undefined) return fault;
    this.#options.before?.(actor);
    const node = this.find(path);
    if (node === undefined) return refused('gone', 'ENOENT');
    if (node.kind === 'directory') return refused('invalid', 'EISDIR');
    const result = change(node);
    this.#changed(path, actor);
    this.#options.onChange(actor);
    return result;
  }
}

function newDirectory(inode: number, meta: InodeMeta, modifiedAtMs: number): DirectoryNode {
  return {kind: 'directory', inode, meta, modifiedAtMs, now: new Map(), synced: new Map()};
}

const partsOf = (path: string): readonly string[] => path.split('/').filter((part) => part !== '');

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}

function sameEntries(a: ReadonlyMap<string, DiskNode>, b: ReadonlyMap<string, DiskNode>): boolean {
  return a.size === b.size && [...a].every(([name, node]) => b.get(name) === node);
}
