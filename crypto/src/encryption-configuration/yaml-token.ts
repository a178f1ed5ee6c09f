// Splits the first document of a YAML text into tokens: indentation becomes start and end tokens, and an implicit key
// gets its token when its `:` is met. libyaml's rules for where keys and entries may stand are kept exactly.
// Directives, tags, anchors, aliases and `?` keys are refused: no configuration needs them.

import {maxImplicitKeyCharacters} from '../limits.ts';
import {takeBlock, takePlain, takeQuoted} from './yaml-scalar.ts';
import {
  atDocumentMark,
  char,
  faultAt,
  isBlank,
  isBreak,
  isGap,
  peek,
  type Source,
  sourceOf,
  step,
  takeBreak,
} from './yaml-source.ts';

/** One word of YAML's grammar. `line` counts from 0. */
export type Token =
  | {readonly kind: 'scalar'; readonly value: string; readonly plain: boolean; readonly line: number}
  | {readonly kind: TokenKind; readonly line: number};

type TokenKind =
  | 'list-start'
  | 'mapping-start'
  | 'block-end'
  | 'entry'
  | 'key'
  | 'value'
  | 'flow-list-start'
  | 'flow-list-end'
  | 'flow-mapping-start'
  | 'flow-mapping-end'
  | 'comma'
  | 'end';

/** The tokens of the first document, the last of kind `end`, and whether anything follows that document. */
export type Tokens = {readonly tokens: readonly Token[]; readonly more: boolean};

/** A place where an implicit key may have begun. */
type PossibleKey = {
  readonly required: boolean;
  readonly token: number;
  readonly at: number;
  readonly line: number;
  readonly column: number;
};

type Scanner = {
  readonly source: Source;
  readonly tokens: Token[];
  readonly indents: number[];
  readonly keys: (PossibleKey | undefined)[];
  indent: number;
  keyAllowed: boolean;
};

const neverPlain: ReadonlySet<number> = /* @__PURE__ */ new Set(
  /* @__PURE__ */ Array.from('-?:,[]{}#&*!|>\'"%@`', (c) => c.charCodeAt(0)),
);

/** Tokens of the first document of a text. Throws a `Refusal`. */
export function tokensOf(text: string): Tokens {
  const source = sourceOf(text);
  const scanner: Scanner = {source, tokens: [], indents: [], keys: [undefined], indent: -1, keyAllowed: true};
  skipToToken(scanner);
  if (atDocumentMark(source) && peek(source) === char.dash) {
    skipMark(source);
    scanner.keyAllowed = false;
  }
  for (;;) {
    skipToToken(scanner);
    unrollIndent(scanner, source.column);
    if (peek(source) === 0 || atDocumentMark(source)) break;
    nextTake(scanner)(scanner);
  }
  if (scanner.keys.length > 1) throw faultAt(source, 'expected the end of a bracket, got the end of the document');
  unrollIndent(scanner, -1);
  dropKey(scanner);
  scanner.tokens.push({kind: 'end', line: source.line});
  return {tokens: scanner.tokens, more: hasMore(scanner)};
}

function hasMore(scanner: Scanner): boolean {
  const {source} = scanner;
  if (peek(source) === 0) return false;
  const another = peek(source) === char.dash;
  skipMark(source);
  skipToToken(scanner);
  return another || peek(source) !== 0;
}

function skipMark(source: Source): void {
  for (let i = 0; i < 3; i++) step(source);
}

function skipToToken(scanner: Scanner): void {
  const {source} = scanner;
  for (;;) {
    while (peek(source) === char.space || (peek(source) === char.tab && (inFlow(scanner) || !scanner.keyAllowed))) {
      step(source);
    }
    if (peek(source) === char.hash) while (peek(source) !== 0 && !isBreak(peek(source))) step(source);
    if (!isBreak(peek(source))) return;
    takeBreak(source);
    if (!inFlow(scanner)) scanner.keyAllowed = true;
  }
}

type Take = (scanner: Scanner) => void;

const flowTakes: ReadonlyMap<number, Take> = /* @__PURE__ */ new Map<number, Take>([
  [char.openBracket, (scanner) => takeFlowStart(scanner, 'flow-list-start')],
  [char.openBrace, (scanner) => takeFlowStart(scanner, 'flow-mapping-start')],
  [char.closeBracket, (scanner) => takeFlowEnd(scanner, 'flow-list-end')],
  [char.closeBrace, (scanner) => takeFlowEnd(scanner, 'flow-mapping-end')],
  [char.comma, (scanner) => takeIndicator(scanner, 'comma')],
]);

