// What a command prints, kept instead of printed.

import {afterEach, beforeEach, vi} from 'vitest';

export interface Output {
  out: string;
  err: string;
}

/**
 * Keeps what every test of the file prints, from its start on.
 * @param judge looks at it when the test has ended
 */
export function keepOutput(judge: (output: Output) => void): Output {
  const kept = {out: '', err: ''};
  beforeEach(() => {
    Object.assign(kept, {out: '', err: ''});
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      kept.out += String(text);
      return true;
    });
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      kept.err += String(text);
      return true;
    });
    vi.spyOn(console, 'error').mockImplementation((text) => {
      kept.err += String(text);
    });
  });
  afterEach(() => {
    vi.restoreAllMocks();
    judge(kept);
  });
  return kept;
}
