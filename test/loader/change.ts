// Changed copies of a file: cut short, one byte another, or spliced with pieces that mean something to YAML or JSON.
import type {Random} from './random.ts';

// Bytes that carry structure, a few that are text, and some that are no UTF-8 on their own.
const telling = Array.from('\t\n\r !"#%&\'*+,-./0:=>?@AZ[\\]`aenuz{|}~\0\x7f', (c) => c.charCodeAt(0));

const pieces: readonly [string, ...string[]] = [
  '\n',
  '\r\n',
  ' ',
  '\t',
  '- ',
  ': ',
  ':',
  '? ',
  '#',
  ' #',
  ',',
  '"',
  "'",
  '\\',
  '|',
  '|2\n',
  '>-\n',
  '|+\n',
  '{',
  '}',
  '[',
  ']',
  '{}',
  '&a ',
  '*a',
  '!!str ',
  '!x ',
  '---\n',
  '--- ',
  '...\n',
  '%YAML 1.1\n---\n',
  '<<: ',
  '\u0085',
  '\u2028',
  '\ufeff',
  '\u00e9',
  '\\u0041',
  '\\x41',
  '\\/',
  '\\\n',
  'null',
  '~',
  'yes',
  '12',
  '0x1f',
  '1e3',
  '.5',
  '2001-01-01',
  '12:30',
  'identity: {}',
  'identity:',
  'name: x',
  'secret: c2VjcmV0',
  'kind: x',
  '- secrets',
  'resources:',
  'providers: []',
];

/** Every strict prefix of a file. */
export function* prefixesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let length = 0; length < bytes.length; length++) yield bytes.slice(0, length);
}

/** The file with one byte another: each place with every byte, or with `perPlace` chosen ones. */
export function* oneByteChanges(bytes: Uint8Array, random: Random, perPlace: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at++) {
    for (const value of replacements(bytes[at] ?? 0, random, perPlace)) {
      const changed = bytes.slice();
      changed[at] = value;
      yield changed;
    }
  }
}

function replacements(original: number, random: Random, perPlace: number): ReadonlySet<number> {
  const values = new Set<number>();
  if (perPlace >= 255) for (let value = 0; value < 256; value++) values.add(value);
  while (values.size < perPlace) {
    values.add(random.chance(0.8) ? (telling[random.below(telling.length)] ?? 0) : random.below(256));
    values.delete(original);
  }
  values.delete(original);
  return values;
}

/** The text with one to three places cut out, doubled, moved or filled with a telling piece. */
export function spliced(text: string, random: Random): string {
  let result = text;
  for (let left = 1 + random.below(3); left > 0; left--) {
    const from = random.below(result.length + 1);
    const to = Math.min(result.length, from + random.below(random.chance(0.5) ? 4 : 40));
    const middle = result.slice(from, to);
    const filled = [
      () => result.slice(0, from) + random.pick(pieces) + result.slice(from),
      () => result.slice(0, from) + random.pick(pieces) + result.slice(to),
      () => result.slice(0, from) + result.slice(to),
      () => result.slice(0, to) + middle + result.slice(to),
      () => swappedLines(result, random),
      () => indentedLine(result, random),
    ] as const;
    result = random.pick(filled)();
  }
  return result;
}

function swappedLines(text: string, random: Random): string {
  const lines = text.split('\n');
  const a = random.below(lines.length);
  const b = random.below(lines.length);
  [lines[a], lines[b]] = [lines[b] ?? '', lines[a] ?? ''];
  return lines.join('\n');
}

function indentedLine(text: string, random: Random): string {
  const lines = text.split('\n');
  const at = random.below(lines.length);
  const line = lines[at] ?? '';
  lines[at] = random.chance(0.5) ? `${random.pick([' ', '  ', '\t', '- '])}${line}` : line.replace(/^ {1,2}/, '');
  return lines.join('\n');
}
