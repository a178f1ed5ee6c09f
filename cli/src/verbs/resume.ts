// `resume`: takes the word of `pause` back.

import {annotation} from '@etcd-encryption/rotation';
import {changeAnnotation} from '../annotation.ts';
import {kubeconfigOption, type OpenCluster, openCluster, withCluster} from '../cluster-client.ts';
import {configAddress} from '../cluster-state.ts';
import {cleanLine} from '../table.ts';
import type {Verb} from '../verb.ts';

export const resumeVerb = (open: OpenCluster): Verb => ({
  name: 'resume',
  summary: 'goes on after pause; a rotation that is due runs once',
  options: {kubeconfig: kubeconfigOption},
  async run(input) {
    const {previous} = await withCluster(open, input, ({store}) =>
      changeAnnotation(store, {on: configAddress, name: annotation.pause, value: undefined}),
    );
    input.out(previous === undefined ? 'it was not paused' : `resumed (paused before: ${cleanLine(previous)})`);
    return 0;
  },
});

export const resume: Verb = resumeVerb(openCluster);
