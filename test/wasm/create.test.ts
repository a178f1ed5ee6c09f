// Which path is taken where: the fastest that the engine runs, noble where it compiles no WebAssembly, and never an
// error unless a path was insisted on or a kernel answers wrongly.
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {type Backend, nobleBackend} from '@etcd-encryption/crypto';
import {createWasmBackend, createWasmBackendSync, type WasmBackendOptions} from '@etcd-encryption/wasm';
import {afterEach, describe, expect, test, vi} from 'vitest';
import {runCommand} from '../../scripts/command.ts';
import {decodeBase64, decodeBinary} from '../../wasm/src/binary.ts';
import {proveLanes} from '../../wasm/src/prove-lanes.ts';
import {bundleForBrowser} from '../bundle/bundle.ts';
import {bytesOf, engine, hexOf, hkdfOf} from './known.ts';

const ways: readonly (readonly [string, (options?: WasmBackendOptions) => Promise<Backend>])[] = [
  ['createWasmBackend', createWasmBackend],
  ['createWasmBackendSync', async (options) => createWasmBackendSync(options)],
];
const policy = 'Refused to compile WebAssembly';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** An engine whose compiler refuses, as a page's policy makes it. */
function refuseToCompile(): void {
  const refusal = new engine.CompileError(policy);
  vi.spyOn(engine, 'Module').mockImplementation(function refuse() {
    throw refusal;
  });
  vi.spyOn(engine, 'instantiate').mockRejectedValue(refusal);
}

describe.each(ways)('%s', (_name, create) => {
  test('an engine with vectors ⇒ wasm-simd; each path by name when it is asked for', async () => {
    expect((await create()).name).toBe('wasm-simd');
    expect((await create({path: 'simd'})).name).toBe('wasm-simd');
    expect((await create({path: 'scalar'})).name).toBe('wasm-scalar');
    expect(await create({path: 'noble'})).toBe(nobleBackend);
  });

  test('each backend ⇒ its own memory, the same answers', async () => {
    const [one, other] = [await create(), await create()];
    expect(one).not.toBe(other);
    const key = one.hkdfSha512(bytesOf(32, 1), bytesOf(32, 2), bytesOf(85, 3), 32);
    expect(other.hkdfSha512(bytesOf(32, 1), bytesOf(32, 2), bytesOf(85, 3), 32)).toEqual(key);
  });

  test('an engine without vectors ⇒ wasm-scalar; simd is refused', async () => {
    vi.spyOn(engine, 'validate').mockReturnValue(false);
    expect((await create()).name).toBe('wasm-scalar');
    const message =
      'path: expected one that this engine can run, got simd: this engine has no WebAssembly with vectors';
    await expect(async () => create({path: 'simd'})).rejects.toThrow(message);
  });

  test('an engine that must not compile ⇒ noble; simd and scalar are refused with its reason', async () => {
    refuseToCompile();
    expect(await create()).toBe(nobleBackend);
    for (const path of ['simd', 'scalar'] as const)
      await expect(async () => create({path})).rejects.toThrow(`can run, got ${path}: ${policy}`);
  });

  test('an engine whose validation throws ⇒ wasm-scalar', async () => {
    vi.spyOn(engine, 'validate').mockImplementation(() => {
      throw new Error(policy);
    });
    expect((await create()).name).toBe('wasm-scalar');
  });

  test('an engine without WebAssembly ⇒ noble; simd and scalar are refused', async () => {
    vi.stubGlobal('WebAssembly', undefined);
    expect(await create()).toBe(nobleBackend);
    await expect(async () => create({path: 'simd'})).rejects.toThrow('got simd: this engine has no WebAssembly');
    await expect(async () => create({path: 'scalar'})).rejects.toThrow('got scalar: this engine has no WebAssembly');
  });

  test.each([
    ['fast', 'path: expected simd, scalar or noble, got fast'],
    [1, 'path: expected simd, scalar or noble, got number'],
  ])('path %s ⇒ RangeError', async (path, message) => {
    await expect(async () => create({path: path as never})).rejects.toThrow(new RangeError(message));
  });

  test('a kernel that answers wrongly ⇒ an error that names it, and no other path', async () => {
    const slice = vi.spyOn(Uint8Array.prototype, 'slice').mockImplementation(function zeros(from = 0, to = 0) {
      return new Uint8Array(to - from);
    });
    await expect(async () => create()).rejects.toThrow(
      'backend wasm-simd: expected the known answer of hmacSha512, got another; it must not be used',
    );
    slice.mockRestore();
  });
});

