// After a call, whatever became of it, all of the kernel's memory is as a fresh kernel's. The binary has no other place
// that outlives a call: no mutable global, no table (module.test.ts).
import {describe, expect, test} from 'vitest';
import {backendOn} from '../../wasm/src/backend.ts';
import {createKernelSync, type Kernel, type KernelExports} from '../../wasm/src/kernel.ts';
import {bytesOf, kernelPaths, traces} from './known.ts';

const root = bytesOf(32, 1);
const checkText = bytesOf(26, 2);
const longer = 100_000;
const salts = (count: number, length = 32) => Array.from({length: count}, (_, i) => bytesOf(length, i + 3));
const contexts = (count: number, length = 85) => Array.from({length: count}, (_, i) => bytesOf(length, i + 90));

type Backend = ReturnType<typeof backendOn>;

const calls: readonly (readonly [string, (backend: Backend) => unknown])[] = [
  ['HMAC', (b) => b.hmacSha512(root, checkText)],
  ['HMAC under a key of a whole block', (b) => b.hmacSha512(bytesOf(128, 4), checkText)],
  ['HMAC under a long key', (b) => b.hmacSha512(bytesOf(longer, 4), checkText)],
  ['HMAC of a message of several pieces', (b) => b.hmacSha512(root, bytesOf(2 * longer, 5))],
  ...[1, 31, 32, 64].map(
    (length) => [`HKDF of ${length} bytes`, (b: Backend) => b.hkdfSha512(root, root, root, length)] as const,
  ),
  ['HKDF of 65 bytes', (b) => b.hkdfSha512(root, root, root, 65)],
  ['HKDF of 16,320 bytes', (b) => b.hkdfSha512(root, root, root, 16_320)],
  ['HKDF under a long salt', (b) => b.hkdfSha512(root, bytesOf(300, 6), root, 32)],
  ['HKDF of a long root', (b) => b.hkdfSha512(bytesOf(500, 7), root, root, 33)],
  ...[46, 47, 48, 110, 111, 112, 127].map(
    (length) =>
      [
        `HKDF of 200 with an info of ${length}`,
        (b: Backend) => b.hkdfSha512(root, root, bytesOf(length, 8), 200),
      ] as const,
  ),
  ['HKDF in pieces', (b) => b.hkdfSha512(root, root, bytesOf(longer, 8), 200)],
  ...[0, 1, 2, 3, 4, 5, 255, 256, 300].map(
    (count) => [`a batch of ${count}`, (b: Backend) => b.deriveMany(root, salts(count), contexts(count), 32)] as const,
  ),
  ['a batch of 64 bytes each', (b) => b.deriveMany(root, salts(300), contexts(300), 64)],
  ['a batch of 33 bytes each', (b) => b.deriveMany(root, salts(4), contexts(4), 33)],
  ['a batch that fills the memory', (b) => b.deriveMany(root, salts(9, 128), contexts(9, 11_000), 32)],
  ['a batch of one that fills the memory', (b) => b.deriveMany(root, salts(1), contexts(1, 99_900), 32)],
  ['a batch with a salt that fits no slot', (b) => b.deriveMany(root, [...salts(2), bytesOf(200, 9)], contexts(3), 32)],
  ...[0, 1, 2, 3, 4, 255, 300].map(
    (count) =>
      [`keys of ${count}`, (b: Backend) => b.deriveKeys?.(root, salts(count), contexts(count), checkText)] as const,
  ),
  [
    'keys of which one fits no slot',
    (b) => b.deriveKeys?.(root, [...salts(3), bytesOf(200, 9)], contexts(4), checkText),
  ],
];

const functions = [
  'derive',
  'hkdf',
  'hashKey',
  'setHashedKey',
  'setShortKey',
  'absorb',
  'absorbEnd',
  'finish',
] as const satisfies readonly (keyof KernelExports)[];

type FunctionName = (typeof functions)[number];