function nextTake(scanner: Scanner): Take {
  const {source} = scanner;
  const point = peek(source);
  const gapAfter = isGap(peek(source, 1));
  const flowTake = flowTakes.get(point);
  if (point === char.percent && source.column === 0) throw unsupported(source, 'a directive');
  if (flowTake !== undefined) return flowTake;
  if (point === char.dash && gapAfter) return takeEntry;
  if (point === char.question && (inFlow(scanner) || gapAfter)) throw unsupported(source, 'a "?" key');
  if (point === char.colon && (inFlow(scanner) || gapAfter)) return takeValueMark;
  if ((point === char.pipe || point === char.greater) && !inFlow(scanner)) return takeBlockScalar;
  if (point === char.singleQuote || point === char.doubleQuote) return takeQuotedScalar;
  if (startsPlain(scanner, point)) return takePlainScalar;
  if (point === char.ampersand || point === char.asterisk || point === char.exclamation) {
    throw unsupported(source, 'an anchor, alias or tag');
  }
  throw faultAt(source, 'expected a value, got a character that cannot begin one');
}

function startsPlain(scanner: Scanner, point: number): boolean {
  const next = peek(scanner.source, 1);
  if (point === char.dash) return !isBlank(next);
  if (point === char.question || point === char.colon) return !inFlow(scanner) && !isGap(next);
  return !isGap(point) && !neverPlain.has(point);
}

function takeQuotedScalar(scanner: Scanner): void {
  const {source, tokens} = scanner;
  const {line} = source;
  saveKey(scanner);
  scanner.keyAllowed = false;
  tokens.push({kind: 'scalar', value: takeQuoted(source), plain: false, line});
}

function takePlainScalar(scanner: Scanner): void {
  const {source, tokens} = scanner;
  const {line} = source;
  saveKey(scanner);
  const {value, broken} = takePlain(source, scanner.indent, inFlow(scanner));
  scanner.keyAllowed = broken;
  tokens.push({kind: 'scalar', value, plain: true, line});
}

function takeBlockScalar(scanner: Scanner): void {
  const {line} = scanner.source;
  dropKey(scanner);
  scanner.keyAllowed = true;
  scanner.tokens.push({kind: 'scalar', value: takeBlock(scanner.source, scanner.indent), plain: false, line});
}

function takeFlowStart(scanner: Scanner, kind: TokenKind): void {
  saveKey(scanner);
  scanner.keys.push(undefined);
  scanner.keyAllowed = true;
  push(scanner, kind);
}

function takeFlowEnd(scanner: Scanner, kind: TokenKind): void {
  if (!inFlow(scanner)) throw faultAt(scanner.source, 'expected no closing bracket');
  dropKey(scanner);
  scanner.keys.pop();
  scanner.keyAllowed = false;
  push(scanner, kind);
}

function takeIndicator(scanner: Scanner, kind: TokenKind): void {
  dropKey(scanner);
  scanner.keyAllowed = true;
  push(scanner, kind);
}

function takeEntry(scanner: Scanner): void {
  const {source} = scanner;
  if (inFlow(scanner)) throw faultAt(source, 'expected no "-" entry within brackets');
  if (!scanner.keyAllowed) throw faultAt(source, 'expected no "-" entry here');
  rollIndent(scanner, source.column, scanner.tokens.length, 'list-start');
  takeIndicator(scanner, 'entry');
}

function takeValueMark(scanner: Scanner): void {
  const {source, keys, tokens} = scanner;
  const key = keys.at(-1);
  const stale = key !== undefined && (key.line < source.line || key.at + maxImplicitKeyCharacters < source.at);
  if (key === undefined || stale) throw faultAt(source, 'expected a key before ":"');
  tokens.splice(key.token, 0, {kind: 'key', line: key.line});
  rollIndent(scanner, key.column, key.token, 'mapping-start');
  keys[keys.length - 1] = undefined;
  scanner.keyAllowed = false;
  push(scanner, 'value');
}

function push({source, tokens}: Scanner, kind: TokenKind): void {
  tokens.push({kind, line: source.line});
  step(source);
}

function saveKey(scanner: Scanner): void {
  const {source, keys, tokens} = scanner;
  if (!scanner.keyAllowed) return;
  dropKey(scanner);
  const required = !inFlow(scanner) && scanner.indent === source.column;
  const {at, line, column} = source;
  keys[keys.length - 1] = {required, token: tokens.length, at, line, column};
}

function dropKey({source, keys}: Scanner): void {
  if (keys.at(-1)?.required === true) throw faultAt(source, 'expected ":" after the key before this place');
  keys[keys.length - 1] = undefined;
}

function rollIndent(scanner: Scanner, column: number, token: number, kind: TokenKind): void {
  if (inFlow(scanner) || scanner.indent >= column) return;
  scanner.indents.push(scanner.indent);
  scanner.indent = column;
  scanner.tokens.splice(token, 0, {kind, line: scanner.source.line});
}

function unrollIndent(scanner: Scanner, column: number): void {
  if (inFlow(scanner)) return;
  while (scanner.indent > column) {
    scanner.tokens.push({kind: 'block-end', line: scanner.source.line});
    scanner.indent = scanner.indents.pop() ?? -1;
  }
}

function inFlow({keys}: Scanner): boolean {
  return keys.length > 1;
}

function unsupported(source: Source, what: string) {
  return faultAt(source, `expected plain YAML, got ${what}`, 'unsupported-yaml');
}
