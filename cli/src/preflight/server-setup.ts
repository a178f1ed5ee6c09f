// What one kube-apiserver's manifest must say before its node can take part; from the node's file, or from its mirror Pod.

import {configurationPath, type NodePlatform} from '@etcd-encryption/rotation';
import type {Findings} from './finding.ts';

/** One line for each thing that stands in the way, else one that says that nothing does. */
export function checkServerSetup(about: string, platform: NodePlatform, findings: Findings): void {
  const before = findings.list.length;
  const {configPath, automaticReload, mount, fipsOnly, problem} = platform;
  if (problem !== undefined && (configPath !== undefined || mount === 'unknown')) findings.warn(about, problem);
  if (configPath === undefined) {
    if (problem === undefined) findings.red(about, 'kube-apiserver has no --encryption-provider-config');
  } else {
    if (configPath !== configurationPath)
      findings.red(about, `kube-apiserver reads ${configPath}, not ${configurationPath}`);
    if (!automaticReload)
      findings.red(about, 'kube-apiserver has no --encryption-provider-config-automatic-reload=true');
    if (mount === 'single-file')
      findings.red(
        about,
        'the configuration is mounted as a single file, which a rename does not reach; mount its folder',
      );
  }
  if (fipsOnly)
    findings.red(about, 'GODEBUG asks for FIPS-only cryptography, under which kube-apiserver refuses aesgcm');
  if (findings.list.length === before)
    findings.fine(
      about,
      `flags, automatic reload, ${mount} mount of ${configPath}, etcd prefix ${platform.etcdPrefix}`,
    );
}
