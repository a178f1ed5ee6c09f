// Prints the CustomResourceDefinitions, for `kubectl apply -f -`.

import {renderCrds} from '@etcd-encryption/host-k8s';
import type {Verb} from '../verb.ts';

export const crds: Verb = {
  name: 'crds',
  summary: 'prints the CustomResourceDefinitions for kubectl apply -f -',
  options: {},
  async run({out}) {
    out(renderCrds());
    return 0;
  },
};
