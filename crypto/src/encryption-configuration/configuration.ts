// The shapes of an encryption configuration, as read from a file or about to be written to one.

import type {KeyProvider, StoredKey} from '../key.ts';
import type {Problem} from './problem.ts';
import type {Warning} from './warning.ts';

/** A KMS plugin's settings, exactly as the file gave them; an absent one was not in the file. */
export type KmsSettings = {
  readonly apiVersion?: string;
  readonly name: string;
  readonly cachesize?: number;
  readonly endpoint: string;
  readonly timeout?: string;
};

/** One element of a block's provider list. */
export type Provider =
  | {readonly kind: KeyProvider; readonly keys: readonly StoredKey[]}
  | {readonly kind: 'kms'; readonly verbatim: KmsSettings}
  | {readonly kind: 'identity'};

/** Resources and the providers that serve them; the first provider writes, the others only read. */
export type Block = {readonly resources: readonly string[]; readonly providers: readonly Provider[]};

/** All that an encryption configuration says. */
export type EncryptionConfiguration = {readonly blocks: readonly Block[]};

/** What reading a file gave: a configuration that kube-apiserver loads, or all reasons why it is refused. */
export type ParsedConfiguration =
  | {
      readonly outcome: 'loadable';
      readonly configuration: EncryptionConfiguration;
      readonly warnings: readonly Warning[];
    }
  | {readonly outcome: 'refused'; readonly problems: readonly Problem[]};
