// OpenSSL's compression function called from C, compiled when the benchmark runs. Where there is no compiler, header or
// library, the side is skipped and says which.

import {execFile} from 'node:child_process';
import {existsSync, mkdirSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import type {ElsewhereSide, SkippedSide} from '../case.ts';
import {type Derivation, rootKey} from '../inputs.ts';
import {childMs} from '../limits.ts';

const here = dirname(fileURLToPath(import.meta.url));
const sourceFile = join(here, 'transform.c');
const program = join(here, '..', '..', '..', '.cache', 'bench', 'transform');

const opensslName = '8 × SHA512_Transform in C';

/** The side for these derivations, whose contexts fit one block, or why this machine has none. */
export async function opensslSide(batch: readonly Derivation[]): Promise<ElsewhereSide | SkippedSide> {
  mkdirSync(dirname(program), {recursive: true});
  const why = await compile();
  if (why !== undefined) return {name: opensslName, why};
  return {
    kind: 'elsewhere',
    name: opensslName,
    family: 'openssl',
    answer: () => answer(batch),
    measure: async (milliseconds) => Number((await run(program, ['time', String(milliseconds)])).toString()),
  };
}

/** Whether a side or the reason for having none. */
export function isSkipped(side: ElsewhereSide | SkippedSide): side is SkippedSide {
  return 'why' in side;
}

/** Compiles; returns what is missing when it does not. */
async function compile(): Promise<string | undefined> {
  try {
    await run('cc', ['-O2', '-o', program, sourceFile, '-lcrypto']);
    return undefined;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'there is no C compiler (cc)';
    if (!existsSync('/usr/include/openssl/sha.h')) return "OpenSSL's header openssl/sha.h was not found";
    return `it did not compile: ${error instanceof Error ? error.message.trim() : 'for an unknown reason'}`;
  }
}

function answer(batch: readonly Derivation[]): Promise<Buffer> {
  const contextBytes = batch[0]?.context.length ?? 0;
  const input = Buffer.concat([rootKey, ...batch.flatMap(({salt, context}) => [salt, context])]);
  return run(program, ['answer', String(batch.length), String(contextBytes)], input);
}

function run(command: string, args: readonly string[], input?: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const options = {encoding: 'buffer', timeout: childMs} as const;
    const child = execFile(command, args, options, (error, stdout) => {
      if (error === null) resolve(stdout);
      else reject(error);
    });
    child.stdin?.end(input);
  });
}