/** The kernel with `around` in the place of one of its functions. */
function withFunction(kernel: Kernel, name: FunctionName, around: (run: () => void) => void): Kernel {
  const own = kernel.run[name] as (...given: readonly number[]) => void;
  const run = {...kernel.run, [name]: (...given: readonly number[]) => around(() => own(...given))};
  return {...kernel, run};
}

/** A call that uses the function. */
const callUsing = (name: FunctionName) => (backend: Backend) => {
  if (name === 'derive') return backend.deriveKeys?.(root, salts(4), contexts(4), checkText);
  if (name === 'hkdf') return backend.hkdfSha512(root, root, root, 500);
  return backend.hmacSha512(bytesOf(name === 'setShortKey' ? 32 : 200, 1), bytesOf(longer, 3));
};

describe.each(kernelPaths)('%s', (path) => {
  test.each(calls)('%s ⇒ no trace is left', (_call, run) => {
    const kernel = createKernelSync(path);
    run(backendOn(kernel));
    expect(traces(kernel)).toEqual([]);
  });

  test.each(functions)('an error before %s runs ⇒ it goes on, and no trace is left', (name) => {
    const whole = createKernelSync(path);
    let seen = 0;
    const kernel = withFunction(whole, name, () => {
      seen += traces(whole).length;
      throw new Error('stopped');
    });
    expect(() => callUsing(name)(backendOn(kernel))).toThrow('stopped');
    if (name !== 'hashKey') expect(seen).toBeGreaterThan(0);
    expect(traces(whole)).toEqual([]);
  });

  test.each(functions)('an error after %s has run ⇒ it goes on, and no trace is left', (name) => {
    const whole = createKernelSync(path);
    let seen = 0;
    const kernel = withFunction(whole, name, (run) => {
      run();
      seen += traces(whole).length;
      throw new Error('stopped');
    });
    expect(() => callUsing(name)(backendOn(kernel))).toThrow('stopped');
    expect(seen).toBeGreaterThan(0);
    expect(traces(whole)).toEqual([]);
  });

  test('derive has run ⇒ only the results are left for the caller to wipe', () => {
    const whole = createKernelSync(path);
    let left: number[] = [];
    const kernel = withFunction(whole, 'derive', (run) => {
      run();
      left = traces(whole);
    });
    const [key] = backendOn(kernel).deriveMany(root, salts(1), contexts(1), 32);
    expect(left.length).toBeLessThanOrEqual(32);
    expect(left.map((at) => whole.memory.length > at)).not.toContain(false);
    expect(left.length).toBe(key?.filter((byte) => byte !== 0).length);
  });

  test('an array whose entry throws ⇒ the error goes on, nothing was copied, and the next call works', () => {
    const kernel = createKernelSync(path);
    const stopping = new Proxy(contexts(5), {
      get(target, name, receiver) {
        if (name === '3') throw new Error(`stopped with ${traces(kernel).length} traces`);
        return Reflect.get(target, name, receiver) as unknown;
      },
    });
    const backend = backendOn(kernel);
    expect(() => backend.deriveMany(root, salts(5), stopping, 32)).toThrow('stopped with 0 traces');
    expect(() => backend.deriveKeys?.(root, stopping, contexts(5), checkText)).toThrow('stopped with 0 traces');
    expect(backend.deriveMany(root, salts(5), contexts(5), 32)).toHaveLength(5);
  });

  test('a call while another one runs ⇒ both are refused, no trace is left, and the next call works', () => {
    const kernel = createKernelSync(path);
    const backend = backendOn(kernel);
    const wanted = backend.hmacSha512(root, root);
    const calling = Object.defineProperty(bytesOf(85, 1), 'length', {get: () => backend.hmacSha512(root, root).length});
    const inner = `wasm-${path}: expected no call while another one runs, got one`;
    expect(() => backend.deriveMany(root, salts(3), [root, calling, root], 32)).toThrow(inner);
    expect(traces(kernel)).toEqual([]);
    expect(backend.hmacSha512(root, root)).toEqual(wanted);
  });
});
