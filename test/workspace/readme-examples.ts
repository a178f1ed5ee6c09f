// The examples of a package's README: each block of TypeScript, and the block of text behind it, which is what the
// example prints. An example without its output is an error, so that none goes unchecked.

import {spawnSync} from 'node:child_process';
import {existsSync, readdirSync} from 'node:fs';
import {delimiter, join} from 'node:path';

export interface ReadmeExample {
  /** The line of the README, from 1, at which the code begins. */
  readonly line: number;
  readonly source: string;
  /** Exactly what it prints. */
  readonly output: string;
}

const exampleBlock = /^```ts\n(?<source>[\s\S]*?)^```\n(?:\n```text\n(?<output>[\s\S]*?)^```\n)?/gm;

/** The examples of a README, in its order. @throws Error with file and line for one without output */
export function readExamples(file: string, markdown: string): ReadmeExample[] {
  return [...markdown.matchAll(exampleBlock)].map(({index, groups}) => {
    const line = markdown.slice(0, index).split('\n').length + 1;
    const {source = '', output} = groups ?? {};
    if (output === undefined) throw new Error(`${file}:${line} expected a block of text with its output, got none`);
    return {line, source, output};
  });
}

/** A Node that is installed on this machine. */
export interface InstalledNode {
  readonly program: string;
  /** `20.20.2` */
  readonly version: string;
}

/** The first Node on PATH, outside of any node_modules, of this major version and of this minor one or a later. */
export function findNode(oldest: {readonly major: number; readonly minor: number}): InstalledNode | undefined {
  const path = process.env.PATH ?? '';
  for (const folder of path.split(delimiter)) {
    if (folder === '' || folder.includes('node_modules') || !existsSync(folder)) continue;
    const program = join(folder, 'node');
    if (!readdirSync(folder).includes('node')) continue;
    const {stdout} = spawnSync(program, ['--version'], {encoding: 'utf8'});
    const version = /^v(\d+\.\d+\.\d+)\n$/.exec(stdout ?? '')?.[1];
    const [major = 0, minor = 0] = (version ?? '').split('.').map(Number);
    if (version !== undefined && major === oldest.major && minor >= oldest.minor) return {program, version};
  }
  return undefined;
}
