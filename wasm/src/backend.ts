// The backend on a kernel: arguments are looked at, copied in, and results copied out. Nothing stays behind.
import type {Backend, DerivedKeys} from '@etcd-encryption/crypto';
import {readBatch, requireBytes, requireCheckText, requireHkdfArguments} from './arguments.ts';
import {type Batch, deriveOne, rootFits, runBatch, slotFits, wipeOutput} from './batch.ts';
import {hkdf, hmac} from './general.ts';
import type {Kernel} from './kernel.ts';
import {checksAt, digestBytes, outputAt} from './layout.ts';

const keyBytes = 32;
const checkValueBytes = 8;

/** A backend that owns the kernel from now on. */
export function backendOn(kernel: Kernel): Backend {
  return {
    name: `wasm-${kernel.path}`,
    hmacSha512(key, message) {
      requireBytes('key', key);
      requireBytes('message', message);
      return kernel.alone(() => hmac(kernel, key, message));
    },
    hkdfSha512(ikm, salt, info, length) {
      requireHkdfArguments(ikm, salt, info, length);
      const parts = {salt, ikm, info};
      const inOneBlock = length <= digestBytes && rootFits(ikm) && slotFits(salt, info);
      return kernel.alone(() => (inOneBlock ? deriveOne(kernel, parts, length) : hkdf(kernel, parts, length)));
    },
    deriveMany(root, salts, contexts, length) {
      const batch = {...readBatch(root, salts, contexts, length), checkText: undefined};
      return kernel.alone(() => deriveMany(kernel, batch));
    },
    deriveKeys(root, salts, contexts, checkText) {
      requireCheckText(checkText);
      const batch = {...readBatch(root, salts, contexts, keyBytes), checkText};
      return kernel.alone(() => deriveKeys(kernel, batch));
    },
  };
}

function deriveMany(kernel: Kernel, batch: Batch): Uint8Array[] {
  const {memory} = kernel;
  const {root, length} = batch;
  const derived: Uint8Array[] = [];
  runBatch(kernel, batch, {
    done: (_from, count) => {
      const end = outputAt + count * length;
      for (let at = outputAt; at < end; at += length) derived.push(memory.slice(at, at + length));
      wipeOutput(kernel, count * length);
    },
    unfit: (salt, info) => derived.push(hkdf(kernel, {salt, ikm: root, info}, length)),
  });
  return derived;
}

function deriveKeys(kernel: Kernel, batch: Batch & {readonly checkText: Uint8Array}): DerivedKeys {
  const {memory} = kernel;
  const {root, salts, checkText} = batch;
  const keys = new Uint8Array(salts.length * keyBytes);
  const checks = new Uint8Array(salts.length * checkValueBytes);
  runBatch(kernel, batch, {
    done: (from, count) => {
      keys.set(memory.subarray(outputAt, outputAt + count * keyBytes), from * keyBytes);
      checks.set(memory.subarray(checksAt, checksAt + count * checkValueBytes), from * checkValueBytes);
      wipeOutput(kernel, count * keyBytes);
      memory.fill(0, checksAt, checksAt + count * checkValueBytes);
    },
    unfit: (salt, info, at) => {
      const key = hkdf(kernel, {salt, ikm: root, info}, keyBytes);
      keys.set(key, at * keyBytes);
      checks.set(hmac(kernel, key, checkText).subarray(0, checkValueBytes), at * checkValueBytes);
      key.fill(0);
    },
  });
  return {keys, checks};
}
