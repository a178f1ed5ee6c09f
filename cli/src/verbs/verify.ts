// `verify`: whether the two sides of a pair have the same keys, by their fingerprints alone; it asks no cluster. With
// `--record` the Standby's fingerprint goes to the Active's ring, where the first activation waits for it.

import {compareFingerprints, type FingerprintComparison, type FingerprintDifference} from '@etcd-encryption/crypto';
import {annotation} from '@etcd-encryption/rotation';
import {changeAnnotation} from '../annotation.ts';
import {
  answerOf,
  type ClusterClient,
  kubeconfigOption,
  type OpenCluster,
  openCluster,
  withCluster,
} from '../cluster-client.ts';
import {configAddress, readRingState, ringAddress, type StatusFields} from '../cluster-state.ts';
import {readFingerprint, type SideFingerprint} from '../fingerprint-file.ts';
import {formatDocument, outputOf, outputOption} from '../output.ts';
import {cleanLine} from '../table.ts';
import {type ExitCode, optionalText, UsageError, type Verb, type VerbInput} from '../verb.ts';

const forms = ['json', 'yaml'] as const;

export const verifyVerb = (open: OpenCluster): Verb => ({
  name: 'verify',
  summary: 'compares the fingerprints of Active and Standby and names what differs',
  takes: 'ACTIVE.json STANDBY.json',
  positionals: 2,
  options: {
    record: {type: 'boolean', help: 'puts the Standby’s proof, the second file, on the Active’s ring'},
    kubeconfig: {...kubeconfigOption, help: 'with --record: kubeconfig FILE of the Active'},
    output: outputOption(...forms),
  },
  run: (input) => run(open, input),
});

export const verify: Verb = verifyVerb(openCluster);

async function run(open: OpenCluster, input: VerbInput): Promise<ExitCode> {
  const output = outputOf(input, forms);
  const record = input.values.record === true;
  if (!record && optionalText(input, 'kubeconfig') !== undefined)
    throw new UsageError('--kubeconfig: expected --record beside it; comparing asks no cluster');
  const [active, standby] = await readSides(input);
  const comparison = compareFingerprints(active, standby);
  if (output === 'json' || output === 'yaml') input.out(formatDocument(output, comparison));
  else input.out(comparison.same ? sameLine(standby) : differenceLines(comparison));
  if (!comparison.same) return 1;
  if (isEmpty(standby)) return 3;
  if (record) await recordProof(open, input, standby);
  return 0;
}

async function readSides(input: VerbInput): Promise<readonly [SideFingerprint, SideFingerprint]> {
  const [a, b] = input.positionals;
  if (a === undefined || b === undefined)
    throw new UsageError(`verify: expected two files of fingerprints, got ${a === undefined ? 'none' : 'one'}`);
  if (a === b) throw new UsageError(`verify: expected two files, got ${a} twice`);
  const [active, standby] = [await readFingerprint(a), await readFingerprint(b)];
  if (active.clusterId !== undefined && active.clusterId === standby.clusterId)
    throw new UsageError(`${a}, ${b}: expected the two sides of a pair, got one cluster twice`);
  return [active, standby];
}

/** Nothing that could differ: that two such sides are the same says nothing. */
const isEmpty = ({rootCheck, revisions, adopted}: SideFingerprint): boolean =>
  rootCheck === undefined && revisions.length === 0 && adopted.length === 0;

function sameLine(side: SideFingerprint): string {
  const {generation, revisions} = side;
  if (isEmpty(side)) return 'nothing to compare: neither side shows a root key or any other key';
  const [first, last] = [revisions[0], revisions.at(-1)];
  if (first === undefined) return 'same: the settings; neither side shows a key yet';
  const span = first === last ? first.name : `${first.name} … ${last?.name}`;
  return `same: ${span}${generation === undefined ? '' : `, generation ${generation} of the SeedBundle`}`;
}

const differenceLines = ({differences}: FingerprintComparison): string => differences.map(differenceLine).join('\n');

const differenceLine = ({what, a, b, meaning}: FingerprintDifference): string =>
  cleanLine(`different: ${what}: ${a} on the Active, ${b} on the Standby: ${meaning}`);

/** The proof stands on the ring as the Standby showed it; the controller compares it with its own keys once more. */
async function recordProof(open: OpenCluster, input: VerbInput, standby: SideFingerprint): Promise<void> {
  const newest = standby.revisions.at(-1);
  if (standby.bundleId === undefined || newest === undefined)
    throw new Error('nothing was recorded: the fingerprints show no key of a SeedBundle');
  if (standby.clusterId === undefined)
    input.err(
      'made from files: the proof says that root key and SeedBundle fit, not that servers have loaded the keys',
    );
  await withCluster(open, input, async (client) => {
    await requireActive(client, standby);
    await changeAnnotation(client.store, {
      on: ringAddress,
      name: annotation.standbyProof,
      value: JSON.stringify(standby),
    });
  });
  input.err(`recorded on the Active’s ring: the Standby can read ${newest.name}`);
}

/** The proof is worth something only on the ring that follows the very bundle that was compared. */
async function requireActive({store}: ClusterClient, standby: SideFingerprint): Promise<void> {
  const config = answerOf('EtcdEncryptionConfig', await store['store.get'](configAddress));
  const {role} = (config?.status ?? {}) as StatusFields;
  if (role === 'Standby')
    throw new Error('nothing was recorded: this cluster is a Standby; name the Active’s kubeconfig');
  const {ring, ringProblem} = await readRingState(store);
  if (ring === undefined) throw new Error(`nothing was recorded: ${ringProblem}`);
  if (ring.clusterId === standby.clusterId)
    throw new Error('nothing was recorded: the second file is of this very cluster; it must be the Standby’s');
  const followed = ring.following?.bundleId;
  if (followed !== standby.bundleId)
    throw new Error(
      `nothing was recorded: this cluster follows ${followed ?? 'no SeedBundle'}, not ${standby.bundleId}`,
    );
}
