// HMAC and HKDF with SHA-512 of any length, one hash at a time. An HMAC takes its key and message in pieces, so that
// they may be longer than the memory.
import {blockBytes, digestBytes, inputAt, outputAt} from '../src/layout';
import {finishMac, setKey} from './hmac';
import {
  copyWords,
  digestAsKey,
  hashBlocks,
  hashEnd,
  message,
  oneWide,
  paddedBlocks,
  readBlock,
  rootMessage,
  start,
  state,
  wipeScratch,
  writeDigest,
} from './sha512';

/** Begins the hash of a key that is longer than a block. */
export function hashKey(): void {
  start(oneWide);
}

/** Sets the key whose hash is complete. */
export function setHashedKey(): void {
  digestAsKey(oneWide, 8);
  setKey(oneWide);
}

/** Sets the key at `inputAt`, a block long with its zeros, and makes room for the message. */
export function setShortKey(): void {
  readBlock(message, oneWide, inputAt, 0);
  setKey(oneWide);
  memory.fill(inputAt, 0, blockBytes);
}

/** Takes in whole blocks. */
export function absorb(blocks: i32): void {
  hashBlocks(inputAt, blocks);
  memory.fill(inputAt, 0, blocks * blockBytes);
}

/** Takes in the last bytes. `total` counts everything that was hashed, an HMAC's key block included. */
export function absorbEnd(length: i32, total: f64): void {
  hashEnd(inputAt, length, <u64>total);
  memory.fill(inputAt, 0, paddedBlocks(length) * blockBytes);
}

/** Leaves the HMAC's 64 bytes at `outputAt` and wipes the rest. */
export function finish(): void {
  finishMac(oneWide);
  writeDigest(state(oneWide), oneWide, outputAt, digestBytes);
  wipeScratch(oneWide);
}

/**
 * HKDF (RFC 5869) of `length` bytes. Salt, key material and info lie at `inputAt` one behind another, each with room
 * for its padding (`paddedBlocks`); 64 bytes are free before the info. Leaves the result at `outputAt`.
 */
export function hkdf(saltLength: i32, ikmLength: i32, infoLength: i32, length: i32): void {
  const ikm = inputAt + paddedBlocks(saltLength) * blockBytes;
  const info = ikm + paddedBlocks(ikmLength) * blockBytes + digestBytes;
  if (saltLength > blockBytes) {
    start(oneWide);
    hashEnd(inputAt, saltLength, saltLength);
    digestAsKey(oneWide, 8);
  } else {
    readBlock(message, oneWide, inputAt, 0);
  }
  setKey(oneWide);
  hashEnd(ikm, ikmLength, blockBytes + ikmLength);
  finishMac(oneWide);
  expandBlocks(info, infoLength, length);
  memory.fill(inputAt, 0, info + paddedBlocks(infoLength + 1) * blockBytes - inputAt);
  wipeScratch(oneWide);
}

/** T(1) to T(n) of RFC 5869, section 2.3; the state is the pseudorandom key. T(i - 1) lies right before the info. */
function expandBlocks(info: i32, infoLength: i32, length: i32): void {
  digestAsKey(oneWide, 8);
  copyWords(rootMessage(oneWide), message, 16, oneWide);
  let start = info;
  for (let done = 0; done < length; done += digestBytes) {
    copyWords(message, rootMessage(oneWide), 16, oneWide);
    setKey(oneWide);
    const end = info + infoLength;
    store<u8>(end, <u8>(done / digestBytes + 1));
    hashEnd(start, end + 1 - start, blockBytes + end + 1 - start);
    finishMac(oneWide);
    writeDigest(state(oneWide), oneWide, outputAt + done, min(length - done, digestBytes));
    memory.fill(end, 0, 2 * blockBytes);
    start = info - digestBytes;
    writeDigest(state(oneWide), oneWide, start, digestBytes);
  }
}
