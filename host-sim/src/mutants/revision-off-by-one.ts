// One side counts revisions from 0.

import {deriveDataKeys} from '@etcd-encryption/crypto';
import type {NodeDeed} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';
import {writingOtherBytes} from './other-bytes.ts';
import {onSide} from './pair-parts.ts';

export const revisionOffByOne: Mutant = {
  name: 'revision off by one on one side',
  what: 'the Standby derives each key with the next number, and calls it by the name that the Active’s key has',
  diesBy: ['S5 one name, one key'],
  parts: onSide('west', () => ({deeds: {node: writingOtherBytes(oneMore)}})),
};

function oneMore(revision: number, {memory, observation}: NodeDeed): Uint8Array | undefined {
  const {derivation} = memory;
  const text = observation.state.state === 'seen' ? observation.state.value.bundle : '';
  const content = derivation?.opened.get(text)?.content;
  if (derivation?.root === undefined || content?.outcome !== 'ok') return undefined;
  const entry = content.bundle.entries.find((each) => each.revision === revision);
  if (entry === undefined) return undefined;
  const {replicationGroupId, dimension} = derivation.settings;
  const settings = {rootKey: derivation.root.secret, replicationGroupId, dimension};
  const [key] = deriveDataKeys(settings, [{revision: revision + 1, seed: entry.seed}]);
  return key?.secret.withBytes((bytes) => Uint8Array.from(bytes));
}
