// A member that is down is asked again when it is back.

import {controllerRules, type View} from '@etcd-encryption/rotation';
import {ringIn, ringKey} from '../oracles/own-objects.ts';
import type {Mutant} from './mutant.ts';
import type {Stage} from './stage.ts';

export const downMemberIgnored: Mutant = {
  name: "drop ignores a down member's write key",
  what: 'once a key is activated, members that have been silent for 15 s are left out of convergence and of drops',
  diesBy: ['S3 drop after need', 'S1 readable'],
  aimed: [],
  world: {rotationInterval: '3m0s', lengthMs: 660_000, controllers: 1, script: loseOneAtActivation},
  parts: () => ({
    rules: {
      controller: controllerRules.map((rule) =>
        after.has(rule.name)
          ? {...rule, apply: (view) => rule.apply(activated(view) ? withoutSilent(view) : view)}
          : rule,
      ),
    },
  }),
};

const after: ReadonlySet<string> = new Set(['returned', 'activate', 'migrate', 'verify', 'drop']);
const silentMs = 15_000;

const activated = ({ring}: View): boolean => ring.rotation === undefined || ring.rotation.activatedAtMs !== undefined;

const withoutSilent = (view: View): View => ({
  ...view,
  members: view.members.filter(({unchangedForMs}) => unchangedForMs < silentMs),
});

/** The second key is activated, and one node loses its power before its agent has heard of it. */
function loseOneAtActivation({simulation, draws, after: later}: Stage): void {
  const {cluster} = simulation;
  let done = false;
  cluster.observe({
    onCommit({key, current}) {
      const rotation = key === ringKey ? ringIn(current)?.rotation : undefined;
      if (done || rotation?.activatedAtMs === undefined || rotation.revision < 2) return;
      done = true;
      const {name} = draws.pick(cluster.nodes);
      later(0, () => {
        simulation.powerLoss(name, 0);
        later(draws.integer(330_000, 390_000), () => simulation.boot(name, 1_000));
      });
    },
  });
}
