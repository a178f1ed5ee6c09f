// `pause`: an operator's word that stops the dangerous deeds.

import {annotation} from '@etcd-encryption/rotation';
import {changeAnnotation, checkReason} from '../annotation.ts';
import {kubeconfigOption, type OpenCluster, openCluster, withCluster} from '../cluster-client.ts';
import {configAddress} from '../cluster-state.ts';
import {cleanLine} from '../table.ts';
import {requireText, type Verb} from '../verb.ts';

export const pauseVerb = (open: OpenCluster): Verb => ({
  name: 'pause',
  summary: 'stops activation, migration and drops; adding and repairing go on',
  options: {kubeconfig: kubeconfigOption, reason: {type: 'string', help: 'why, in one line; required'}},
  async run(input) {
    const value = checkReason(requireText(input, 'reason'));
    const {previous} = await withCluster(open, input, ({store}) =>
      changeAnnotation(store, {on: configAddress, name: annotation.pause, value}),
    );
    const before = previous === undefined || previous === value ? '' : ` (before: ${cleanLine(previous)})`;
    input.out(`paused: ${value}${before}; the controller stops within one step`);
    return 0;
  },
});

export const pause: Verb = pauseVerb(openCluster);