describe('proveLanes', () => {
  const right = createWasmBackendSync();
  const wrongAt = (part: 'keys' | 'checks', at: number): Backend => ({
    ...right,
    deriveKeys: (root, salts, contexts, text) => {
      const derived = right.deriveKeys?.(root, salts, contexts, text) ?? {keys: root, checks: root};
      const byte = derived[part][at];
      if (byte !== undefined) derived[part][at] = byte ^ 1;
      return derived;
    },
  });

  test('right answers ⇒ the backend', () => {
    expect(proveLanes(right)).toBe(right);
  });

  test.each([
    ['keys', 0],
    ['keys', 32],
    ['keys', 95],
    ['keys', 159],
    ['checks', 0],
    ['checks', 8],
    ['checks', 23],
    ['checks', 39],
  ] as const)('one wrong bit in %s at %i ⇒ refused', (part, at) => {
    const message = 'backend wasm-simd: expected deriveKeys of three to answer as of one; it must not be used';
    expect(() => proveLanes(wrongAt(part, at))).toThrow(message);
  });
});

describe('the decoder of the binary', () => {
  test('any length of the last group ⇒ the bytes of Buffer, by either way', () => {
    for (let length = 0; length < 20; length++) {
      const text = Buffer.from(bytesOf(length, length)).toString('base64');
      expect(hexOf(decodeBase64(text))).toBe(hexOf(bytesOf(length, length)));
      expect(hexOf(decodeBinary(text))).toBe(hexOf(bytesOf(length, length)));
    }
  });

  test('an engine without Buffer and fromBase64 ⇒ the same backend', () => {
    vi.stubGlobal('Buffer', undefined);
    vi.stubGlobal('Uint8Array', Object.assign(Uint8Array, {fromBase64: undefined}));
    expect(createWasmBackendSync().name).toBe('wasm-simd');
  });
});

describe('a process of its own', () => {
  const report = `
    import {createWasmBackend, createWasmBackendSync} from '@etcd-encryption/wasm';
    const key = createWasmBackendSync().hkdfSha512(new Uint8Array(32).fill(1), new Uint8Array(0), new Uint8Array(85), 32);
    const [now, later] = [createWasmBackendSync(), await createWasmBackend()];
    console.log([now.name, later.name, ...key].join(' '));`;
  const forbid = `
    const refuse = () => { throw new WebAssembly.CompileError('forbidden'); };
    Object.assign(WebAssembly, {Module: refuse, instantiate: async () => refuse()});`;

  test.each([
    ['without a compiler', ['--jitless'], '', 'noble'],
    ['with code generation refused to strings', ['--disallow-code-generation-from-strings'], '', 'wasm-simd'],
    ['that must not compile WebAssembly', ['--disallow-code-generation-from-strings'], forbid, 'noble'],
    ['as it is', [], '', 'wasm-simd'],
  ])('%s ⇒ the right backend and the right key', async (_situation, flags, before, name) => {
    const folder = mkdtempSync(join(tmpdir(), 'wasm-'));
    try {
      const file = join(folder, 'report.mjs');
      writeFileSync(file, before + (await bundleForBrowser(report)).text);
      const {code, output} = await runCommand(process.execPath, [...flags, file], {quiet: true});
      const key = Buffer.from(hkdfOf(new Uint8Array(32).fill(1), new Uint8Array(0), new Uint8Array(85), 32), 'hex');
      expect({code, output: output.trim()}).toEqual({code: 0, output: [name, name, ...key].join(' ')});
    } finally {
      rmSync(folder, {recursive: true});
    }
  });
});
