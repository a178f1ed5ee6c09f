// The self-test of crypto's known answers holds no batch whose contexts are all of one length, so the kernel's three
// hashes at once are compared here with its one, which is proven by then.
import type {Backend} from '@etcd-encryption/crypto';

const contextBytes = 85;
const saltBytes = 32;
const keyBytes = 32;
const checkValueBytes = 8;

/** Two derivations, one after another: the first three run at once, the others alone. */
const order = [0, 1, 0, 0, 1] as const;

/** Places of `order` that are done in other ways and have to agree. */
const pairs = [
  [0, 3],
  [1, 4],
  [2, 3],
] as const;

/**
 * Compares keys and check values that were derived at once with those that were derived alone, and returns the backend.
 * @throws Error that names the backend and the method
 */
export function proveLanes(backend: Backend): Backend {
  const salts = [pattern(saltBytes, 0x80), pattern(saltBytes, 0x91)] as const;
  const contexts = [pattern(contextBytes, 0xb3), pattern(contextBytes, 0xc4)] as const;
  const derived = backend.deriveKeys?.(
    pattern(keyBytes, 0xe5),
    order.map((i) => salts[i]),
    order.map((i) => contexts[i]),
    pattern(saltBytes, 0x97),
  );
  for (const [one, other] of pairs) {
    if (agree(derived?.keys, one, other, keyBytes) && agree(derived?.checks, one, other, checkValueBytes)) continue;
    throw new Error(`backend ${backend.name}: expected deriveKeys of three to answer as of one; it must not be used`);
  }
  return backend;
}

/** Whether two values of `length` bytes in a packed array are the same and there. */
function agree(packed: Uint8Array | undefined, one: number, other: number, length: number): boolean {
  if (packed?.length !== order.length * length) return false;
  for (let i = 0; i < length; i++) if (packed[one * length + i] !== packed[other * length + i]) return false;
  return true;
}

/** `length` bytes that go up by 41 each. */
function pattern(length: number, first: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = first + i * 41;
  return bytes;
}
