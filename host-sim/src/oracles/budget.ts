// S13, budget: encryptions under one key by all servers of a cluster, across their restarts, stay below a bound.

import type {Cluster} from '../world/cluster.ts';
import type {Observer} from '../world/observer.ts';
import type {OracleOptions} from './options.ts';
import {violator} from './violation.ts';

export function watchBudget(cluster: Cluster, {encryptionBudget}: Required<OracleOptions>): Observer {
  const violate = violator(cluster, 'S13 budget');
  return {
    onEncryption({node}, key, total) {
      if (total < encryptionBudget) return;
      violate({node, key, explanation: `${total} encryptions under one key, expected fewer than ${encryptionBudget}`});
    },
  };
}
