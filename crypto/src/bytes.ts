// Small tools on byte arrays that every part shares. No Buffer, TextEncoder or DataView: the same code runs everywhere.
// None of them puts a byte's value into an error.

const hexDigits = '0123456789abcdef';

/** Names the type of a wrong argument for an error, never its value. */
export function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/**
 * Throws a TypeError unless `value` is a `Uint8Array` whose memory is there. Memory that was transferred elsewhere would
 * count as no bytes at all, and a key of no bytes derives as well as any other.
 * @param what the argument's name, for the error
 */
export function requireBytes(value: unknown, what: string): asserts value is Uint8Array {
  if (!(value instanceof Uint8Array)) throw new TypeError(`${what}: expected a Uint8Array, got ${typeName(value)}`);
  // The engine throws when the memory is gone, or when it is a Proxy or another thing that only looks like an array.
  value.at(0);
}

/** UTF-8 bytes of a text; a lone surrogate becomes U+FFFD, as in every encoder of the web. */
export function utf8(text: string): Uint8Array {
  const out: number[] = [];
  for (const character of text) {
    let point = character.codePointAt(0) ?? 0;
    if (point >= 0xd800 && point <= 0xdfff) point = 0xfffd;
    // Bytes behind the first one, which begins with one bit more than there are of them.
    const more = point < 0x80 ? 0 : point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    out.push((more && -128 >> more) | (point >> (6 * more)));
    for (let bits = 6 * more - 6; bits >= 0; bits -= 6) out.push(0x80 | ((point >> bits) & 0x3f));
  }
  return new Uint8Array(out);
}

/**
 * Text of UTF-8 bytes. Each byte that is not part of a well-formed character becomes one U+FFFD, as in Go, and the
 * first such place is told.
 */
export function decodeUtf8(bytes: Uint8Array): {text: string; invalidAt: number | undefined} {
  const parts: string[] = [];
  let units: number[] = [];
  let invalidAt: number | undefined;
  for (let at = 0; at < bytes.length; ) {
    const {point, size} = readPoint(bytes, at);
    if (point === undefined) invalidAt ??= at;
    const shown = point ?? 0xfffd;
    if (shown < 0x10000) units.push(shown);
    else units.push(0xd800 + ((shown - 0x10000) >> 10), 0xdc00 + ((shown - 0x10000) & 0x3ff));
    at += size;
    if (units.length >= 8192) {
      parts.push(String.fromCharCode(...units));
      units = [];
    }
  }
  parts.push(String.fromCharCode(...units));
  return {text: parts.join(''), invalidAt};
}

// Well-formed sequences are those of Unicode, table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF.
function readPoint(bytes: Uint8Array, at: number): {point: number | undefined; size: number} {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return {point: first, size: 1};
  const size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return {point: undefined, size: 1};
  let point = first & (0xff >> (size + 1));
  for (let i = 1; i < size; i++) {
    const next = bytes[at + i] ?? 0;
    if ((next & 0xc0) !== 0x80) return {point: undefined, size: 1};
    point = (point << 6) | (next & 0x3f);
  }
  const smallest = size === 4 ? 0x10000 : size === 3 ? 0x800 : 0x80;
  if (point < smallest || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return {point: undefined, size: 1};
  return {point, size};
}

/** Lower-case hex digits of bytes. */
export function hex(bytes: Uint8Array): string {
  requireBytes(bytes, 'bytes');
  let out = '';
  for (const byte of bytes) out += hexDigits.charAt(byte >> 4) + hexDigits.charAt(byte & 15);
  return out;
}

/** One array that holds the parts one after another. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) {
    requireBytes(part, 'part');
    length += part.length;
  }
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Whether `bytes` begins with `prefix`. Not for secrets: it stops at the first difference. */
export function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return prefix.every((byte, i) => byte === bytes[i]);
}

/**
 * Whether two arrays hold the same bytes, in a time that depends on their lengths alone.
 * Unequal lengths are unequal at once: the length of a key or MAC is no secret.
 */
export function constantTimeEqual(a: Uint8Array, b: Uint8Array): boolean {
  requireBytes(a, 'a');
  requireBytes(b, 'b');
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}

/** Whether all bytes are one and the same, in a time that depends on their number alone; true of no bytes. */
export function allEqual(bytes: Uint8Array): boolean {
  let difference = 0;
  for (const byte of bytes) difference |= byte ^ (bytes[0] ?? 0);
  return difference === 0;
}
