// Under another root key the same names stand for other keys.

import {deriveDataKeys, fromBase64, readUnverifiedSeedBundle} from '@etcd-encryption/crypto';
import {
  type EngineParts,
  type NodeDeed,
  type NodeObservation,
  type NodePlan,
  planNode,
} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';
import {writingOtherBytes} from './other-bytes.ts';

export const rootDerivedOn: Mutant = {
  name: 'root changed → derive on, name without check value',
  what: 'a changed root key gives other keys for the published revisions, and they keep the names that they had',
  diesBy: ['S5 one name, one key', 'S1 readable'],
  parts,
};

/** Remembers of each node the root key that it had first. */
function parts(): EngineParts {
  const first = new Map<string, string>();
  const isChanged = ({node, derivation}: NodeObservation): boolean => {
    if (derivation?.root.state !== 'ready') return false;
    const {rootCheck} = derivation.root;
    const known = first.get(node) ?? rootCheck;
    first.set(node, known);
    return known !== rootCheck;
  };
  return {
    rules: {node: (o) => (isChanged(o) ? writtenAgain(o) : planNode(o))},
    deeds: {
      node: writingOtherBytes((revision, deed) => (isChanged(deed.observation) ? derived(revision, deed) : undefined)),
    },
  };
}

/** The same file once more. */
function writtenAgain(o: NodeObservation): NodePlan {
  const plan = planNode(o);
  return o.file.state === 'loadable' ? {...plan, actions: [{do: 'writeFile', blocks: o.file.blocks}]} : plan;
}

function derived(revision: number, {memory, observation}: NodeDeed): Uint8Array | undefined {
  const {root, settings} = memory.derivation ?? {};
  const bytes = fromBase64(observation.state.state === 'seen' ? observation.state.value.bundle : '');
  const read = bytes.outcome === 'ok' ? readUnverifiedSeedBundle(bytes.bytes) : undefined;
  if (root === undefined || settings === undefined || read?.outcome !== 'ok') return undefined;
  const entry = read.bundle.entries.find((each) => each.revision === revision);
  if (entry === undefined) return undefined;
  const {replicationGroupId, dimension} = settings;
  const [key] = deriveDataKeys({rootKey: root.secret, replicationGroupId, dimension}, [entry]);
  return key?.secret.withBytes((found) => Uint8Array.from(found));
}
