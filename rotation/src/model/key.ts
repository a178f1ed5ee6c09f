// How keys are spoken of in plans, rings, reports and traces: by reference, never by bytes.

/** A key of ours is identified by its name; an adopted one by provider, name and check value, since several may share a name. */
export type KeyId = string;

export interface KeyRef {
  readonly id: KeyId;
  readonly provider: 'aesgcm' | 'aescbc' | 'secretbox';
  /** The name in the file and in front of every value stored under the key. */
  readonly name: string;
  /** 16 hex digits, derivation.md "Key check value". */
  readonly check: string;
  /** From 1 for ours; 0 for adopted keys. */
  readonly revision: number;
  /** Length of the secret in bytes. */
  readonly length: 16 | 24 | 32;
}

export const adoptedKeyId = (provider: string, name: string, check: string): KeyId => `${provider}/${name}/${check}`;

/** Name of the sealed object that holds a key. */
export const keyObjectName = (key: KeyRef): string => (key.revision > 0 ? `r${key.revision}` : `adopted-${key.check}`);
