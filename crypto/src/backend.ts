// What does the hashing: one interface, several implementations (noble, node:crypto, WebAssembly), all of which give the
// same bytes. A backend sees secrets; it keeps none of them after it has answered.

/**
 * Keys and their check values, one behind the other in the order asked for: `keys` has 32 bytes a key, `checks` 8. Both
 * are fresh arrays with buffers of their own, for the caller to wipe.
 */
export type DerivedKeys = {readonly keys: Uint8Array; readonly checks: Uint8Array};

/**
 * HMAC and HKDF with SHA-512 (RFC 2104, RFC 5869). Every method copies what it keeps, changes no input, honours
 * `byteOffset` and returns fresh arrays of its own, never views on shared memory. Misuse throws TypeError or RangeError
 * that name the argument, what was expected and what came, and never a byte of it.
 */
export interface Backend {
  /** Shown to people, such as `noble`, `node:crypto`, `wasm-simd`. */
  readonly name: string;

  /** HMAC-SHA512 of a message under a key of any length: 64 bytes. */
  hmacSha512(key: Uint8Array, message: Uint8Array): Uint8Array;

  /** HKDF-SHA512: `length` bytes, 1 to 16,320. An empty salt counts as 64 zero bytes (RFC 5869, section 2.2). */
  hkdfSha512(ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array;

  /**
   * One HKDF for each pair of salt and context, all from the same root and of the same length (1 to 64 bytes):
   * `deriveMany(root, salts, contexts, length)[i]` is `hkdfSha512(root, salts[i], contexts[i], length)`.
   * `salts` and `contexts` are of the same length, which may be 0.
   */
  deriveMany(
    root: Uint8Array,
    salts: readonly Uint8Array[],
    contexts: readonly Uint8Array[],
    length: number,
  ): Uint8Array[];

  /**
   * For a backend that does it in one go: `deriveMany` of 32 bytes, and of each key the first 8 bytes of
   * `hmacSha512(key, checkText)`, packed (see `DerivedKeys`). `checkText` has at most 64 bytes. Where the method is
   * missing, the other ones are used.
   */
  deriveKeys?(
    root: Uint8Array,
    salts: readonly Uint8Array[],
    contexts: readonly Uint8Array[],
    checkText: Uint8Array,
  ): DerivedKeys;

  /** AES-256-GCM (NIST SP 800-38D) with a nonce of 12 bytes and a tag of 16 at the end, where the backend has it. */
  readonly aes256gcm?: Aes256Gcm;
}

/** AES-256-GCM. `open` answers `undefined` when the tag does not verify. */
export interface Aes256Gcm {
  seal(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, additionalData: Uint8Array): Uint8Array;
  open(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array, additionalData: Uint8Array): Uint8Array | undefined;
}
