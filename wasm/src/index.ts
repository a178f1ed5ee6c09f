// A backend of @etcd-encryption/crypto in WebAssembly: the fastest way to derive many keys, with nothing to install.

export {createWasmBackend, createWasmBackendSync, type WasmBackendOptions, type WasmPath} from './create.ts';
