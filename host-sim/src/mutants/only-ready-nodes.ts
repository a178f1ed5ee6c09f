// Nodes that do not report now are left out of every question.

import type {View} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';
import {withView} from './parts.ts';

export const onlyReadyNodes: Mutant = {
  name: 'only Ready nodes counted',
  what: 'a member whose agent is silent for 40 s, or whose server is down, holds nothing back',
  diesBy: ['S2 write after read'],
  parts: () => withView(readyOnly),
};

/** A kubelet that is silent for this long makes its node NotReady, ms. */
const notReadyMs = 40_000;

const readyOnly = (view: View): View => ({
  ...view,
  members: view.members.filter(
    ({report, unchangedForMs}) => report.server.state === 'up' && unchangedForMs < notReadyMs,
  ),
});
