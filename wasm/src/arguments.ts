// The arguments of the backend's methods. All are looked at before anything is copied; errors name the argument, what
// was expected and what came, never a byte.

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

/** @throws TypeError or RangeError for arguments that `Backend.deriveMany` does not take */
export function requireManyArguments(root: unknown, salts: unknown, contexts: unknown, length: unknown): void {
  requireBytes('root', root);
  const [saltCount, contextCount] = [requireByteArrays('salts', salts), requireByteArrays('contexts', contexts)];
  if (saltCount !== contextCount)
    throw new RangeError(`contexts: expected ${saltCount}, one for each salt, got ${contextCount}`);
  requireLength(length, maxDerivedBytes);
}

/** @throws TypeError or RangeError for a text of check values that `Backend.deriveKeys` does not take */
export function requireCheckText(text: Uint8Array): void {
  requireBytes('checkText', text);
  if (text.length > maxCheckTextBytes)
    throw new RangeError(`checkText: expected at most ${maxCheckTextBytes} bytes, got ${text.length}`);
}

function requireByteArrays(what: string, values: unknown): number {
  if (!Array.isArray(values)) throw new TypeError(`${what}: expected an array, got ${typeName(values)}`);
  for (let i = 0; i < values.length; i++) {
    const value: unknown = values[i];
    if (!(value instanceof Uint8Array)) requireBytes(`${what}[${i}]`, value);
  }
  return values.length;
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
