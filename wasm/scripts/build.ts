// Compiles the kernel to WebAssembly, with and without vectors, and writes each as a TypeScript module that holds the
// binary as base64: bundlers and browsers need no file beside it. The same sources and compiler give the same bytes.

import {toBase64} from '@etcd-encryption/crypto';
import asc from 'assemblyscript/asc';
import {memoryPages} from '../src/layout.ts';

const folder = import.meta.dirname;

const options = [
  'assembly/index.ts',
  '--baseDir',
  `${folder}/..`,
  '--outFile',
  'kernel.wasm',
  '--runtime',
  'stub',
  '--initialMemory',
  String(memoryPages),
  '--maximumMemory',
  String(memoryPages),
  '--optimizeLevel',
  '3',
  '--shrinkLevel',
  '1',
  '--noAssert',
];

export const renderSimdKernel = (): Promise<string> => render('simdKernel', ['--enable', 'simd']);
export const renderScalarKernel = (): Promise<string> => render('scalarKernel', []);

async function render(name: string, features: readonly string[]): Promise<string> {
  const text = toBase64(await compile(features));
  return [
    '// The kernel of wasm/assembly, compiled by wasm/scripts/build.ts; `npm run generate` renews it.',
    `export const ${name} =`,
    `  '${text}';`,
    '',
  ].join('\n');
}

/** The binary of the kernel. */
export async function compile(features: readonly string[]): Promise<Uint8Array> {
  let binary: Uint8Array | undefined;
  const {error, stderr} = await asc.main([...options, ...features], {
    writeFile: (_name, contents) => {
      if (typeof contents !== 'string') binary = contents;
    },
  });
  const complaints = stderr.toString();
  if (error === null && binary !== undefined && complaints === '') return binary;
  throw new Error(`asc: expected a binary without a warning, got ${complaints}`);
}
