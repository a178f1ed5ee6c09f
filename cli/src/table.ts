// Tables and colours for terminals. Texts come from the cluster, so that control characters are taken out of them.

export type Tone = 'good' | 'warn' | 'bad' | 'dim' | 'plain';

export interface Cell {
  readonly text: string;
  readonly tone: Tone;
}

export type Paint = (tone: Tone, text: string) => string;

/** SGR codes (ECMA-48 §8.3.117). */
const codes: Readonly<Record<Exclude<Tone, 'plain'>, string>> = {good: '32', warn: '33', bad: '31', dim: '2'};

export const plainPaint: Paint = (_tone, text) => text;
const colorPaint: Paint = (tone, text) => (tone === 'plain' ? text : `\x1b[${codes[tone]}m${text}\x1b[0m`);

/** Colours on a terminal, unless NO_COLOR is set to anything (no-color.org) or the terminal is dumb. */
export function choosePaint(
  stream: {readonly isTTY?: boolean} = process.stdout,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Paint {
  const plain = stream.isTTY !== true || (environment.NO_COLOR ?? '') !== '' || environment.TERM === 'dumb';
  return plain ? plainPaint : colorPaint;
}

/** One line without control characters. */
export const cleanLine = (text: string): string =>
  text
    .replace(/\s+/g, ' ')
    .replace(/\p{Cc}/gu, '?')
    .trim();

export const cell = (text: string, tone: Tone = 'plain'): Cell => ({text: cleanLine(text), tone});

/** Rows in columns, two blanks apart; the first row is the header. No line ends in blanks. */
export function formatTable(rows: readonly (readonly Cell[])[], paint: Paint): string {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({length: columns}, (_, column) =>
    Math.max(0, ...rows.map((row) => [...(row[column]?.text ?? '')].length)),
  );
  return rows.map((row) => formatRow(row, widths, paint)).join('\n');
}

function formatRow(row: readonly Cell[], widths: readonly number[], paint: Paint): string {
  const last = row.findLastIndex(({text}) => text !== '');
  return row
    .slice(0, last + 1)
    .map(({text, tone}, column) => {
      const blanks = column === last ? 0 : Math.max(0, (widths[column] ?? 0) - [...text].length) + 2;
      return paint(tone, text) + ' '.repeat(blanks);
    })
    .join('');
}
