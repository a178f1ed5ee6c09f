// kube-apiserver's EncryptionConfiguration: the bytes we write, and what any file says or why it would not load.

export type {
  Block,
  EncryptionConfiguration,
  KmsSettings,
  ParsedConfiguration,
  Provider,
} from './configuration.ts';
export {formatEncryptionConfiguration} from './format.ts';
export {type ParseOptions, parseEncryptionConfiguration} from './parse.ts';
export type {Problem, ProblemReason} from './problem.ts';
export type {Warning, WarningReason} from './warning.ts';
