// Reads a configuration file by kube-apiserver's rules.

import type {ParsedConfiguration} from './configuration.ts';

export function parseEncryptionConfiguration(bytes: Uint8Array): ParsedConfiguration {
  return {
    outcome: 'refused',
    problems: [{path: '', reason: 'not-yaml', message: `not read yet: ${bytes.length} bytes`}],
  };
}
