// An object of the API as `kubectl get -o yaml` prints it.

import type {StoredObject} from '@etcd-encryption/rotation';
import {stringify} from 'yaml';

/** Members in alphabetical order, times in quotes, lists not indented, no line folded. */
export const kubectlYaml = (object: StoredObject): string =>
  stringify(object, {
    version: '1.1',
    sortMapEntries: true,
    indentSeq: false,
    lineWidth: 0,
    aliasDuplicateObjects: false,
  });
