// A folder for one control plane of a test, and the files in it that a test reads.

import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {
  type ClientFiles,
  type ControlPlane,
  type ControlPlaneOptions,
  startControlPlane,
} from '../control-plane/index.ts';

export interface RunningControlPlane {
  readonly controlPlane: ControlPlane;
  readonly close: () => Promise<void>;
}

/** Started in a folder of its own, which `close` removes. */
export async function startInTemporaryFolder(options: Omit<ControlPlaneOptions, 'dir'>): Promise<RunningControlPlane> {
  const dir = mkdtempSync(join(tmpdir(), 'eem-cluster-'));
  const controlPlane = await startControlPlane({...options, dir});
  return {
    controlPlane,
    close: async () => {
      await controlPlane.stop();
      rmSync(dir, {recursive: true});
    },
  };
}

/** The contents of PEM files. */
export const readPem = ({ca, cert, key}: ClientFiles) => ({
  ca: readFileSync(ca, 'utf8'),
  cert: readFileSync(cert, 'utf8'),
  key: readFileSync(key, 'utf8'),
});
