// The scalars of YAML 1.1: plain, quoted and block ones, with the folding of their lines (YAML 1.1, chapter 9).
// What libyaml does is the rule here, because kube-apiserver reads with a port of it.

import {
  atDocumentMark,
  char,
  faultAt,
  isBlank,
  isBreak,
  isGap,
  peek,
  type Source,
  step,
  takeBreak,
} from './yaml-source.ts';

/** Blanks and line breaks between two pieces of a scalar. */
type Gap = {whitespace: string; firstBreak: string; moreBreaks: string; broken: boolean};

const escapes: ReadonlyMap<number, string> = /* @__PURE__ */ new Map(
  /* @__PURE__ */ Object.entries({
    '0': '\0',
    a: '\x07',
    b: '\b',
    t: '\t',
    '\t': '\t',
    n: '\n',
    v: '\v',
    f: '\f',
    r: '\r',
    e: '\x1b',
    ' ': ' ',
    '"': '"',
    "'": "'",
    '\\': '\\',
    N: '\x85',
    _: '\xa0',
    L: '\u2028',
    P: '\u2029',
  }).map(([letter, value]) => [letter.charCodeAt(0), value]),
);
const escapeDigits: ReadonlyMap<number, number> = new Map([
  [0x78, 2],
  [0x75, 4],
  [0x55, 8],
]);

/** Reads a scalar in single or double quotes; the source stands on the first quote. */
export function takeQuoted(source: Source): string {
  const quote = peek(source);
  let value = '';
  step(source);
  for (;;) {
    if (atDocumentMark(source)) throw faultAt(source, 'expected the end of a quoted text, got a document mark');
    if (peek(source) === 0) throw faultAt(source, 'expected the end of a quoted text, got the end of the file');
    const gap: Gap = {whitespace: '', firstBreak: '', moreBreaks: '', broken: false};
    while (!isGap(peek(source))) {
      if (peek(source) === quote) {
        if (quote !== char.singleQuote || peek(source, 1) !== quote) break;
        value += "'";
        step(source);
        step(source);
      } else if (quote === char.doubleQuote && peek(source) === char.backslash) {
        step(source);
        if (isBreak(peek(source))) {
          takeBreak(source);
          gap.broken = true;
          break;
        }
        value += takeEscape(source);
      } else {
        value += takeCharacter(source);
      }
    }
    if (peek(source) === quote) break;
    takeGap(source, gap);
    value += folded(gap);
  }
  step(source);
  return value;
}

function takeEscape(source: Source): string {
  const letter = peek(source);
  const simple = escapes.get(letter);
  const count = escapeDigits.get(letter);
  if (simple === undefined && count === undefined) throw faultAt(source, 'expected an escape that YAML 1.1 knows');
  step(source);
  if (simple !== undefined || count === undefined) return simple ?? '';
  let digits = '';
  for (let i = 0; i < count; i++) digits += String.fromCodePoint(peek(source, i));
  const point = /^[0-9a-fA-F]+$/.test(digits) ? Number.parseInt(digits, 16) : Number.NaN;
  if (!(point <= 0x10ffff) || (point >= 0xd800 && point <= 0xdfff)) {
    throw faultAt(source, 'expected the hex digits of a character');
  }
  for (let i = 0; i < count; i++) step(source);
  return String.fromCodePoint(point);
}

/** Reads a plain scalar. `indent` is the block's column, -1 outside of all; `broken` tells that it ended at a line's end. */
export function takePlain(source: Source, indent: number, inFlow: boolean): {value: string; broken: boolean} {
  let value = '';
  let gap: Gap = {whitespace: '', firstBreak: '', moreBreaks: '', broken: false};
  for (;;) {
    if (atDocumentMark(source) || peek(source) === char.hash) break;
    let piece = '';
    while (!isGap(peek(source)) && !endsPlain(source, inFlow)) piece += takeCharacter(source);
    if (piece !== '') {
      value += folded(gap) + piece;
      gap = {whitespace: '', firstBreak: '', moreBreaks: '', broken: false};
    }
    if (peek(source) === 0 || !isGap(peek(source))) break;
    takeGap(source, gap, indent + 1);
    if (!inFlow && source.column <= indent) break;
  }
  return {value, broken: gap.broken};
}

