// Every limit of this package, with its unit and its reason.

/** Bytes of an AES-256 data key (derivation.md, "Derivation"). */
export const dataKeyBytes = 32;

/** Bytes of an HMAC-SHA512 that a key check value shows; 64 bits tell keys apart and give nothing away. */
export const checkValueBytes = 8;

/** Hex digits of the check value that a key name carries. */
export const nameCheckDigits = 8;

/** Largest revision: the last whole number that JavaScript and JSON carry exactly, 2^53 - 1. */
export const maxRevision = Number.MAX_SAFE_INTEGER;

/** Bytes of the largest configuration file that is read: the size of the largest Kubernetes object (1 MiB). */
export const maxConfigurationBytes = 1_048_576;

/** Nesting of the deepest configuration that is read; the deepest one kube-apiserver can load has 8 levels. */
export const maxNesting = 32;

/** Characters of an implicit YAML key; libyaml gives up on longer ones (YAML 1.1, section 9.2.2). */
export const maxImplicitKeyCharacters = 1024;

/** Problems listed for one file; a file with more is shown by its first ones. */
export const maxProblems = 100;

/** Characters of an unknown field's name that a problem repeats; the base64 of the shortest key has 24. */
export const maxQuotedCharacters = 20;

/** Bytes after `k8s:enc:<provider>:v1:` that are searched for the `:` that ends a key name. */
export const maxStoredNameBytes = 1024;

/** Bytes of a root key (derivation.md, "Inputs"). */
export const rootKeyBytes = 32;

/** Bytes of a revision's seed (derivation.md, "Inputs"). */
export const seedBytes = 32;

/** Bytes that one derivation gives at most: one block of HMAC-SHA512 (derivation.md, "Derivation"). */
export const maxDerivedBytes = 64;

/** Bytes that HKDF-SHA512 gives at most: 255 blocks of 64 (RFC 5869, section 2.3). */
export const maxHkdfBytes = 255 * 64;

/** Characters of the longest purpose; the table's longest has 15, and one byte would hold the length of many more. */
export const maxPurposeCharacters = 64;

/** Bytes of a bundle id (derivation.md, "SeedBundle, version 1"). */
export const bundleIdBytes = 16;

/** Bytes of the HMAC that stand at the end of a SeedBundle. */
export const bundleMacBytes = 32;

/** Entries of the largest SeedBundle: 8 revisions and the next, and many more that may still be needed. */
export const maxBundleEntries = 64;
