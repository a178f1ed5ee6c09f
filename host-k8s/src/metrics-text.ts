// The Prometheus text format (version 0.0.4), read piece by piece. A kube-apiserver's page is 2 MB of which a few lines
// are wanted, so that only lines of wanted metrics become texts; all others are skipped byte by byte.

export interface MetricSample {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
}

export interface MetricsParser {
  /** Takes the next piece, cut anywhere. */
  readonly push: (piece: Uint8Array) => void;
  /** Takes the last line when it has no line end, and answers how many wanted lines could not be read. */
  readonly end: () => {readonly malformed: number};
}

export interface MetricsParserOptions {
  /** Names of the metrics that are read. */
  readonly wanted: ReadonlySet<string>;
  readonly maxLineBytes: number;
  readonly onSample: (sample: MetricSample) => void;
}

const lineFeed = 0x0a;

export function createMetricsParser({wanted, maxLineBytes, onSample}: MetricsParserOptions): MetricsParser {
  let carried: Buffer = Buffer.alloc(0);
  /** Inside a line that is longer than the limit; it is thrown away up to its end. */
  let overlong = false;
  let malformed = 0;

  const takeLine = (buffer: Buffer, start: number, end: number): void => {
    const name = nameAt(buffer, start, end);
    if (name === undefined || !wanted.has(name)) return;
    const sample = end - start > maxLineBytes ? undefined : readSample(name, buffer.toString('utf8', start, end));
    if (sample === undefined) malformed += 1;
    else onSample(sample);
  };

  const carry = (rest: Buffer): void => {
    if (rest.length > maxLineBytes) {
      takeLine(rest, 0, rest.length);
      overlong = true;
      carried = Buffer.alloc(0);
    } else carried = Buffer.from(rest);
  };

  const push = (piece: Uint8Array): void => {
    const fresh = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    const buffer = carried.length === 0 ? fresh : Buffer.concat([carried, fresh]);
    let start = 0;
    for (let end = buffer.indexOf(lineFeed); end >= 0; end = buffer.indexOf(lineFeed, start)) {
      if (!overlong) takeLine(buffer, start, end);
      overlong = false;
      start = end + 1;
    }
    if (!overlong) carry(buffer.subarray(start));
  };

  const end = (): {malformed: number} => {
    if (!overlong) takeLine(carried, 0, carried.length);
    return {malformed};
  };
  return {push, end};
}

/** The metric's name at the start of a line, after blanks; `undefined` on comments and empty lines. */
function nameAt(buffer: Buffer, from: number, end: number): string | undefined {
  let start = from;
  while (start < end && isBlank(buffer[start])) start++;
  let at = start;
  while (at < end && isNameByte(buffer[at])) at++;
  return at > start ? buffer.toString('latin1', start, at) : undefined;
}

const isBlank = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x09;

function isNameByte(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  const lower = byte | 0x20;
  return (lower >= 0x61 && lower <= 0x7a) || (byte >= 0x30 && byte <= 0x3a) || byte === 0x5f;
}

function readSample(name: string, line: string): MetricSample | undefined {
  const cursor = {text: line, at: line.indexOf(name) + name.length};
  const labels = readLabels(cursor);
  if (labels === undefined) return undefined;
  // A value and, rarely, a time stamp in milliseconds.
  const [word, stamp, ...more] = cursor.text
    .slice(cursor.at)
    .trim()
    .split(/[ \t]+/);
  if (word === undefined || more.length > 0 || (stamp !== undefined && !/^-?\d+$/.test(stamp))) return undefined;
  const value = readNumber(word);
  return value === undefined ? undefined : {name, labels, value};
}

interface Cursor {
  readonly text: string;
  at: number;
}

/** `{name="value",…}` with any blanks and an optional last comma; no braces are no labels. */
function readLabels(cursor: Cursor): ReadonlyMap<string, string> | undefined {
  const labels = new Map<string, string>();
  skipBlanks(cursor);
  if (cursor.text[cursor.at] !== '{') return labels;
  cursor.at += 1;
  for (;;) {
    skipBlanks(cursor);
    if (take(cursor, '}')) return labels;
    const name = /^[a-zA-Z_][a-zA-Z0-9_]*/.exec(cursor.text.slice(cursor.at, cursor.at + 256))?.[0];
    if (name === undefined || labels.has(name)) return undefined;
    cursor.at += name.length;
    skipBlanks(cursor);
    if (!take(cursor, '=')) return undefined;
    skipBlanks(cursor);
    const value = readQuoted(cursor);
    if (value === undefined) return undefined;
    labels.set(name, value);
    skipBlanks(cursor);
    if (take(cursor, ',')) continue;
    return take(cursor, '}') ? labels : undefined;
  }
}

/** A label's value; `\\`, `\"` and `\n` are the only escapes, and any other backslash stands for itself. */
function readQuoted(cursor: Cursor): string | undefined {
  if (!take(cursor, '"')) return undefined;
  let value = '';
  for (; cursor.at < cursor.text.length; cursor.at++) {
    const character = cursor.text.charAt(cursor.at);
    if (character === '"') {
      cursor.at += 1;
      return value;
    }
    if (character !== '\\') {
      value += character;
      continue;
    }
    cursor.at += 1;
    const escaped = cursor.text.charAt(cursor.at);
    if (escaped === 'n') value += '\n';
    else value += escaped === '"' || escaped === '\\' ? escaped : `\\${escaped}`;
  }
  return undefined;
}

function skipBlanks(cursor: Cursor): void {
  while (cursor.text[cursor.at] === ' ' || cursor.text[cursor.at] === '\t') cursor.at += 1;
}

function take(cursor: Cursor, character: string): boolean {
  if (cursor.text[cursor.at] !== character) return false;
  cursor.at += 1;
  return true;
}

/** Numbers as Go prints them. */
function readNumber(word: string): number | undefined {
  if (/^[+-]?inf(inity)?$/i.test(word))
    return word.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (/^[+-]?nan$/i.test(word)) return Number.NaN;
  return /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(word) ? Number(word) : undefined;
}