function endsPlain(source: Source, inFlow: boolean): boolean {
  switch (peek(source)) {
    case char.colon:
      return isGap(peek(source, 1));
    case char.comma:
    case char.question:
    case char.openBracket:
    case char.closeBracket:
    case char.openBrace:
    case char.closeBrace:
      return inFlow;
    default:
      return false;
  }
}

function takeCharacter(source: Source): string {
  const character = String.fromCodePoint(peek(source));
  step(source);
  return character;
}

// Up to `tabFree` columns of a continued line, tabs are refused as indentation.
function takeGap(source: Source, gap: Gap, tabFree = 0): void {
  for (let point = peek(source); isBlank(point) || isBreak(point); point = peek(source)) {
    if (isBreak(point)) {
      const text = takeBreak(source);
      if (gap.broken) gap.moreBreaks += text;
      else gap.firstBreak = text;
      gap.broken = true;
      gap.whitespace = '';
    } else {
      if (gap.broken && point === char.tab && source.column < tabFree) {
        throw faultAt(source, 'expected spaces for indentation, got a tab');
      }
      if (!gap.broken) gap.whitespace += String.fromCodePoint(point);
      step(source);
    }
  }
}

// One line break becomes a space, more become one break less; LS and PS stay as they are.
function folded({whitespace, firstBreak, moreBreaks, broken}: Gap): string {
  if (!broken) return whitespace;
  if (firstBreak !== '\n') return firstBreak + moreBreaks;
  return moreBreaks === '' ? ' ' : moreBreaks;
}

type BlockHeader = {chomping: number; increment: number};

/** Reads a literal (`|`) or folded (`>`) block scalar; the source stands on its indicator. */
export function takeBlock(source: Source, parentIndent: number): string {
  const literal = peek(source) === char.pipe;
  step(source);
  const {chomping, increment} = takeBlockHeader(source);
  const given = increment > 0 ? Math.max(parentIndent, 0) + increment : 0;
  const first = takeBlockBreaks(source, given, parentIndent);
  const {indent} = first;
  let {breaks} = first;
  let value = '';
  let lineBreak = '';
  let blankBefore = false;
  while (source.column === indent && peek(source) !== 0) {
    const blankHere = isBlank(peek(source));
    if (!literal && !blankBefore && !blankHere && lineBreak === '\n') value += breaks === '' ? ' ' : breaks;
    else value += lineBreak + breaks;
    blankBefore = blankHere;
    while (peek(source) !== 0 && !isBreak(peek(source))) value += takeCharacter(source);
    lineBreak = isBreak(peek(source)) ? takeBreak(source) : '';
    ({breaks} = takeBlockBreaks(source, indent, parentIndent));
  }
  if (chomping >= 0) value += lineBreak;
  if (chomping > 0) value += breaks;
  return value;
}

function takeBlockHeader(source: Source): BlockHeader {
  const header: BlockHeader = {chomping: 0, increment: 0};
  for (let i = 0; i < 2; i++) {
    const point = peek(source);
    if ((point === char.plus || point === char.dash) && header.chomping === 0) {
      header.chomping = point === char.plus ? 1 : -1;
      step(source);
    } else if (point >= 0x30 && point <= 0x39 && header.increment === 0) {
      header.increment = point - 0x30;
      if (header.increment === 0) throw faultAt(source, 'expected an indentation of 1 to 9');
      step(source);
    }
  }
  while (isBlank(peek(source))) step(source);
  if (peek(source) === char.hash) while (peek(source) !== 0 && !isBreak(peek(source))) step(source);
  if (isBreak(peek(source))) takeBreak(source);
  else if (peek(source) !== 0) throw faultAt(source, 'expected a line break after a block indicator');
  return header;
}

// Steps over indentation and empty lines. An indent of 0 is found out from the lines that follow.
function takeBlockBreaks(source: Source, known: number, parentIndent: number): {indent: number; breaks: string} {
  let breaks = '';
  let deepest = 0;
  for (;;) {
    while ((known === 0 || source.column < known) && peek(source) === char.space) step(source);
    deepest = Math.max(deepest, source.column);
    if ((known === 0 || source.column < known) && peek(source) === char.tab) {
      throw faultAt(source, 'expected spaces for indentation, got a tab');
    }
    if (!isBreak(peek(source))) break;
    breaks += takeBreak(source);
  }
  return {indent: known === 0 ? Math.max(deepest, parentIndent + 1, 1) : known, breaks};
}
