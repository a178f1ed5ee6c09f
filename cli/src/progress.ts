// Lines of progress on stderr: one that changes in place on a terminal, one a second elsewhere.

import type {VerbInput} from './verb.ts';

export interface Progress {
  readonly show: (line: string) => void;
}

/** Cursor one line up, line erased (ECMA-48 §8.3.22, §8.3.41). */
const overwrite = '\x1b[1A\x1b[2K';

export function createProgress(
  {err}: Pick<VerbInput, 'err'>,
  stream: {readonly isTTY?: boolean; readonly columns?: number} = process.stderr,
): Progress {
  const terminal = stream.isTTY === true;
  let shown = false;
  return {
    show: (line) => {
      // A line that wraps could not be overwritten.
      const text = terminal ? [...line].slice(0, Math.max(20, (stream.columns ?? 80) - 1)).join('') : line;
      err(terminal && shown ? overwrite + text : text);
      shown = true;
    },
  };
}
