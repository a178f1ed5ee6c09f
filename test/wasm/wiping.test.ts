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

/** An array that says to be shorter than it is. */
const lying = (length: number, said: number) => Object.defineProperty(bytesOf(length, 7), 'length', {value: said});

const lyingCalls: readonly (readonly [string, (backend: Backend) => unknown])[] = [
  ['an HMAC key', (b) => b.hmacSha512(lying(400, 10), root)],
  ['a message', (b) => b.hmacSha512(root, lying(400, 10))],
  ['a root', (b) => b.deriveMany(lying(4_000, 32), salts(4), contexts(4), 32)],
  ['a salt', (b) => b.deriveMany(root, [lying(4_000, 32)], contexts(1), 32)],
  ['a context', (b) => b.deriveMany(root, salts(1), [lying(4_000, 85)], 32)],
  ['a check text', (b) => b.deriveKeys?.(root, salts(1), contexts(1), lying(4_000, 28))],
  ['an info of HKDF', (b) => b.hkdfSha512(root, root, lying(4_000, 85), 200)],
  ['an ikm of HKDF', (b) => b.hkdfSha512(lying(4_000, 32), root, root, 32)],
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

  test.each(lyingCalls)(
    '%s longer than its length says ⇒ no trace is left, and the next call is right',
    (_what, run) => {
      const kernel = createKernelSync(path);
      const backend = backendOn(kernel);
      const wanted = backend.hmacSha512(root, bytesOf(200, 1));
      try {
        run(backend);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
      expect(traces(kernel)).toEqual([]);
      expect(backend.hmacSha512(root, bytesOf(200, 1))).toEqual(wanted);
    },
  );

  test('shared memory that grows while it is copied ⇒ refused, and no trace is left', () => {
    const kernel = createKernelSync(path);
    const memory = new SharedArrayBuffer(85, {maxByteLength: 4_000});
    const growing = new Uint8Array(memory);
    // The kernel's memory stands for the other thread: it makes the input grow when the salt before it is copied.
    const set = (...given: Parameters<Uint8Array['set']>) => {
      memory.grow(4_000);
      kernel.memory.set(...given);
    };
    const watched = new Proxy(kernel.memory, {
      get: (target, name) => {
        const value: unknown = name === 'set' ? set : Reflect.get(target, name, target);
        return typeof value === 'function' && name !== 'set' ? value.bind(target) : value;
      },
      set: (target, name, value) => Reflect.set(target, name, value, target),
    });
    const backend = backendOn({...kernel, memory: watched});
    expect(() => backend.deriveMany(root, salts(1), [growing], 32)).toThrow(RangeError);
    expect(traces(kernel)).toEqual([]);
  });

  test('a call while another one runs ⇒ both are refused, no trace is left, and the next call works', () => {
    const kernel = createKernelSync(path);
    const backend = backendOn(kernel);
    const wanted = backend.hmacSha512(root, root);
    const calling = Object.defineProperty(bytesOf(longer, 1), 'subarray', {
      value: () => backend.hmacSha512(root, root),
    });
    const inner = `wasm-${path}: expected no call while another one runs, got one`;
    expect(() => backend.hmacSha512(root, calling)).toThrow(inner);
    expect(traces(kernel)).toEqual([]);
    expect(backend.hmacSha512(root, root)).toEqual(wanted);
  });
});
