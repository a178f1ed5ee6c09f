// Chooses the kernel that this engine can run: with vectors, else in plain words, else noble in plain JavaScript. A
// kernel is proven before it is handed out; one that answers wrongly is an error and no reason to choose another.
import {type Backend, nobleBackend, proveBackend} from '@etcd-encryption/crypto';
import {backendOn} from './backend.ts';
import {createKernel, createKernelSync, type Kernel, type KernelPath} from './kernel.ts';
import {proveLanes} from './prove-lanes.ts';

/** What hashes: the kernel with vectors, the one in plain words, or noble. */
export type WasmPath = KernelPath | 'noble';

export type WasmBackendOptions = {
  /** Insists on one path. Without it, the fastest that works is taken. */
  readonly path?: WasmPath;
};

const kernelPaths: readonly KernelPath[] = ['simd', 'scalar'];

/**
 * A backend for `@etcd-encryption/crypto` named `wasm-simd`, `wasm-scalar` or, where the engine compiles no
 * WebAssembly, `noble`. Create one and keep it: each has a memory of its own. The kernel is proven by known answers.
 * @throws Error when `path` names one that this engine cannot run, or when a kernel answers wrongly; TypeError or
 * RangeError for other options
 */
export function createWasmBackendSync(options: WasmBackendOptions = {}): Backend {
  const path = requirePath(options);
  for (const candidate of candidates(path)) {
    const kernel = attempt(() => createKernelSync(candidate));
    if ('path' in kernel) return proven(kernel);
    if (path !== undefined) throw unavailable(path, kernel.reason);
  }
  return nobleBackend;
}

/** `createWasmBackendSync` without holding up the thread while the engine compiles. Errors reject the promise. */
export async function createWasmBackend(options: WasmBackendOptions = {}): Promise<Backend> {
  const path = requirePath(options);
  for (const candidate of candidates(path)) {
    const kernel = await createKernel(candidate).catch((reason: unknown) => ({reason}));
    if ('path' in kernel) return proven(kernel);
    if (path !== undefined) throw unavailable(path, kernel.reason);
  }
  return nobleBackend;
}

function requirePath({path}: WasmBackendOptions): WasmPath | undefined {
  if (path === undefined || path === 'noble' || kernelPaths.includes(path)) return path;
  throw new RangeError(`path: expected simd, scalar or noble, got ${typeof path === 'string' ? path : typeof path}`);
}

const candidates = (path: WasmPath | undefined): readonly KernelPath[] =>
  kernelPaths.filter((each) => path === undefined || path === each);

const proven = (kernel: Kernel): Backend => proveLanes(proveBackend(backendOn(kernel)));

function attempt(create: () => Kernel): Kernel | {readonly reason: unknown} {
  try {
    return create();
  } catch (reason) {
    return {reason};
  }
}

function unavailable(path: WasmPath, reason: unknown): Error {
  const why = reason instanceof Error ? reason.message : String(reason);
  return new Error(`path: expected one that this engine can run, got ${path}: ${why}`, {cause: reason});
}
