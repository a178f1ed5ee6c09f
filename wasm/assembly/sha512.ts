// SHA-512 over memory. A hash is as wide as its words: 8 bytes for one hash; 32 for three at once, whose words stand
// side by side (two in the lanes of a vector, the third behind them, 8 bytes unused). The scratch memory of every width
// has the same parts; they lie one behind another, so that a width's scratch is wiped by one fill.
import {blockBytes, paddingBytes, scratchAt} from '../src/layout';
import {compressOneScalar} from './compress-one-scalar.gen';
import {compressOneSimd} from './compress-one-simd.gen';
import {compressThree} from './compress-three.gen';
import {initialState} from './constants.gen';

export const oneWide: i32 = 8;
export const threeWide: i32 = 32;

const scheduleWords: i32 = 80;
const stateWords: i32 = 8;
const blockWords: i32 = 16;

/** The block to be hashed: 16 words, and room for the 64 that the schedule appends. */
export const message: i32 = scratchAt;

/** The block of the batch's root, whose schedule is kept. */
export function rootMessage(width: i32): i32 {
  return scratchAt + scheduleWords * width;
}

/** The block of the text for check values, whose schedule is kept. */
export function checkMessage(width: i32): i32 {
  return scratchAt + 2 * scheduleWords * width;
}

/** The hash so far. */
export function state(width: i32): i32 {
  return scratchAt + 3 * scheduleWords * width;
}

/** The outer hash of an HMAC that is at work on its inner one. */
export function outerState(width: i32): i32 {
  return state(width) + stateWords * width;
}

export function wipeScratch(width: i32): void {
  memory.fill(scratchAt, 0, (3 * scheduleWords + 2 * stateWords) * width);
}

/** Sets the state to that of an empty hash (FIPS 180-4, section 5.3.5). */
export function start(width: i32): void {
  for (let i = 0; i < stateWords; i++) {
    fillWords(state(width) + i * width, 1, width, load<u64>(initialState + <usize>(8 * i)));
  }
}

/** Hashes the block whose words are at `words`. With `kept`, its schedule is there from an earlier call. */
export function compress(words: i32, width: i32, kept: bool = false): void {
  if (ASC_FEATURE_SIMD) {
    if (width === threeWide) compressThree(state(threeWide), words, kept);
    else compressOneSimd(state(oneWide), words, kept);
  } else {
    compressOneScalar(state(oneWide), words, kept);
  }
}

/** Reads a block of bytes as big-endian words. With three hashes, their blocks lie `stride` bytes apart. */
export function readBlock(words: i32, width: i32, at: i32, stride: i32): void {
  if (ASC_FEATURE_SIMD) {
    if (width === threeWide) readThree(words, at, stride);
    else for (let i = 0; i < blockBytes; i += 16) v128.store(words + i, swapWords(v128.load(at + i)));
  } else {
    for (let i = 0; i < blockBytes; i += 8) store<u64>(words + i, bswap(load<u64>(at + i)));
  }
}

function swapWords(bytes: v128): v128 {
  return i8x16.shuffle(bytes, bytes, 7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8);
}

function readThree(words: i32, at: i32, stride: i32): void {
  for (let i = 0; i < blockBytes; i += 16) {
    const first = v128.load(at + i);
    const second = v128.load(at + stride + i);
    const third = swapWords(v128.load(at + 2 * stride + i));
    const even = swapWords(v128.shuffle<u64>(first, second, 0, 2));
    const odd = swapWords(v128.shuffle<u64>(first, second, 1, 3));
    v128.store(words, even);
    v128.store_lane<u64>(words, third, 0, 16);
    v128.store(words, odd, 32);
    v128.store_lane<u64>(words, third, 1, 48);
    words += 64;
  }
}

/** Writes the first `length` bytes of a digest, rounded up to whole words. `state` is the first word of the wanted hash. */
export function writeDigest(state: i32, width: i32, to: i32, length: i32): void {
  for (let i = 0; i < length; i += 8) {
    store<u64>(to + i, bswap(load<u64>(state)));
    state += width;
  }
}

/** Hashes whole blocks that lie one behind another. */
export function hashBlocks(at: i32, count: i32): void {
  for (const end = at + count * blockBytes; at < end; at += blockBytes) {
    readBlock(message, oneWide, at, 0);
    compress(message, oneWide);
  }
}

/** Blocks of a message with its padding (FIPS 180-4, section 5.1.2). */
export function paddedBlocks(length: i32): i32 {
  return (length + paddingBytes + blockBytes - 1) / blockBytes;
}

/** Pads a message in place; the bytes behind it are zero. `total` counts what was hashed before as well. */
export function pad(at: i32, length: i32, total: u64): void {
  store<u8>(at + length, 0x80);
  store<u64>(at + paddedBlocks(length) * blockBytes - 8, bswap<u64>(total << 3));
}

/** Hashes the end of a message, padded in place. */
export function hashEnd(at: i32, length: i32, total: u64): void {
  pad(at, length, total);
  hashBlocks(at, paddedBlocks(length));
}

// Moves and fills of words. Every part of a word is read by the width it was written with, because a processor hands a
// store on to a load only if it covers the whole of it.

export function copyWords(to: i32, from: i32, count: i32, width: i32): void {
  for (const end = to + count * width; to < end; to += width, from += width) {
    if (ASC_FEATURE_SIMD && width === threeWide) {
      v128.store(to, v128.load(from));
      store<u64>(to, load<u64>(from, 16), 16);
    } else {
      store<u64>(to, load<u64>(from));
    }
  }
}

export function fillWords(at: i32, count: i32, width: i32, word: u64): void {
  for (const end = at + count * width; at < end; at += width) {
    if (ASC_FEATURE_SIMD && width === threeWide) {
      v128.store(at, i64x2.splat(word));
      store<u64>(at, word, 16);
    } else {
      store<u64>(at, word);
    }
  }
}

export function xorWords(at: i32, count: i32, width: i32, word: u64): void {
  for (const end = at + count * width; at < end; at += width) {
    if (ASC_FEATURE_SIMD && width === threeWide) {
      v128.store(at, v128.xor(v128.load(at), i64x2.splat(word)));
      store<u64>(at, load<u64>(at, 16) ^ word, 16);
    } else {
      store<u64>(at, load<u64>(at) ^ word);
    }
  }
}

/** Puts the digest where the next message's first words are and pads it there as the end of `total` bytes. */
export function digestAsMessage(width: i32, total: u64): void {
  const words = message;
  copyWords(words, state(width), stateWords, width);
  fillWords(words + stateWords * width, 1, width, 0x8000000000000000);
  fillWords(words + (stateWords + 1) * width, 6, width, 0);
  fillWords(words + (blockWords - 1) * width, 1, width, total << 3);
}

/** Puts the digest's first `count` words, followed by zeros, where the next message is: the block of an HMAC key. */
export function digestAsKey(width: i32, count: i32): void {
  copyWords(message, state(width), count, width);
  fillWords(message + count * width, blockWords - count, width, 0);
}
