// What the WebAssembly adds to a download: both modules, each compressed by itself.

import {gzipSync} from 'node:zlib';
import {scalarKernel} from '../../../wasm/src/generated/scalar.gen.ts';
import {simdKernel} from '../../../wasm/src/generated/simd.gen.ts';
import type {CaseFile} from '../case.ts';

const kilobyte = 1024;

export const moduleSize: CaseFile = {
  name: 'module-size',
  load: async () => ({
    kind: 'size',
    name: 'module-size',
    title: 'all WebAssembly modules together, gzip',
    against: '12 KB',
    budgetBytes: 12 * kilobyte,
    bytes: [simdKernel, scalarKernel].map(compressedBytes).reduce((sum, bytes) => sum + bytes, 0),
  }),
};

function compressedBytes(base64: string): number {
  return gzipSync(Buffer.from(base64, 'base64'), {level: 9}).length;
}
