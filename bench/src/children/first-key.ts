// A fresh process that makes one key and says how long that took and which key it was: `first-key.ts noble`. Modules
// are loaded before the clock starts; what a library does at its first use comes after.

import {performance} from 'node:perf_hooks';

/** Makes the first key: 32 bytes. */
type FirstKey = () => Uint8Array;

const {derivations, keyBytes, rootKey} = await import('../inputs.ts');
const [derivation] = derivations('one');
if (derivation === undefined) throw new Error('expected a derivation, got none');
const {salt, context} = derivation;

async function load(way: string): Promise<FirstKey> {
  switch (way) {
    case 'ours':
      return loadOurs();
    case 'noble':
      return loadNoble();
    case 'noble in our library':
      return loadLibrary();
    default:
      throw new RangeError(`way: expected ours, noble or noble in our library, got ${way}`);
  }
}

/** From the call that decodes, compiles and proves the module. */
async function loadOurs(): Promise<FirstKey> {
  const [{hkdfSha512}, {createWasmBackendSync}] = await Promise.all([
    import('@etcd-encryption/crypto'),
    import('@etcd-encryption/wasm'),
  ]);
  return () => hkdfSha512(rootKey, salt, context, keyBytes, createWasmBackendSync());
}

/** The strict reading: noble as it is, without our self-test. */
async function loadNoble(): Promise<FirstKey> {
  const [{hkdf}, {sha512}] = await Promise.all([import('@noble/hashes/hkdf.js'), import('@noble/hashes/sha2.js')]);
  return () => hkdf(sha512, rootKey, salt, context, keyBytes);
}

/** Our library without WebAssembly: it proves noble before it uses it. */
async function loadLibrary(): Promise<FirstKey> {
  const {hkdfSha512, nobleBackend} = await import('@etcd-encryption/crypto');
  return () => hkdfSha512(rootKey, salt, context, keyBytes, nobleBackend);
}

const firstKey = await load(process.argv[2] ?? '');
const started = performance.now();
const key = firstKey();
const nanoseconds = 1e6 * (performance.now() - started);
console.log(JSON.stringify({nanoseconds, key: Buffer.from(key).toString('hex')}));
