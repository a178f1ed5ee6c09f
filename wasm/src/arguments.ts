// The arguments of the backend's methods. All are looked at before anything is copied; errors name the argument, what
// was expected and what came, never a byte.

import type {Batch} from './batch.ts';
import {lengthOf} from './copy-in.ts';

const maxHkdfBytes = 16_320;
const maxDerivedBytes = 64;
const maxCheckTextBytes = 64;

export function requireBytes(what: string, value: unknown): void {
  if (!(value instanceof Uint8Array)) throw new TypeError(`${what}: expected a Uint8Array, got ${typeName(value)}`);
}

/** @throws TypeError or RangeError for arguments that `Backend.hkdfSha512` does not take */
export function requireHkdfArguments(ikm: unknown, salt: unknown, info: unknown, length: unknown): void {
  requireBytes('ikm', ikm);
  requireBytes('salt', salt);
  requireBytes('info', info);
  requireLength(length, maxHkdfBytes);
}

/**
 * The root, salts and contexts of a batch. The arrays are new ones, so that nobody's code runs or changes them later.
 * @throws TypeError or RangeError for arguments that `Backend.deriveMany` does not take
 */
export function readBatch(
  root: Uint8Array,
  salts: unknown,
  contexts: unknown,
  length: number,
): Omit<Batch, 'checkText'> {
  requireBytes('root', root);
  const read = {root, salts: readByteArrays('salts', salts), contexts: readByteArrays('contexts', contexts), length};
  if (read.salts.length !== read.contexts.length)
    throw new RangeError(`contexts: expected ${read.salts.length}, one for each salt, got ${read.contexts.length}`);
  requireLength(length, maxDerivedBytes);
  return read;
}

/** @throws TypeError or RangeError for a text of check values that `Backend.deriveKeys` does not take */
export function requireCheckText(text: Uint8Array): void {
  requireBytes('checkText', text);
  const length = lengthOf(text);
  if (length > maxCheckTextBytes)
    throw new RangeError(`checkText: expected at most ${maxCheckTextBytes} bytes, got ${length}`);
}

function readByteArrays(what: string, values: unknown): Uint8Array[] {
  if (!Array.isArray(values)) throw new TypeError(`${what}: expected an array, got ${typeName(values)}`);
  const read: Uint8Array[] = [];
  for (const value of values as readonly unknown[]) {
    if (value instanceof Uint8Array) read.push(value);
    else throw new TypeError(`${what}[${read.length}]: expected a Uint8Array, got ${typeName(value)}`);
  }
  return read;
}

function requireLength(value: unknown, highest: number): void {
  if (typeof value !== 'number') throw new TypeError(`length: expected a number, got ${typeName(value)}`);
  if (!Number.isInteger(value) || value < 1 || value > highest)
    throw new RangeError(`length: expected a whole number from 1 to ${highest}, got ${value}`);
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
