// Finds key bytes in any text in one pass, however many keys there are: of each secret, pieces as hexadecimal digits, as
// base64 at each of its three alignments, as raw characters and as lists of numbers. A rolling hash over the text tells
// where one could begin; there it is compared.

import {hex, toBase64} from '@etcd-encryption/crypto';

/** Characters that are hashed; no piece is shorter. */
const windowLength = 12;
/** Bytes of a piece; a key may be cut at either end, so its first and its last are looked for. */
const pieceBytes = 12;
const base = 0x01000193;
const tableBits = 16;

interface Needle {
  readonly text: string;
  readonly name: string;
}

export interface Canaries {
  /** Looks for these bytes from now on; `name` is what a find is called by. */
  readonly learn: (name: string, bytes: Uint8Array) => void;
  readonly knows: (name: string) => boolean;
  /** Name of a secret that stands in a text. */
  readonly find: (text: string) => string | undefined;
}

export function createCanaries(): Canaries {
  const names = new Set<string>();
  const needles = new Map<number, Needle[]>();
  const table = new Uint8Array(1 << tableBits);
  const add = (needle: Needle): void => {
    const hash = hashOf(needle.text);
    const others = needles.get(hash);
    if (others === undefined) needles.set(hash, [needle]);
    else others.push(needle);
    table[placeOf(hash)] = 1;
  };
  return {
    knows: (name) => names.has(name),
    learn(name, bytes) {
      if (names.has(name)) return;
      names.add(name);
      const texts = new Set([bytes.subarray(0, pieceBytes), bytes.subarray(-pieceBytes)].flatMap(piecesOf));
      for (const text of texts) add({text, name});
    },
    find(text) {
      const {length} = text;
      if (length < windowLength || names.size === 0) return undefined;
      let hash = hashOf(text);
      for (let end = windowLength; ; end++) {
        if (table[placeOf(hash)] === 1) {
          const found = needles.get(hash)?.find((needle) => text.startsWith(needle.text, end - windowLength));
          if (found !== undefined) return found.name;
        }
        if (end >= length) return undefined;
        hash =
          (Math.imul(hash, base) + text.charCodeAt(end) - Math.imul(text.charCodeAt(end - windowLength), leading)) | 0;
      }
    },
  };
}

const placeOf = (hash: number): number => (hash ^ (hash >>> tableBits)) & ((1 << tableBits) - 1);

/** Of the first characters of a text. */
function hashOf(text: string): number {
  let hash = 0;
  for (let index = 0; index < windowLength; index++) hash = (Math.imul(hash, base) + text.charCodeAt(index)) | 0;
  return hash;
}

/** By what the oldest character of the window counts when the next one is added. */
const leading = Array.from({length: windowLength}).reduce<number>((power) => Math.imul(power, base), 1);

/** How some bytes can look inside a text, each at least a window long. */
function piecesOf(bytes: Uint8Array): readonly string[] {
  const digits = hex(bytes);
  const numbers = [...bytes];
  const encoded = [0, 1, 2].map((shift) => base64At(bytes, shift));
  return [
    digits,
    digits.toUpperCase(),
    ...encoded,
    ...encoded.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
    String.fromCharCode(...bytes),
    numbers.join(','),
    numbers.join(', '),
  ].filter(({length}) => length >= windowLength);
}

/** Characters of a longer base64 text that only these bytes decide, where they begin `shift` bytes after a whole group. */
function base64At(bytes: Uint8Array, shift: number): string {
  const padded = new Uint8Array(shift + bytes.length);
  padded.set(bytes, shift);
  const from = Math.ceil((shift * 8) / 6);
  const whole = Math.floor((padded.length * 8) / 6);
  return toBase64(padded).slice(from, Math.min(whole, from + windowLength));
}
