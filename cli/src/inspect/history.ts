// Explains a key history line by line: the keys that are whole, and the lines that are not.

import {utf8} from '@etcd-encryption/crypto';
import {parseHistory, refOf} from '@etcd-encryption/rotation';
import {showKey} from './configuration.ts';
import {type Finding, type Inspection, keyWords, type ShownKey} from './finding.ts';

interface Line {
  readonly number: number;
  readonly at?: string;
  readonly key: ShownKey;
}

export function inspectHistory(text: string): Inspection {
  const lines = text.split('\n');
  const tail = lines.pop() ?? '';
  const keys: Line[] = [];
  const ids = new Set<string>();
  const problems: Finding[] = [];
  const read = (line: string, number: number, last: boolean): void => {
    const {keys: found, newer} = parseHistory(utf8(`${line}\n`));
    const [key] = found;
    if (key !== undefined) {
      keys.push({number, ...timeIn(line), key: showKey(key)});
      ids.add(refOf(key).id);
      key.secret.wipe();
    } else problems.push(lineProblem(number, {newer, last}));
  };
  for (const [index, line] of lines.entries()) if (line !== '') read(line, index + 1, false);
  if (tail !== '') read(tail, lines.length + 1, true);
  const twice = keys.length - ids.size;
  return {
    kind: 'history',
    content: {keys: keys.map(({number, at, key}) => ({line: number, ...(at === undefined ? {} : {at}), ...key}))},
    lines: [
      `${keys.length} keys${twice === 0 ? '' : `, ${twice} of them once more`}`,
      ...keys.map(({number, at, key}) => `  line ${number}  ${at ?? ''}  ${keyWords(key)}`),
    ],
    problems,
    warnings: [],
  };
}

function lineProblem(number: number, {newer, last}: {readonly newer: boolean; readonly last: boolean}): Finding {
  const path = `line ${number}`;
  if (newer) return {path, reason: 'newer-release', message: 'a newer release wrote it; this one cannot read it'};
  return last
    ? {path, reason: 'torn-tail', message: 'the last line is cut short; its key is written again by the agent'}
    : {path, reason: 'damaged-line', message: 'no record, or its sum does not match'};
}

/** When the record was written, from a line whose sum was checked. */
function timeIn(line: string): {at?: string} {
  const {at} = JSON.parse(line) as {readonly at?: unknown};
  return typeof at === 'string' ? {at} : {};
}
