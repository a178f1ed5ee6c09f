// A YAML text as the scanner walks over it: characters, lines and columns. kube-apiserver reads YAML 1.1, where NEL,
// LS and PS also end a line (YAML 1.1, section 5.4) and tabs may not indent.

import type {ProblemReason} from './problem.ts';
import {Refusal} from './tree.ts';

/** The text's characters and the place of the next one. Lines and columns count from 0, columns in characters. */
export type Source = {readonly points: Uint32Array; at: number; line: number; column: number};

const nel = 0x85;
const lineSeparator = 0x2028;
const paragraphSeparator = 0x2029;
const byteOrderMark = 0xfeff;

/** Characters that the scanner asks for by name. */
export const char = {
  tab: 9,
  lineFeed: 10,
  carriageReturn: 13,
  space: 32,
  exclamation: 33,
  doubleQuote: 34,
  hash: 35,
  percent: 37,
  ampersand: 38,
  singleQuote: 39,
  asterisk: 42,
  plus: 43,
  comma: 44,
  dash: 45,
  dot: 46,
  colon: 58,
  greater: 62,
  question: 63,
  openBracket: 91,
  backslash: 92,
  closeBracket: 93,
  pipe: 124,
  openBrace: 123,
  closeBrace: 125,
} as const;

/** Makes a source of a text, whose leading byte order mark is not part of it. Throws a `Refusal`. */
export function sourceOf(text: string): Source {
  const points = pointsOf(text);
  const start = points[0] === byteOrderMark ? 1 : 0;
  for (let i = start; i < points.length; i++) {
    const point = points[i] ?? 0;
    if (point === byteOrderMark) throw new Refusal('unsupported-yaml', 'expected a byte order mark at the start only');
    if (!isPrintable(point)) throw new Refusal('not-yaml', `expected printable text, got a control character at ${i}`);
  }
  return {points: points.subarray(start), at: 0, line: 0, column: 0};
}

function pointsOf(text: string): Uint32Array {
  const points = new Uint32Array(text.length);
  let count = 0;
  for (let at = 0; at < text.length; count++) {
    const point = text.codePointAt(at) ?? 0;
    points[count] = point;
    at += point > 0xffff ? 2 : 1;
  }
  return points.subarray(0, count);
}

// YAML 1.1, section 5.1.
function isPrintable(point: number): boolean {
  if (point < 0x20) return point === char.tab || point === char.lineFeed || point === char.carriageReturn;
  if (point < 0xa0) return point <= 0x7e || point === nel;
  return !(point >= 0xd800 && point <= 0xdfff) && point !== 0xfffe && point !== 0xffff;
}

/** The character `offset` places ahead, 0 at the end of the text. */
export function peek(source: Source, offset = 0): number {
  return source.points[source.at + offset] ?? 0;
}

export function isBlank(point: number): boolean {
  return point === char.space || point === char.tab;
}

export function isBreak(point: number): boolean {
  return (
    point === char.lineFeed ||
    point === char.carriageReturn ||
    point === nel ||
    point === lineSeparator ||
    point === paragraphSeparator
  );
}

/** Blank, line break or the end of the text. */
export function isGap(point: number): boolean {
  return point === 0 || isBlank(point) || isBreak(point);
}

/** Steps over one character that is no line break. */
export function step(source: Source): void {
  source.at++;
  source.column++;
}

/** Steps over a line break and returns what it stands for in a text. */
export function takeBreak(source: Source): string {
  const point = peek(source);
  source.at += point === char.carriageReturn && peek(source, 1) === char.lineFeed ? 2 : 1;
  source.line++;
  source.column = 0;
  return point === lineSeparator || point === paragraphSeparator ? String.fromCodePoint(point) : '\n';
}

/** Whether `---` or `...` stands here at the start of a line. */
export function atDocumentMark(source: Source): boolean {
  const first = peek(source);
  if (source.column !== 0 || (first !== char.dash && first !== char.dot)) return false;
  return peek(source, 1) === first && peek(source, 2) === first && isGap(peek(source, 3));
}

/** A fault at the current place; the text itself is never repeated. */
export function faultAt(source: Source, message: string, reason: ProblemReason = 'not-yaml'): Refusal {
  return new Refusal(reason, `${message} in line ${source.line + 1}, column ${source.column + 1}`);
}
