// Standard base64 with padding (RFC 4648, section 4), read as Go's decoder reads it and more strictly in one point:
// padding bits must be zero, because readers disagree on what the others mean.

import {requireBytes, typeName} from './bytes.ts';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const notADigit = 255;
const pad = 61;

const digitOf = /* @__PURE__ */ digitTable();

function digitTable(): Uint8Array {
  const table = new Uint8Array(128).fill(notADigit);
  for (let i = 0; i < alphabet.length; i++) table[alphabet.charCodeAt(i)] = i;
  return table;
}

/** What reading base64 gave. `at` is the index of the first character that is wrong, or the length if one is missing. */
export type Base64Result =
  | {readonly outcome: 'ok'; readonly bytes: Uint8Array}
  | {readonly outcome: 'malformed'; readonly at: number};

/** Standard base64 of bytes, with padding, on one line. */
export function toBase64(bytes: Uint8Array): string {
  requireBytes(bytes, 'bytes');
  let out = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const group = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    out += alphabet.charAt(group >> 18) + alphabet.charAt((group >> 12) & 63);
    out += i + 1 < bytes.length ? alphabet.charAt((group >> 6) & 63) : '=';
    out += i + 2 < bytes.length ? alphabet.charAt(group & 63) : '=';
  }
  return out;
}

/**
 * Bytes of a base64 text. Accepts exactly what Go's `base64.StdEncoding` accepts (carriage returns and line feeds may
 * stand anywhere) if its padding bits are zero as well. Never throws on a text.
 */
export function fromBase64(text: string): Base64Result {
  if (typeof text !== 'string') throw new TypeError(`text: expected a string, got ${typeName(text)}`);
  const places = significantPlaces(text);
  const digits = countDigits(text, places);
  const wrong = wrongEnd(text, places, digits);
  if (wrong !== undefined) return {outcome: 'malformed', at: wrong};
  const bytes = new Uint8Array((digits * 6) >> 3);
  let bits = 0;
  let held = 0;
  let written = 0;
  for (let i = 0; i < digits; i++) {
    held = ((held << 6) | digitAt(text, places[i] ?? 0)) & 0xfff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[written++] = (held >> bits) & 255;
  }
  if ((held & ((1 << bits) - 1)) !== 0) return {outcome: 'malformed', at: places[digits - 1] ?? 0};
  return {outcome: 'ok', bytes};
}

function significantPlaces(text: string): number[] {
  const places: number[] = [];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code !== 10 && code !== 13) places.push(at);
  }
  return places;
}

function countDigits(text: string, places: readonly number[]): number {
  let count = 0;
  for (const at of places) {
    if (digitAt(text, at) === notADigit) break;
    count++;
  }
  return count;
}

// After the digits stands exactly the padding that fills the last group of four, and nothing else.
function wrongEnd(text: string, places: readonly number[], digits: number): number | undefined {
  const padding = digits % 4 === 1 ? 0 : (4 - (digits % 4)) % 4;
  for (let i = digits; i < digits + padding; i++) {
    const at = places[i] ?? text.length;
    if (text.charCodeAt(at) !== pad) return at;
  }
  return places[digits + padding] ?? (digits % 4 === 1 ? text.length : undefined);
}

function digitAt(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code < 128 ? (digitOf[code] ?? notADigit) : notADigit;
}
