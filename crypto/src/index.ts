// Keys, their names and check values, and the small tools around them. No Node built-in, no clock, no randomness of
// its own. Configuration files and stored values have subpaths of their own.

export type {Aes256Gcm, Backend, DerivedKeys} from './backend.ts';
export {nobleBackend} from './backends/noble.ts';
export {proveBackend} from './backends/prove.ts';
export {type Base64Result, fromBase64, toBase64} from './base64.ts';
export {concat, constantTimeEqual, decodeUtf8, hex, startsWith, utf8} from './bytes.ts';
export {type ContextInput, encodeContext, idPattern, type Purpose, purposeTable} from './derivation/context.ts';
export {deriveDataKey, deriveDataKeys, nextSeed, type RevisionSeed} from './derivation/derive.ts';
export {hkdfSha512} from './derivation/hkdf.ts';
export type {Settings} from './derivation/settings.ts';
export {
  compareFingerprints,
  type FingerprintComparison,
  type FingerprintDifference,
} from './fingerprint/compare.ts';
export {
  type Fingerprint,
  type FingerprintAdopted,
  type FingerprintRevision,
  fingerprint,
} from './fingerprint/fingerprint.ts';
export {hmacSha512} from './hash.ts';
export {
  AdoptedKey,
  type AdoptedKeyInput,
  adoptKey,
  DataKey,
  type GenerateDataKeyInput,
  generateDataKey,
  type KeyProvider,
  keyLengths,
  providerOf,
  type StoredKey,
} from './key.ts';
export {keyCheckValue, keyName, type ParsedKeyName, parseKeyName} from './key-name.ts';
export {Secret} from './secret.ts';
export {type Acceptance, acceptSeedBundle} from './seed-bundle/accept.ts';
export {type DecodedSeedBundle, decodeSeedBundle} from './seed-bundle/decode.ts';
export {encodeSeedBundle} from './seed-bundle/encode.ts';
export {
  type BundleEntry,
  type BundleTags,
  readUnverifiedSeedBundle,
  type SeedBundle,
  type UnreadableBundle,
  type UnverifiedSeedBundle,
} from './seed-bundle/layout.ts';
