// HMAC and HKDF of any length. An HMAC goes through the kernel's memory in pieces; an HKDF is one call of the kernel as
// long as its parts fit the memory together.
import {wipeOutput} from './batch.ts';
import {copyIn, lengthOf} from './copy-in.ts';
import type {Kernel} from './kernel.ts';
import {blockBytes, digestBytes, inputAt, inputBytes, outputAt, paddingBytes, pieceBlocks} from './layout.ts';

const pieceBytes = pieceBlocks * blockBytes;

/** Bytes that the expansion clears behind its info. */
const clearedBytes = 2 * blockBytes;

/** HMAC-SHA512: 64 bytes. */
export function hmac({run, memory}: Kernel, key: Uint8Array, message: Uint8Array): Uint8Array {
  if (lengthOf(key) > blockBytes) {
    run.hashKey();
    absorb({run, memory}, key, 0);
    run.setHashedKey();
  } else {
    copyIn(memory, key, inputAt, blockBytes);
    run.setShortKey();
  }
  absorb({run, memory}, message, blockBytes);
  run.finish();
  const mac = memory.slice(outputAt, outputAt + digestBytes);
  memory.fill(0, outputAt, outputAt + digestBytes);
  return mac;
}

/** Takes in a whole message behind `before` bytes that were hashed already. */
function absorb({run, memory}: Pick<Kernel, 'run' | 'memory'>, message: Uint8Array, before: number): void {
  const length = lengthOf(message);
  let from = 0;
  for (; length - from > pieceBytes; from += pieceBytes) {
    copyIn(memory, message.subarray(from, from + pieceBytes), inputAt, pieceBytes);
    run.absorb(pieceBlocks);
  }
  copyIn(memory, from === 0 ? message : message.subarray(from), inputAt, length - from);
  run.absorbEnd(length - from, before + length);
}

/** HKDF-SHA512 of 1 to 16,320 bytes. */
export function hkdf(kernel: Kernel, parts: HkdfParts, length: number): Uint8Array {
  const {salt, ikm, info} = parts;
  const {run, memory} = kernel;
  const [saltLength, ikmLength, infoLength] = [lengthOf(salt), lengthOf(ikm), lengthOf(info)];
  const ikmAt = inputAt + roomFor(saltLength);
  const infoAt = ikmAt + roomFor(ikmLength) + digestBytes;
  if (infoAt + roomFor(infoLength + 1) + clearedBytes > inputAt + inputBytes)
    return hkdfInPieces(kernel, parts, length);
  copyIn(memory, salt, inputAt, saltLength);
  copyIn(memory, ikm, ikmAt, ikmLength);
  copyIn(memory, info, infoAt, infoLength);
  run.hkdf(saltLength, ikmLength, infoLength, length);
  const derived = memory.slice(outputAt, outputAt + length);
  wipeOutput(kernel, length);
  return derived;
}

/** The inputs of HKDF, by the names of RFC 5869. */
export interface HkdfParts {
  readonly salt: Uint8Array;
  readonly ikm: Uint8Array;
  readonly info: Uint8Array;
}

/** Bytes of a message with its padding. */
function roomFor(length: number): number {
  return Math.ceil((length + paddingBytes) / blockBytes) * blockBytes;
}

/** RFC 5869 by single HMACs, for parts that do not fit the memory together. */
function hkdfInPieces(kernel: Kernel, {salt, ikm, info}: HkdfParts, length: number): Uint8Array {
  const derived = new Uint8Array(length);
  const key = hmac(kernel, salt, ikm);
  const message = new Uint8Array(digestBytes + lengthOf(info) + 1);
  message.set(info, digestBytes);
  for (let done = 0, counter = 1; done < length; done += digestBytes, counter++) {
    message[message.length - 1] = counter;
    const block = hmac(kernel, key, counter === 1 ? message.subarray(digestBytes) : message);
    derived.set(block.subarray(0, Math.min(digestBytes, length - done)), done);
    message.set(block);
    block.fill(0);
  }
  key.fill(0);
  message.fill(0);
  return derived;
}
