// A batch of derivations from one root: HKDF-SHA512 of at most one block, HMAC(HMAC(salt, root), context ‖ 1)
// (RFC 5869, sections 2.2 and 2.3), three at a time where there are vectors. With a check text, also the first 8 bytes
// of HMAC(key, check text) of every key.
import {
  blockBytes,
  checksAt,
  checkTextAt,
  inputAt,
  outputAt,
  rootAt,
  slotContextAt,
  slotHeaderBytes,
} from '../src/layout';
import {finishMac, setKey} from './hmac';
import {
  checkMessage,
  compress,
  digestAsKey,
  message,
  oneWide,
  pad,
  readBlock,
  rootMessage,
  state,
  threeWide,
  wipeScratch,
  writeDigest,
} from './sha512';

const keyWords: i32 = 4;
const checkBytes: i32 = 8;

/**
 * Derives `count` values of `length` bytes from the slots at `inputAt`, whose contexts take `blocks` blocks each with
 * the counter and padding. `checkLength` is the length of the check text, or -1 for no check values; the values are
 * keys of 32 bytes then. Leaves results at `outputAt` and `checksAt`; everything else is wiped.
 */
export function derive(count: i32, blocks: i32, rootLength: i32, length: i32, checkLength: i32): void {
  const slotBytes: i32 = slotContextAt + blocks * blockBytes;
  pad(rootAt, rootLength, blockBytes + rootLength);
  if (checkLength >= 0) pad(checkTextAt, checkLength, blockBytes + checkLength);
  let slot = inputAt;
  for (let i = 0; i < count; i++, slot += slotBytes) padContext(slot);
  let done = 0;
  if (ASC_FEATURE_SIMD) {
    if (count >= 3) {
      done = count - (count % 3);
      deriveAll(0, done, threeWide, blocks, length, checkLength >= 0);
    }
  }
  if (done < count) deriveAll(done, count, oneWide, blocks, length, checkLength >= 0);
  memory.fill(rootAt, 0, inputAt - rootAt + count * slotBytes);
}

/** Ends a context by the counter of HKDF's first block, and pads it. */
function padContext(slot: i32): void {
  const context = slot + slotContextAt;
  const length: i32 = load<u32>(slot);
  store<u8>(context + length, 1);
  pad(context, length + 1, blockBytes + length + 1);
}

function deriveAll(from: i32, to: i32, width: i32, blocks: i32, length: i32, checked: bool): void {
  const step = width === threeWide ? 3 : 1;
  const slotBytes: i32 = slotContextAt + blocks * blockBytes;
  readBlock(rootMessage(width), width, rootAt, 0);
  if (checked) readBlock(checkMessage(width), width, checkTextAt, 0);
  for (let i = from; i < to; i += step) {
    extract(inputAt + i * slotBytes, slotBytes, width, i > from);
    expand(inputAt + i * slotBytes, slotBytes, width, blocks);
    write(outputAt + i * length, width, length);
    if (!checked) continue;
    check(width, i > from);
    write(checksAt + i * checkBytes, width, checkBytes);
  }
  wipeScratch(width);
}

/** HMAC(salt, root); with `kept`, the root's schedule is there from the batch's first derivation. */
function extract(slot: i32, slotBytes: i32, width: i32, kept: bool): void {
  readBlock(message, width, slot + slotHeaderBytes, slotBytes);
  setKey(width);
  compress(rootMessage(width), width, kept);
  finishMac(width);
}

function expand(slot: i32, slotBytes: i32, width: i32, blocks: i32): void {
  digestAsKey(width, 8);
  setKey(width);
  let context = slot + slotContextAt;
  for (let i = 0; i < blocks; i++, context += blockBytes) {
    readBlock(message, width, context, slotBytes);
    compress(message, width);
  }
  finishMac(width);
}

/** HMAC(key, check text) of the keys that were just derived. */
function check(width: i32, kept: bool): void {
  digestAsKey(width, keyWords);
  setKey(width);
  compress(checkMessage(width), width, kept);
  finishMac(width);
}

/** Writes the results side by side. Each may spill into the next, which is written after it. */
function write(to: i32, width: i32, length: i32): void {
  for (let at = 0; at < (width === threeWide ? 24 : 8); at += 8) {
    writeDigest(state(width) + at, width, to, length);
    to += length;
  }
}
