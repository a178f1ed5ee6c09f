// What the binaries are: small, closed, of one memory that never grows, and made of the sources beside them.
import {gzipSync} from 'node:zlib';
import {describe, expect, test} from 'vitest';
import {compile} from '../../wasm/scripts/build.ts';
import {decodeBinary} from '../../wasm/src/binary.ts';
import {scalarKernel} from '../../wasm/src/generated/scalar.gen.ts';
import {simdKernel} from '../../wasm/src/generated/simd.gen.ts';
import {createKernelSync} from '../../wasm/src/kernel.ts';
import * as layout from '../../wasm/src/layout.ts';
import {bundleForBrowser} from '../bundle/bundle.ts';
import {engine} from './known.ts';

const binaries = {simd: decodeBinary(simdKernel), scalar: decodeBinary(scalarKernel)};

/** Bytes of both binaries after gzip. */
const binariesBudget = 8 * 1024;

/** Bytes of a minified bundle after gzip, crypto's part not counted: base64 hides from gzip what repeats in the binaries. */
const bundleBudget = 13 * 1024;

/** Sections that a binary may have, by the numbers of the WebAssembly specification (5.5.2). */
const sectionNames = new Map([
  [1, 'type'],
  [3, 'function'],
  [5, 'memory'],
  [7, 'export'],
  [10, 'code'],
  [11, 'data'],
  [12, 'data count'],
]);

interface Section {
  readonly name: string;
  readonly contents: Uint8Array;
}

function sectionsOf(binary: Uint8Array): Section[] {
  const sections: Section[] = [];
  let at = 8;
  const readNumber = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = binary[at++] ?? 0;
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < binary.length) {
    const id = binary[at++] ?? 0;
    const end = readNumber() + at;
    sections.push({name: sectionNames.get(id) ?? `section ${id}`, contents: binary.subarray(at, end)});
    at = end;
  }
  return sections;
}

describe.each(['simd', 'scalar'] as const)('%s', (path) => {
  const binary = binaries[path];
  const wasm = new engine.Module(binary);

  test('the module ⇒ imports nothing; exports the memory and eight functions, no global', () => {
    expect(engine.Module.imports(wasm)).toEqual([]);
    const exports = engine.Module.exports(wasm).map(({kind, name}) => `${kind} ${name}`);
    const functions = ['absorb', 'absorbEnd', 'derive', 'finish', 'hashKey', 'hkdf', 'setHashedKey', 'setShortKey'];
    expect(exports.toSorted()).toEqual([...functions.map((name) => `function ${name}`), 'memory memory']);
  });

  test('its sections ⇒ no global, no table and no start function; nothing but memory outlives a call', () => {
    const names = sectionsOf(binary).map(({name}) => name);
    expect(names.toSorted()).toEqual([...sectionNames.values()].toSorted());
  });

  test('its memory ⇒ as few pages as most; growing is refused', () => {
    const memory = sectionsOf(binary).find(({name}) => name === 'memory');
    expect([...(memory?.contents ?? [])]).toEqual([1, 1, layout.memoryPages, layout.memoryPages]);
    const kernel = createKernelSync(path);
    expect(kernel.memory.length).toBe(layout.memoryBytes);
    expect(() => (kernel.run.memory as unknown as {grow(pages: number): number}).grow(1)).toThrow(RangeError);
  });

  test('a fresh memory ⇒ constants below the scratch, zeros above', () => {
    const {memory} = createKernelSync(path);
    expect(memory.subarray(0, layout.scratchAt).filter((byte) => byte !== 0).length).toBeGreaterThan(600);
    expect(memory.subarray(layout.scratchAt).every((byte) => byte === 0)).toBe(true);
  });

  test('compiled twice in a process ⇒ the committed bytes each time', async () => {
    const features = path === 'simd' ? ['--enable', 'simd'] : [];
    for (let i = 0; i < 2; i++) expect(Buffer.compare(await compile(features), binary)).toBe(0);
  });
});

test('the layout ⇒ parts that do not meet and end with the memory', () => {
  const widest = 32;
  const scratchWords = 3 * 80 + 2 * 8;
  expect(layout.memoryBytes).toBe(layout.memoryPages * 65_536);
  expect(layout.scratchAt + scratchWords * widest).toBe(layout.outputAt);
  expect(layout.outputAt + 255 * layout.digestBytes + layout.spillBytes).toBeLessThanOrEqual(layout.checksAt);
  expect(layout.outputAt + layout.batchLimit * layout.digestBytes).toBeLessThanOrEqual(layout.checksAt);
  expect(layout.checksAt + layout.batchLimit * 8).toBeLessThanOrEqual(layout.rootAt);
  expect(layout.rootAt + layout.blockBytes).toBe(layout.checkTextAt);
  expect(layout.checkTextAt + layout.blockBytes).toBe(layout.inputAt);
  expect(layout.inputAt + layout.inputBytes).toBe(layout.memoryBytes);
  expect((layout.pieceBlocks + 2) * layout.blockBytes).toBeLessThanOrEqual(layout.inputBytes);
});

test('both binaries after gzip ⇒ at most 8,192 bytes', () => {
  const sizes = Object.values(binaries).map((binary) => gzipSync(binary, {level: 9}).length);
  expect(sizes.reduce((sum, size) => sum + size)).toBeLessThanOrEqual(binariesBudget);
});

test('the package in a bundle after gzip ⇒ at most 13,312 bytes more than crypto', async () => {
  const used = '{nobleBackend, proveBackend}';
  const crypto = await bundleForBrowser(`export ${used} from '@etcd-encryption/crypto';`);
  const both = await bundleForBrowser(
    `export ${used} from '@etcd-encryption/crypto'; export * from '@etcd-encryption/wasm';`,
  );
  expect(both.gzipBytes - crypto.gzipBytes).toBeLessThanOrEqual(bundleBudget);
});
