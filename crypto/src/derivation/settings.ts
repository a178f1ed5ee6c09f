// The settings that both sides of a pair share: root key, replication group id and dimension (derivation.md, "Inputs").
// What is refused here was seen in the field: text instead of bytes, a trailing newline, a key of equal bytes.

import {allEqual, typeName} from '../bytes.ts';
import {rootKeyBytes} from '../limits.ts';
import {type Secret, withKeyBytes} from '../secret.ts';
import {requireId} from './context.ts';

/** What every derivation starts from. Two sides with equal settings derive equal keys. */
export type Settings = {
  /** 32 random bytes. Refused: any other length, 32 equal bytes, 32 printable ASCII characters. Never trimmed. */
  readonly rootKey: Uint8Array | Secret;
  /** Names one Active/Standby group: 1 to 128 of `A-Z a-z 0-9 . _ -`, the first and last a letter or digit. */
  readonly replicationGroupId: string;
  /** A further domain separator of the same form; `default` unless a lineage is forked on purpose. */
  readonly dimension?: string;
  /** Takes a root key of 32 printable characters on purpose: it may hold 128 bits or less. */
  readonly acceptWeakRoot?: true;
};

/** Settings that were looked at, with the root key's bytes. */
export interface OpenSettings {
  readonly root: Uint8Array;
  readonly replicationGroupId: string;
  readonly dimension: string;
}

const defaultDimension = 'default';

/**
 * Checks the settings and calls `f` with a copy of the root key, which is wiped afterwards.
 * @throws TypeError or RangeError that name the setting and the likely cause, never a byte of it
 */
export function withSettings<T>(settings: Settings, f: (open: OpenSettings) => T): T {
  if (typeof settings !== 'object' || settings === null)
    throw new TypeError(`settings: expected an object, got ${typeName(settings)}`);
  const {rootKey, replicationGroupId, dimension = defaultDimension, acceptWeakRoot} = settings;
  requireId('replicationGroupId', replicationGroupId);
  requireId('dimension', dimension);
  const root = withKeyBytes(rootKey, (bytes) => new Uint8Array(bytes), 'rootKey');
  try {
    requireRootKey(root, acceptWeakRoot === true);
    return f({root, replicationGroupId, dimension});
  } finally {
    root.fill(0);
  }
}

function requireRootKey(root: Uint8Array, acceptWeak: boolean): void {
  const wanted = `rootKey: expected ${rootKeyBytes} raw random bytes`;
  if (root.length !== rootKeyBytes) throw new RangeError(`${wanted}, got ${root.length}${likelyCause(root.length)}`);
  let printable = 0;
  for (const byte of root) printable += byte >= 0x20 && byte <= 0x7e ? 1 : 0;
  if (allEqual(root)) throw new RangeError(`${wanted}, got ${rootKeyBytes} equal ones`);
  if (printable < rootKeyBytes || acceptWeak) return;
  throw new RangeError(
    `${wanted}, got ${rootKeyBytes} printable characters, which is text and holds too little chance`,
  );
}

/** What people store instead of 32 bytes (field reports). */
function likelyCause(length: number): string {
  if (length === 33) return ' (a trailing newline?)';
  if (length === 44 || length === 45) return ' (base64 text of a key instead of its bytes?)';
  if (length === 64 || length === 65) return ' (hex text of a key instead of its bytes?)';
  return '';
}
