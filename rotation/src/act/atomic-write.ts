// The one way a file of ours changes: complete, durable, and never seen half-written. Order (rotation.md "Files on a
// node"): create exclusively beside it → owner, mode, labels → write → sync → read back → rename → sync directory →
// read back. A crash between any two leaves the old file or the new one.

import {hex} from '@etcd-encryption/crypto';
import {sha256Hex} from '@etcd-encryption/crypto/sha256';
import {temporaryPrefix} from '../model/file-paths.ts';
import {ask, failed, ok, type Result, type Step} from '../ports.ts';

export interface AtomicWrite {
  readonly path: string;
  readonly bytes: Uint8Array;
  /** Mode of a new file; a replaced one keeps its own, never wider than 0640. */
  readonly mode: number;
  /** Says why the bytes must not stand there; asked on what was read back before the rename. */
  readonly check: (bytes: Uint8Array) => string | undefined;
}

/** Widest mode a file with keys may keep. */
const widestMode = 0o640;

/** Writes a file by rename. `conflict` with reason EBUSY means that the path is a mount point. */
export function* writeAtomically({path, bytes, mode, check}: AtomicWrite): Step<Result<undefined>> {
  const directory = path.slice(0, path.lastIndexOf('/'));
  const random = yield* ask('entropy.bytes', {length: 8});
  if (!random.ok) return random;
  const temporary = `${directory}/${temporaryPrefix}${hex(random.value)}`;
  const created = yield* ask('files.create', {path: temporary, mode: 0o600});
  if (!created.ok) return created;
  const prepared = yield* prepare({path, bytes, mode, check}, temporary);
  if (!prepared.ok) {
    yield* ask('files.remove', {path: temporary});
    return prepared;
  }
  const renamed = yield* ask('files.rename', {from: temporary, to: path});
  if (!renamed.ok) {
    yield* ask('files.remove', {path: temporary});
    return renamed;
  }
  const synced = yield* ask('files.syncDirectory', {path: directory});
  if (!synced.ok) return synced;
  return yield* sameAfterwards(path, bytes);
}

function* prepare({path, bytes, mode, check}: AtomicWrite, temporary: string): Step<Result<undefined>> {
  const present = yield* ask('files.read', {path});
  if (!present.ok && present.error.code !== 'invalid') return present;
  if (present.ok && present.value !== undefined) {
    const owned = yield* ask('files.copyOwnership', {path: temporary, like: path});
    if (!owned.ok) return owned;
    const kept = present.value.mode & 0o777 & widestMode;
    const narrowed = yield* ask('files.setMode', {path: temporary, mode: kept === 0 ? 0o600 : kept});
    if (!narrowed.ok) return narrowed;
  } else {
    const moded = yield* ask('files.setMode', {path: temporary, mode});
    if (!moded.ok) return moded;
  }
  const written = yield* ask('files.write', {path: temporary, bytes, append: false});
  if (!written.ok) return written;
  const synced = yield* ask('files.sync', {path: temporary});
  if (!synced.ok) return synced;
  const back = yield* ask('files.read', {path: temporary});
  if (!back.ok) return back;
  const problem = back.value === undefined ? 'it is gone' : check(back.value.bytes);
  return problem === undefined ? yield* sameAfterwards(temporary, bytes) : failed('invalid', `${path}: ${problem}`);
}

function* sameAfterwards(path: string, bytes: Uint8Array): Step<Result<undefined>> {
  const back = yield* ask('files.read', {path});
  if (!back.ok) return back;
  if (back.value !== undefined && sha256Hex(back.value.bytes) === sha256Hex(bytes)) return ok(undefined);
  return failed('unavailable', `${path}: what was read back is not what was written`);
}

/**
 * Writes a file in place, where its mount leaves no other way: the complete bytes are durable beside it first, so
 * that a torn write can be repaired from the copy.
 */
export function* writeInPlace(path: string, bytes: Uint8Array, copyPath: string): Step<Result<undefined>> {
  const copied = yield* writeAtomically({path: copyPath, bytes, mode: 0o600, check: () => undefined});
  if (!copied.ok) return copied;
  const written = yield* ask('files.write', {path, bytes, append: false});
  if (!written.ok) return written;
  const synced = yield* ask('files.sync', {path});
  if (!synced.ok) return synced;
  return yield* sameAfterwards(path, bytes);
}

/** Removes half-written files that an earlier run left behind. */
export function* removeLeftovers(directory: string): Step<void> {
  const names = yield* ask('files.list', {directory});
  if (!names.ok) return;
  for (const name of names.value ?? []) {
    if (name.startsWith(temporaryPrefix)) yield* ask('files.remove', {path: `${directory}/${name}`});
  }
}
