// Counts and copies inputs. An array of a class of its own may answer anything when asked for its `length`, and memory
// that threads share may grow between the count and the copy. One byte too many in the kernel's memory would stand where
// later calls expect zeros, and make their answers wrong.

/** How long an array really is, whatever its `length` says. TypeError for what only looks like an array. */
export const lengthOf = /* @__PURE__ */ trueLength();

function trueLength(): (bytes: Uint8Array) => number {
  const getter = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), 'length')?.get;
  if (getter === undefined) throw new Error('Uint8Array: expected a getter of its length, got none');
  return (bytes) => getter.call(bytes) as number;
}

/**
 * Copies `bytes` to `at`, where `room` bytes are theirs.
 * @throws RangeError for more bytes than there is room for; what was copied is wiped by `Kernel.alone`
 */
export function copyIn(memory: Uint8Array, bytes: Uint8Array, at: number, room: number): void {
  memory.set(bytes, at);
  // Asked afterwards: shared memory never shrinks, so no more was copied than there is now.
  const length = lengthOf(bytes);
  if (length > room) throw new RangeError(`bytes: expected at most the ${room} that were counted, got ${length}`);
}
