// A backend for @etcd-encryption/crypto whose hashing runs in WebAssembly.

export type {Backend} from '@etcd-encryption/crypto';
