// Why a configuration file is refused. Messages repeat names and lengths from the file, never the text of a secret.

/** One word for each cause; the words are part of the interface. */
export type ProblemReason =
  | 'empty-file'
  | 'too-large'
  | 'not-text'
  | 'not-json'
  | 'not-yaml'
  | 'unsupported-yaml'
  | 'nested-too-deep'
  | 'doubled-field'
  | 'unknown-field'
  | 'wrong-type'
  | 'wrong-api-version'
  | 'wrong-kind'
  | 'no-blocks'
  | 'no-resources'
  | 'no-providers'
  | 'no-provider-kind'
  | 'several-provider-kinds'
  | 'no-keys'
  | 'no-key-name'
  | 'no-secret'
  | 'secret-not-base64'
  | 'wrong-key-length'
  | 'resource-twice'
  | 'overlapping-resources'
  | 'masked-resource'
  | 'capital-letter'
  | 'bare-star'
  | 'not-a-rest-resource'
  | 'events-group'
  | 'extensions-group'
  | 'resource-across-groups'
  | 'no-kms-name'
  | 'kms-name-colon'
  | 'kms-name-twice'
  | 'wrong-kms-api-version'
  | 'kms-v1-disabled'
  | 'wrong-timeout'
  | 'wrong-cache-size'
  | 'no-endpoint'
  | 'wrong-endpoint';

/** Where a problem lies and how it is told. */
export type Report = (path: string, reason: ProblemReason, message: string) => void;

/** One thing that is wrong: where (such as `resources[0].providers[1].aesgcm.keys[0].secret`), its cause, and a sentence. */
export type Problem = {readonly path: string; readonly reason: ProblemReason; readonly message: string};
