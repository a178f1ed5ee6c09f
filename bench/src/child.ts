// Runs a program of `children/` in a fresh process and reads its answer, one line of JSON.

import {execFile} from 'node:child_process';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import {childMs} from './limits.ts';

const children = join(dirname(fileURLToPath(import.meta.url)), 'children');

/**
 * @param node the Node that runs it, this one unless another is given
 * @throws Error with what the child wrote if it fails or takes longer than `childMs`
 */
export async function runChild(file: string, args: readonly string[], node = process.execPath): Promise<unknown> {
  const {stdout} = await promisify(execFile)(node, [join(children, file), ...args], {timeout: childMs});
  return JSON.parse(stdout);
}
