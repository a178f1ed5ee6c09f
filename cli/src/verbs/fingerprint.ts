// `fingerprint`: what one side of a pair may show of its settings and keys, as JSON that `verify` compares anywhere.
// From root key and bundle in files, or from a cluster, whose root Secret is not read for it.

import {fingerprint as fingerprintOf} from '@etcd-encryption/crypto';
import {readBundleFile} from '../bundle-file.ts';
import {type OpenCluster, openCluster, withCluster} from '../cluster-client.ts';
import {clusterFingerprint} from '../cluster-fingerprint.ts';
import {readClusterState} from '../cluster-state.ts';
import type {SideFingerprint} from '../fingerprint-file.ts';
import {formatDocument} from '../output.ts';
import {pairOptions, withPairSettings} from '../pair-settings.ts';
import {cleanLine} from '../table.ts';
import {optionalText, UsageError, type Verb, type VerbInput} from '../verb.ts';

const fileOptions = ['root-key', 'group', 'dimension', 'bundle'] as const;

export const fingerprintVerb = (open: OpenCluster): Verb => ({
  name: 'fingerprint',
  summary: 'what one side of a pair may show of its keys, as JSON for verify',
  options: {
    kubeconfig: {
      type: 'string',
      help: 'kubeconfig FILE of the cluster that is asked; found as kubectl does where no file is given',
    },
    ...pairOptions,
    bundle: {type: 'string', help: 'file with the SeedBundle, as bytes or base64, or - for standard input'},
  },
  async run(input) {
    const files = fileOptions.filter((name) => optionalText(input, name) !== undefined);
    const kubeconfig = optionalText(input, 'kubeconfig');
    if (files.length > 0 && kubeconfig !== undefined)
      throw new UsageError(`--kubeconfig, --${files[0]}: expected a cluster or files, got both`);
    input.out(formatDocument('json', files.length > 0 ? await fromFiles(input) : await fromCluster(open, input)));
    return 0;
  },
});

export const fingerprint: Verb = fingerprintVerb(openCluster);

async function fromFiles(input: VerbInput): Promise<SideFingerprint> {
  const file = optionalText(input, 'bundle');
  if (file === '-' && input.values['root-key'] === '-')
    throw new UsageError('--root-key, --bundle: expected one of them at standard input, got both');
  return withPairSettings(input, async (settings) => {
    if (settings === undefined) throw new UsageError('--root-key: expected a file beside --bundle, got none');
    if (file === undefined) throw new UsageError('--bundle: expected a file beside --root-key, got none');
    return fingerprintOf(settings, await readBundleFile(file, settings));
  });
}

async function fromCluster(open: OpenCluster, input: VerbInput): Promise<SideFingerprint> {
  const {side, notes} = clusterFingerprint(await withCluster(open, input, readClusterState));
  for (const note of notes) input.err(cleanLine(note));
  return side;
}
