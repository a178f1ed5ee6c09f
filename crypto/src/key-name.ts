// Check values and names of keys (derivation.md, "Key check value and key name").
// A check value tells keys apart and gives nothing away; the encryption of zeros would be GCM's own hash key.

import {hex, typeName, utf8} from './bytes.ts';
import {hmacSha512} from './hash.ts';
import {checkValueBytes, maxRevision, nameCheckDigits} from './limits.ts';
import {type Secret, withKeyBytes} from './secret.ts';

/** What a check value is an HMAC of. */
export const keyCheckText = /* @__PURE__ */ utf8('etcd-encryption/key-check/v1');
const namePattern = /^r([1-9][0-9]{0,15})-([0-9a-f]{8})$/;

/** What a key name says: its revision and the first 8 hex digits of its key's check value. */
export type ParsedKeyName = {readonly revision: number; readonly checkPrefix: string};

/** The 16 hex digits that tell a key apart without showing it: the first 8 bytes of an HMAC of a fixed text. */
export function keyCheckValue(key: Uint8Array | Secret): string {
  return withKeyBytes(key, (bytes) => hex(hmacSha512(bytes, keyCheckText).subarray(0, checkValueBytes)));
}

/**
 * Name of a revision's key, such as `r3-1f2e3d4c`. It is part of each stored value, so no release changes it.
 * @throws RangeError unless `revision` is a whole number from 1 to 2^53 - 1
 */
export function keyName(revision: number, key: Uint8Array | Secret): string {
  requireRevision(revision);
  return nameFrom(revision, keyCheckValue(key));
}

/** The name of a revision whose key's check value is known. */
export function nameFrom(revision: number, checkValue: string): string {
  return `r${revision}-${checkValue.slice(0, nameCheckDigits)}`;
}

/** Reads a key name; `undefined` for every text that `keyName` could not have made. */
export function parseKeyName(name: string): ParsedKeyName | undefined {
  const [, digits, checkPrefix] = namePattern.exec(name) ?? [];
  if (digits === undefined || checkPrefix === undefined) return undefined;
  const revision = Number(digits);
  return revision <= maxRevision ? {revision, checkPrefix} : undefined;
}

/** @throws TypeError or RangeError unless `revision` is a whole number from 1 to 2^53 - 1 */
export function requireRevision(revision: number): void {
  if (typeof revision !== 'number') throw new TypeError(`revision: expected a number, got ${typeName(revision)}`);
  if (Number.isSafeInteger(revision) && revision >= 1) return;
  throw new RangeError(`revision: expected a whole number from 1 to 2^53 - 1, got ${revision}`);
}
