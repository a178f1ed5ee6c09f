// Reads JSON (RFC 8259) as kube-apiserver does when the first character is `{`. JSON.parse would hide doubled members
// and the spelling of numbers, which Go looks at.

import {maxNesting} from '../limits.ts';
import {type Entry, nothing, Refusal, type Tree} from './tree.ts';

type Cursor = {readonly text: string; at: number};

const blanks = /[ \t\r\n]*/y;
const numbers = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: RFC 8259, section 7 excludes exactly these
const plainRun = /[^"\\\u0000-\u001f]*/y;
const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** Reads one JSON value that fills the whole text. Throws a `Refusal`. */
export function readJson(text: string): Tree {
  const cursor: Cursor = {text, at: 0};
  const tree = readValue(cursor, 0);
  skipBlanks(cursor);
  if (cursor.at < text.length) throw fault(cursor, 'the end of the text');
  return tree;
}

function readValue(cursor: Cursor, depth: number): Tree {
  if (depth > maxNesting) throw new Refusal('nested-too-deep', `expected at most ${maxNesting} levels, got more`);
  skipBlanks(cursor);
  switch (cursor.text[cursor.at]) {
    case '{':
      return readMapping(cursor, depth);
    case '[':
      return readList(cursor, depth);
    case '"':
      return {kind: 'text', value: readText(cursor)};
    case 't':
      return readWord(cursor, 'true', {kind: 'boolean'});
    case 'f':
      return readWord(cursor, 'false', {kind: 'boolean'});
    case 'n':
      return readWord(cursor, 'null', nothing);
    default:
      return readNumber(cursor);
  }
}

function readMapping(cursor: Cursor, depth: number): Tree {
  const entries: Entry[] = [];
  cursor.at++;
  skipBlanks(cursor);
  if (taken(cursor, '}')) return {kind: 'mapping', entries};
  for (;;) {
    skipBlanks(cursor);
    if (cursor.text[cursor.at] !== '"') throw fault(cursor, 'a member name in quotes');
    const name = readText(cursor);
    skipBlanks(cursor);
    if (!taken(cursor, ':')) throw fault(cursor, '":"');
    entries.push({name, value: readValue(cursor, depth + 1)});
    skipBlanks(cursor);
    if (taken(cursor, '}')) return {kind: 'mapping', entries};
    if (!taken(cursor, ',')) throw fault(cursor, '"," or "}"');
  }
}

function readList(cursor: Cursor, depth: number): Tree {
  const items: Tree[] = [];
  cursor.at++;
  skipBlanks(cursor);
  if (taken(cursor, ']')) return {kind: 'list', items};
  for (;;) {
    items.push(readValue(cursor, depth + 1));
    skipBlanks(cursor);
    if (taken(cursor, ']')) return {kind: 'list', items};
    if (!taken(cursor, ',')) throw fault(cursor, '"," or "]"');
  }
}

function readText(cursor: Cursor): string {
  let value = '';
  cursor.at++;
  for (;;) {
    value += match(cursor, plainRun);
    if (taken(cursor, '"')) return withoutLoneSurrogates(value);
    if (!taken(cursor, '\\')) throw fault(cursor, 'the rest of a quoted text');
    const letter = cursor.text[cursor.at] ?? '';
    const escaped = escapes[letter];
    if (escaped === undefined && letter !== 'u') throw fault(cursor, 'an escape that JSON knows');
    cursor.at++;
    value += escaped ?? readUnit(cursor);
  }
}

function readUnit(cursor: Cursor): string {
  const digits = cursor.text.slice(cursor.at, cursor.at + 4);
  if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw fault(cursor, '4 hex digits');
  cursor.at += 4;
  return String.fromCharCode(Number.parseInt(digits, 16));
}

// Go puts U+FFFD in the place of half a character.
function withoutLoneSurrogates(value: string): string {
  return value.replace(/\p{Surrogate}/gu, '\ufffd');
}

function readWord(cursor: Cursor, word: string, tree: Tree): Tree {
  if (!cursor.text.startsWith(word, cursor.at)) throw fault(cursor, 'a value');
  cursor.at += word.length;
  return tree;
}

function readNumber(cursor: Cursor): Tree {
  const spelling = match(cursor, numbers);
  if (spelling === '') throw fault(cursor, 'a value');
  return {kind: 'number', spelling};
}

function skipBlanks(cursor: Cursor): void {
  match(cursor, blanks);
}

function match(cursor: Cursor, pattern: RegExp): string {
  pattern.lastIndex = cursor.at;
  const found = pattern.exec(cursor.text)?.[0] ?? '';
  cursor.at += found.length;
  return found;
}

function taken(cursor: Cursor, character: string): boolean {
  if (cursor.text[cursor.at] !== character) return false;
  cursor.at++;
  return true;
}

function fault(cursor: Cursor, expected: string): Refusal {
  if (cursor.at >= cursor.text.length) return new Refusal('not-json', `expected ${expected}, got the end of the text`);
  const line = cursor.text.slice(0, cursor.at).split('\n');
  const column = (line.at(-1)?.length ?? 0) + 1;
  return new Refusal('not-json', `expected ${expected} in line ${line.length}, column ${column}`);
}
