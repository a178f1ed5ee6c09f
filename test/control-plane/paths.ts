// Where the built programs of the control plane are and what they are called.
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

/** This folder, with the Go sources in `go`. */
export const sourceFolder: string = dirname(fileURLToPath(import.meta.url));

/** Built once for each state of the Go sources; ignored by git. */
export const cacheFolder: string = join(sourceFolder, '..', '..', '.cache', 'control-plane');

export const binFolder: string = join(cacheFolder, 'bin');

export const binaries = ['kube-apiserver', 'kubectl', 'loader', 'pki', 'etcd', 'etcdctl', 'etcdutl'] as const;

export type Binary = (typeof binaries)[number];

export function binaryPath(binary: Binary): string {
  return join(binFolder, binary);
}
