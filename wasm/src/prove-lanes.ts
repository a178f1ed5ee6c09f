// The self-test of crypto's known answers holds no batch whose contexts are all of one length, so the kernel's three
// hashes at once are compared here with its one, which is proven by then.
import type {Backend} from '@etcd-encryption/crypto';

const lanes = 3;
const contextBytes = 85;
const saltBytes = 32;
const keyBytes = 32;
const checkValueBytes = 8;

/**
 * Compares keys and check values of one batch with those of single ones, and returns the backend.
 * @throws Error that names the backend and the method
 */
export function proveLanes(backend: Backend): Backend {
  const root = pattern(keyBytes, 0xe5);
  const checkText = pattern(saltBytes, 0x97);
  const salts = [pattern(saltBytes, 0x80), pattern(saltBytes, 0x91), pattern(saltBytes, 0xa2)];
  const contexts = [pattern(contextBytes, 0xb3), pattern(contextBytes, 0xc4), pattern(contextBytes, 0xd5)];
  const batch = backend.deriveKeys?.(root, salts, contexts, checkText);
  for (let i = 0; i < lanes; i++) {
    const single = backend.deriveKeys?.(root, salts.slice(i, i + 1), contexts.slice(i, i + 1), checkText);
    if (!standsAt(batch?.keys, i * keyBytes, single?.keys, keyBytes)) throw wrong(backend);
    if (!standsAt(batch?.checks, i * checkValueBytes, single?.checks, checkValueBytes)) throw wrong(backend);
  }
  return backend;
}

function standsAt(all: Uint8Array | undefined, from: number, one: Uint8Array | undefined, length: number): boolean {
  if (all === undefined || one?.length !== length) return false;
  for (let i = 0; i < length; i++) if (all[from + i] !== one[i]) return false;
  return true;
}

/** `length` bytes that go up by 41 each. */
function pattern(length: number, first: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = first + i * 41;
  return bytes;
}

function wrong(backend: Backend): Error {
  return new Error(`backend ${backend.name}: expected deriveKeys of many to answer as of one; it must not be used`);
}
