// An instance of the kernel: its exported functions (wasm/assembly) and its memory, used by one call at a time.
import {decodeBinary} from './binary.ts';
import {scalarKernel} from './generated/scalar.gen.ts';
import {simdKernel} from './generated/simd.gen.ts';
import {memoryBytes, scratchAt} from './layout.ts';
import {hasVectors, instantiate, instantiateSync} from './web-assembly.ts';

/** The kernel with vectors of 128 bits, or the one in plain words. */
export type KernelPath = 'simd' | 'scalar';

/** What the kernel exports; wasm/assembly says what each function does. */
export interface KernelExports {
  readonly memory: {readonly buffer: ArrayBuffer};
  derive(count: number, blocks: number, rootLength: number, length: number, checkLength: number): void;
  hkdf(saltLength: number, ikmLength: number, infoLength: number, length: number): void;
  hashKey(): void;
  setHashedKey(): void;
  setShortKey(): void;
  absorb(blocks: number): void;
  absorbEnd(length: number, total: number): void;
  finish(): void;
}

export interface Kernel {
  readonly path: KernelPath;
  readonly run: KernelExports;
  /** All of the kernel's memory. It never grows, so this view stays good. */
  readonly memory: Uint8Array;
  /**
   * Runs `work` alone. When it throws, everything that may be secret is wiped before the error goes on.
   * @throws Error when a call is running already
   */
  alone<T>(work: () => T): T;
}

/** Throws what the engine throws when it cannot compile the kernel. */
export function createKernelSync(path: KernelPath): Kernel {
  return kernelFrom(path, instantiateSync(binaryOf(path)));
}

/** The same for a main thread that must not wait. */
export async function createKernel(path: KernelPath): Promise<Kernel> {
  return kernelFrom(path, await instantiate(binaryOf(path)));
}

function binaryOf(path: KernelPath): Uint8Array {
  if (path === 'simd' && !hasVectors()) throw new Error('this engine has no WebAssembly with vectors');
  return decodeBinary(path === 'simd' ? simdKernel : scalarKernel);
}

function kernelFrom(path: KernelPath, exported: unknown): Kernel {
  const run = exported as KernelExports;
  const memory = new Uint8Array(run.memory.buffer);
  let running = false;
  const alone = <T>(work: () => T): T => {
    if (running) throw new Error(`wasm-${path}: expected no call while another one runs, got one`);
    running = true;
    let complete = false;
    try {
      const result = work();
      complete = true;
      return result;
    } finally {
      if (!complete) memory.fill(0, scratchAt, memoryBytes);
      running = false;
    }
  };
  return {path, run, memory, alone};
}
