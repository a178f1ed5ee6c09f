// What kube-apiserver loads and we would never write. The guard refuses it in files of ours, adopted parts aside.

/** One word for each finding; the words are part of the interface. */
export type WarningReason =
  | 'doubled-key-name'
  | 'colon-in-key-name'
  | 'short-key'
  | 'check-value-mismatch'
  | 'resource-in-two-blocks'
  | 'empty-resource-name'
  | 'second-document'
  | 'old-kind'
  | 'identity-first'
  | 'no-identity'
  | 'write-provider-not-aesgcm';

/** One finding: where, what, and a sentence. */
export type Warning = {readonly path: string; readonly reason: WarningReason; readonly message: string};
