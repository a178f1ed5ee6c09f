// The agent takes its file's hash for what its server has loaded.

import {type NodeObservation, planNode} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';
import {withNodePlan} from './parts.ts';

export const writtenCountsAsLoaded: Mutant = {
  name: '"file written" counts as loaded',
  what: 'a file that lies on the disk is reported, and believed, as the one in force',
  diesBy: ['S2 write after read'],
  parts: () => withNodePlan((o) => planNode(hopeful(o))),
};

function hopeful(o: NodeObservation): NodeObservation {
  const {evidence, file} = o;
  if (evidence.state !== 'seen' || file.state !== 'loadable') return o;
  return {...o, evidence: {...evidence, value: {...evidence.value, loadedHash: file.hash}}};
}
