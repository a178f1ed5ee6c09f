// The backend that is measured as ours: what a program gets that asks for the fastest.

import type {Backend} from '@etcd-encryption/crypto';
import {createWasmBackendSync} from '@etcd-encryption/wasm';

/** Made once and shared by every case, as a program would. */
export const ourBackend: Backend = createWasmBackendSync();
