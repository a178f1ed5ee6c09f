// Where everything lies in the kernel's memory. The kernel is compiled with this file and the backend packs by it.
// Below `scratchAt` stand the constants of SHA-512; everything above is zero whenever no call is running.

/** Pages of 64 KiB: the memory never grows. */
export const memoryPages = 2;

/** Bytes of the whole memory. */
export const memoryBytes = 131072;

/** Words and states of the hashes at work. */
export const scratchAt = 4096;

/** Results: up to 255 blocks of 64 bytes, and a word that a result's last bytes may spill into. */
export const outputAt = 12288;

/** Bytes that a result may be longer than asked for, because whole words are written. */
export const spillBytes = 8;

/** Check values of a batch, 8 bytes each. */
export const checksAt = 28672;

/** The root of a batch, and behind it the text of its check values: a padded block each. */
export const rootAt = 30720;
export const checkTextAt = 30848;

/** Messages, keys and the slots of a batch. */
export const inputAt = 30976;

/** Bytes of `inputAt` to the end of memory. */
export const inputBytes = 100096;

/** Whole blocks that a long message is taken in by at once; two more fit, for the end of one. */
export const pieceBlocks = 780;

/** Bytes of a block of SHA-512. */
export const blockBytes = 128;

/** Bytes of a digest of SHA-512. */
export const digestBytes = 64;

/** Bytes behind a message that its padding needs at least: a bit and a length of 16 bytes. */
export const paddingBytes = 17;

/** Bytes before the salt in a slot: the length of its context, 4 bytes with the lowest first. */
export const slotHeaderBytes = 16;

/** Bytes of a slot before its context: header and a salt padded to a block. */
export const slotContextAt = 144;

/** Derivations in one call at most: their results fill the output. */
export const batchLimit = 255;
