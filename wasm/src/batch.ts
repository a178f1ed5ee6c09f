// Batches: derivations of at most 64 bytes from one root, as many in one call of the kernel as fit its memory. Those
// that fit no slot (a salt longer than a block, a very long context) go the general way, one by one.
import {copyIn, lengthOf} from './copy-in.ts';
import type {HkdfParts} from './general.ts';
import type {Kernel} from './kernel.ts';
import {
  batchLimit,
  blockBytes,
  checkTextAt,
  inputAt,
  inputBytes,
  outputAt,
  paddingBytes,
  rootAt,
  slotContextAt,
  slotHeaderBytes,
  spillBytes,
} from './layout.ts';

/** Derivations to be done; salts and contexts are of the same length. */
export interface Batch {
  readonly root: Uint8Array;
  readonly salts: readonly Uint8Array[];
  readonly contexts: readonly Uint8Array[];
  /** Bytes wanted of each, 1 to 64. */
  readonly length: number;
  /** With it, check values are wanted of every key. */
  readonly checkText: Uint8Array | undefined;
}

/** What becomes of a batch's derivations, in their order. */
export interface BatchSteps {
  /** Results of `count` derivations from `from` on are at `outputAt` and `checksAt`; take them out and wipe them. */
  readonly done: (from: number, count: number) => void;
  /** This one fits no slot. */
  readonly unfit: (salt: Uint8Array, context: Uint8Array, at: number) => void;
}

/** Bytes of the longest message that fits one block with its padding: a root, a check text. */
const maxRootBytes = blockBytes - paddingBytes;

/** Whether a root fits the one block that the kernel keeps for it. */
export const rootFits = (root: Uint8Array): boolean => lengthOf(root) <= maxRootBytes;

/** Blocks of a context with its counter and padding. */
const blocksOf = (context: Uint8Array): number => Math.ceil((lengthOf(context) + 1 + paddingBytes) / blockBytes);

/** Whether a derivation fits a slot. */
export const slotFits = (salt: Uint8Array, context: Uint8Array): boolean =>
  lengthOf(salt) <= blockBytes && slotContextAt + blocksOf(context) * blockBytes <= inputBytes;

/** One derivation of at most 64 bytes. Root, salt and context must fit. */
export function deriveOne(kernel: Kernel, {salt, ikm, info}: HkdfParts, length: number): Uint8Array {
  const {run, memory} = kernel;
  const [rootLength, blocks] = [lengthOf(ikm), blocksOf(info)];
  copyIn(memory, ikm, rootAt, maxRootBytes);
  packSlot(memory, inputAt, blocks, salt, info);
  run.derive(1, blocks, rootLength, length, -1);
  const derived = memory.slice(outputAt, outputAt + length);
  wipeOutput(kernel, length);
  return derived;
}

/** Does the whole batch, in as few calls of the kernel as its memory allows. */
export function runBatch(kernel: Kernel, batch: Batch, steps: BatchSteps): void {
  const {root, salts, contexts, length, checkText} = batch;
  const rootLength = lengthOf(root);
  const checkLength = checkText === undefined ? -1 : lengthOf(checkText);
  for (let from = 0; from < salts.length; ) {
    const salt = salts[from];
    const context = contexts[from];
    if (salt === undefined || context === undefined) throw new Error(`batch: expected derivation ${from}, got none`);
    if (!rootFits(root) || !slotFits(salt, context)) {
      steps.unfit(salt, context, from++);
      continue;
    }
    const blocks = blocksOf(context);
    const count = packSlots(kernel.memory, batch, from, blocks);
    copyIn(kernel.memory, root, rootAt, maxRootBytes);
    if (checkText !== undefined) copyIn(kernel.memory, checkText, checkTextAt, maxRootBytes);
    kernel.run.derive(count, blocks, rootLength, length, checkLength);
    steps.done(from, count);
    from += count;
  }
}

/** Fills slots with the derivations from `from` on that take `blocks` blocks; returns how many these are. */
function packSlots(memory: Uint8Array, {salts, contexts}: Batch, from: number, blocks: number): number {
  const slotBytes = slotContextAt + blocks * blockBytes;
  const limit = Math.min(batchLimit, salts.length - from, Math.floor(inputBytes / slotBytes));
  for (let count = 0; count < limit; count++) {
    const salt = salts[from + count];
    const context = contexts[from + count];
    if (salt === undefined || context === undefined || lengthOf(salt) > blockBytes || blocksOf(context) !== blocks)
      return count;
    packSlot(memory, inputAt + count * slotBytes, blocks, salt, context);
  }
  return limit;
}

function packSlot(memory: Uint8Array, at: number, blocks: number, salt: Uint8Array, context: Uint8Array): void {
  const length = lengthOf(context);
  memory[at] = length;
  memory[at + 1] = length >> 8;
  memory[at + 2] = length >> 16;
  copyIn(memory, salt, at + slotHeaderBytes, blockBytes);
  copyIn(memory, context, at + slotContextAt, blocks * blockBytes - paddingBytes - 1);
}

/** Wipes results of `bytes` bytes, and what they may have spilled. */
export function wipeOutput({memory}: Kernel, bytes: number): void {
  memory.fill(0, outputAt, outputAt + bytes + spillBytes);
}
