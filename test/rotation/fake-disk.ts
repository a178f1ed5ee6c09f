// A disk in a map, with every operation written down and any of them made to fail. What is not synced is lost at a
// power loss; the directory keeps names only when it was synced.

import {
  type Arguments,
  failed,
  type OperationName,
  ok,
  type PortError,
  type Result,
  type SyncPorts,
} from '@etcd-encryption/rotation';
import {now} from './fixtures.ts';

interface FakeFile {
  bytes: Uint8Array;
  synced: Uint8Array;
  mode: number;
  inode: number;
}

export type FailAt = (op: string, path: string, index: number) => PortError | undefined;

export class FakeDisk {
  files = new Map<string, FakeFile>();
  #durable = new Map<string, FakeFile>();
  readonly directories = new Set<string>(['/etc/kubernetes']);
  readonly ops: string[] = [];
  failAt: FailAt = () => undefined;
  #inode = 1;
  #random = 0;

  /** Puts a file there as if it had always been. */
  place(path: string, bytes: Uint8Array, mode = 0o600): void {
    const directory = path.slice(0, path.lastIndexOf('/'));
    this.directories.add(directory);
    const file = {bytes: Uint8Array.from(bytes), synced: Uint8Array.from(bytes), mode, inode: this.#inode++};
    this.files.set(path, file);
    this.#durable.set(path, file);
  }

  read(path: string): Uint8Array | undefined {
    return this.files.get(path)?.bytes;
  }

  text(path: string): string | undefined {
    const bytes = this.read(path);
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
  }

  /** What is left after the power went: synced names with synced contents. */
  losePower(): void {
    this.files = new Map(this.#durable);
    for (const file of this.files.values()) file.bytes = file.synced;
  }

  get ports(): Partial<SyncPorts> {
    const port =
      <K extends OperationName>(
        op: K,
        pathOf: (args: Arguments<K>) => string,
        run: (args: Arguments<K>) => Result<unknown>,
      ) =>
      (args: Arguments<K>): never => {
        const path = pathOf(args);
        const error = this.failAt(op, path, this.ops.length);
        this.ops.push(`${op.slice(6)} ${path}`);
        return (error === undefined ? run(args) : failed(error.code, error.message, error)) as never;
      };
    return {
      'clock.now': () => ok({wallMs: now, monotonicMs: 1}),
      'trace.event': () => ok(undefined),
      'entropy.bytes': ({length}) => this.#bytes(length),
      'files.list': port(
        'files.list',
        ({directory}) => directory,
        ({directory}) => this.#list(directory),
      ),
      'files.read': port(
        'files.read',
        ({path}) => path,
        ({path}) => this.#read(path),
      ),
      'files.makeDirectory': port(
        'files.makeDirectory',
        ({path}) => path,
        ({path}) => {
          if (this.directories.has(path)) return failed('conflict', 'EEXIST', {reason: 'EEXIST'});
          this.directories.add(path);
          return ok(undefined);
        },
      ),
      'files.create': port(
        'files.create',
        ({path}) => path,
        ({path, mode}) => {
          if (this.files.has(path)) return failed('conflict', 'EEXIST', {reason: 'EEXIST'});
          this.files.set(path, {bytes: new Uint8Array(), synced: new Uint8Array(), mode, inode: this.#inode++});
          return ok(undefined);
        },
      ),
      'files.write': port(
        'files.write',
        ({path}) => path,
        ({path, bytes, append}) =>
          this.#change(path, (file) => {
            file.bytes = append ? Uint8Array.from([...file.bytes, ...bytes]) : Uint8Array.from(bytes);
          }),
      ),
      'files.truncate': port(
        'files.truncate',
        ({path}) => path,
        ({path, size}) =>
          this.#change(path, (file) => {
            file.bytes = file.bytes.slice(0, size);
          }),
      ),
      'files.sync': port(
        'files.sync',
        ({path}) => path,
        ({path}) =>
          this.#change(path, (file) => {
            file.synced = Uint8Array.from(file.bytes);
          }),
      ),
      'files.setMode': port(
        'files.setMode',
        ({path}) => path,
        ({path, mode}) =>
          this.#change(path, (file) => {
            file.mode = mode;
          }),
      ),
      'files.copyOwnership': port(
        'files.copyOwnership',
        ({path}) => path,
        ({path, like}) =>
          this.#change(path, (file) => {
            file.mode = this.files.get(like)?.mode ?? file.mode;
          }),
      ),
      'files.rename': port(
        'files.rename',
        ({to}) => to,
        ({from, to}) => {
          const file = this.files.get(from);
          if (file === undefined) return failed('gone', 'ENOENT');
          if (this.directories.has(to)) return failed('invalid', 'EISDIR', {reason: 'EISDIR'});
          this.files.delete(from);
          this.files.set(to, file);
          return ok(undefined);
        },
      ),
      'files.remove': port(
        'files.remove',
        ({path}) => path,
        ({path}) => (this.files.delete(path) ? ok(undefined) : failed('gone', 'ENOENT')),
      ),
      'files.syncDirectory': port(
        'files.syncDirectory',
        ({path}) => path,
        ({path}) => {
          const inside = (each: string): boolean => each.slice(0, each.lastIndexOf('/')) === path;
          for (const each of [...this.#durable.keys()].filter(inside))
            if (!this.files.has(each)) this.#durable.delete(each);
          for (const [each, file] of this.files) if (inside(each)) this.#durable.set(each, file);
          return ok(undefined);
        },
      ),
    };
  }

  #bytes(length: number): Result<Uint8Array> {
    this.#random++;
    return ok(Uint8Array.from({length}, (_, at) => (this.#random * 37 + at * 11) % 256));
  }

  #list(directory: string): Result<readonly string[] | undefined> {
    if (!this.directories.has(directory)) return ok(undefined);
    const names = [...this.files.keys()].filter((path) => path.slice(0, path.lastIndexOf('/')) === directory);
    return ok(names.map((path) => path.slice(path.lastIndexOf('/') + 1)).sort());
  }

  #read(path: string): Result<unknown> {
    if (this.directories.has(path)) return failed('invalid', 'EISDIR', {reason: 'EISDIR'});
    const file = this.files.get(path);
    if (file === undefined) return ok(undefined);
    const {bytes, mode, inode} = file;
    return ok({
      kind: 'file',
      bytes: Uint8Array.from(bytes),
      mode,
      uid: 0,
      gid: 0,
      size: bytes.length,
      modifiedAtMs: 0,
      inode: String(inode),
    });
  }

  #change(path: string, change: (file: FakeFile) => void): Result<undefined> {
    const file = this.files.get(path);
    if (file === undefined) return failed('gone', 'ENOENT');
    change(file);
    return ok(undefined);
  }
}
