// The arguments of a backend's methods, looked at in one place. Errors name the argument, what was expected and what
// came, never a byte.

import {requireBytes, typeName} from '../bytes.ts';
import {requireWhole} from '../derivation/context.ts';
import {maxDerivedBytes, maxHkdfBytes} from '../limits.ts';

/** @throws TypeError or RangeError for arguments that `Backend.hkdfSha512` does not take */
export function requireHkdfArguments(ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): void {
  requireBytes(ikm, 'ikm');
  requireBytes(salt, 'salt');
  requireBytes(info, 'info');
  requireWhole('length', length, 1, maxHkdfBytes);
}

/** @throws TypeError or RangeError for arguments that `Backend.deriveMany` does not take */
export function requireManyArguments(
  root: Uint8Array,
  salts: readonly Uint8Array[],
  contexts: readonly Uint8Array[],
  length: number,
): void {
  requireBytes(root, 'root');
  requireByteArrays('salts', salts);
  requireByteArrays('contexts', contexts);
  if (salts.length !== contexts.length)
    throw new RangeError(`contexts: expected ${salts.length}, one for each salt, got ${contexts.length}`);
  requireWhole('length', length, 1, maxDerivedBytes);
}

function requireByteArrays(what: string, values: readonly Uint8Array[]): void {
  if (!Array.isArray(values)) throw new TypeError(`${what}: expected an array, got ${typeName(values)}`);
  // By number: `forEach` passes over a hole.
  for (let i = 0; i < values.length; i++) requireBytes(values[i], `${what}[${i}]`);
}
