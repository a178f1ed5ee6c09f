// A secret of bytes that cannot be printed, logged, serialised or cloned by accident, and that can be wiped.
// What wiping cannot do: JavaScript engines may have moved or copied the bytes before, and strings are never wiped.

import {constantTimeEqual, requireBytes} from './bytes.ts';

const shown = '[secret]';

/**
 * Bytes that only `withBytes` shows. Prints as `[secret]` under `String`, `JSON.stringify` and Node's `util.inspect`;
 * `structuredClone` gives an empty object. The constructor copies its input, which stays the caller's to wipe.
 */
export class Secret {
  readonly #bytes: Uint8Array;
  #wiped = false;

  /** @throws TypeError if `bytes` is not a `Uint8Array` */
  constructor(bytes: Uint8Array) {
    requireBytes(bytes, 'bytes');
    this.#bytes = new Uint8Array(bytes);
  }

  /** How many bytes it holds; also known after `wipe`. */
  get length(): number {
    return this.#bytes.length;
  }

  /**
   * Calls `f` with a copy of the bytes and wipes the copy when `f` returns or throws.
   * @returns what `f` returned
   * @throws TypeError if `f` returns a promise, which would outlive the copy, or the copy itself, which is wiped by then
   * @throws RangeError after `wipe`
   */
  withBytes<T>(f: (bytes: Uint8Array) => T): T {
    const copy = new Uint8Array(this.#readable());
    try {
      const result = f(copy);
      if (isThenable(result))
        throw new TypeError('withBytes: expected a synchronous function, got one that returns a promise');
      if (isView(result, copy))
        throw new TypeError('withBytes: expected a result of its own, got the bytes that are wiped');
      return result;
    } finally {
      copy.fill(0);
    }
  }

  /** Whether both hold the same bytes, compared in constant time. Throws RangeError after `wipe` of either. */
  equals(other: Secret | Uint8Array): boolean {
    const bytes = this.#readable();
    if (other instanceof Secret) return constantTimeEqual(bytes, other.#readable());
    return constantTimeEqual(bytes, other);
  }

  /** Overwrites the bytes with zeros; every later use but printing throws. */
  wipe(): void {
    this.#bytes.fill(0);
    this.#wiped = true;
  }

  toString(): string {
    return shown;
  }

  toJSON(): string {
    return shown;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return shown;
  }

  #readable(): Uint8Array {
    if (this.#wiped) throw new RangeError('secret: expected one in use, got one that was wiped');
    return this.#bytes;
  }
}

/** Calls `f` with the bytes of a secret (a copy, wiped afterwards) or with the bytes themselves; `what` names them. */
export function withKeyBytes<T>(key: Uint8Array | Secret, f: (bytes: Uint8Array) => T, what = 'key'): T {
  if (key instanceof Secret) return key.withBytes(f);
  requireBytes(key, what);
  return f(key);
}

function isThenable(value: unknown): boolean {
  return typeof (value as {readonly then?: unknown} | null | undefined)?.then === 'function';
}

function isView(value: unknown, copy: Uint8Array): boolean {
  return value === copy.buffer || (ArrayBuffer.isView(value) && value.buffer === copy.buffer);
}
