// What the tests of the WebAssembly backend compare with: OpenSSL by node:crypto, and the memory of a kernel that never
// worked.
import {createHmac, hkdfSync} from 'node:crypto';
import {createKernelSync, type Kernel, type KernelPath} from '../../wasm/src/kernel.ts';

/** What the tests use of the engine's WebAssembly, which Node's types leave out. */
interface Engine {
  validate(bytes: Uint8Array): boolean;
  instantiate(bytes: Uint8Array, imports: object): Promise<unknown>;
  readonly CompileError: new (message: string) => Error;
  readonly Module: {
    new (bytes: Uint8Array): object;
    imports(module: object): readonly unknown[];
    exports(module: object): readonly {readonly kind: string; readonly name: string}[];
  };
}

export const engine = (globalThis as unknown as {readonly WebAssembly: Engine}).WebAssembly;

export const kernelPaths: readonly KernelPath[] = ['simd', 'scalar'];

/** `length` bytes that differ with `first`; half of them have their top bit set. */
export const bytesOf = (length: number, first: number): Uint8Array =>
  Uint8Array.from({length}, (_, i) => (first * 29 + i * 83 + (i >> 8)) & 255);

export const hmacOf = (key: Uint8Array, message: Uint8Array): string =>
  createHmac('sha512', key).update(message).digest('hex');

export const hkdfOf = (ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): string =>
  hkdfOfAnyInfo(ikm, salt, info, length).toString('hex');

// node:crypto refuses an info above 1,024 bytes, so longer ones are expanded by HMAC (RFC 5869, section 2.3).
function hkdfOfAnyInfo(ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Buffer {
  if (info.length <= 1024) return Buffer.from(hkdfSync('sha512', ikm, salt, info, length));
  const key = createHmac('sha512', salt).update(ikm).digest();
  const blocks: Buffer[] = [];
  for (let i = 1; (i - 1) * 64 < length; i++) {
    const before = blocks.at(-1) ?? Buffer.alloc(0);
    blocks.push(createHmac('sha512', key).update(before).update(info).update(Buffer.of(i)).digest());
  }
  return Buffer.concat(blocks).subarray(0, length);
}

export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** The places where a kernel's memory is not that of a fresh one. */
export function traces(kernel: Kernel): number[] {
  const fresh = createKernelSync(kernel.path).memory;
  if (Buffer.compare(fresh, kernel.memory) === 0) return [];
  return [...kernel.memory.keys()].filter((at) => kernel.memory[at] !== fresh[at]);
}
