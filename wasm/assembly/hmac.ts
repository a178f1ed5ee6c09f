// HMAC-SHA512 (RFC 2104) on hashes of any width. The key's block is the message when a key is set.
import {blockBytes, digestBytes} from '../src/layout';
import {compress, copyWords, digestAsMessage, message, outerState, start, state, xorWords} from './sha512';

// A u64 of AssemblyScript holds all of its digits.
// biome-ignore lint/correctness/noPrecisionLoss: not a number of JavaScript
const innerPad: u64 = 0x3636363636363636;
// biome-ignore lint/correctness/noPrecisionLoss: not a number of JavaScript
const outerPad: u64 = 0x5c5c5c5c5c5c5c5c;

/** Begins an HMAC: the outer hash is put aside behind its key, the inner one goes on from the state. */
export function setKey(width: i32): void {
  const key = message;
  xorWords(key, 16, width, outerPad);
  start(width);
  compress(key, width);
  copyWords(outerState(width), state(width), 8, width);
  xorWords(key, 16, width, outerPad ^ innerPad);
  start(width);
  compress(key, width);
}

/** Ends an HMAC whose inner hash is complete: the state is its value. */
export function finishMac(width: i32): void {
  digestAsMessage(width, blockBytes + digestBytes);
  copyWords(state(width), outerState(width), 8, width);
  compress(message, width);
}
