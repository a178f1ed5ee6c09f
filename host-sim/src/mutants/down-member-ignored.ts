// A member that is down is asked again when it is back.

import {controllerRules, type View} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';

export const downMemberIgnored: Mutant = {
  name: "drop ignores a down member's write key",
  what: 'once a key is activated, members that have been silent for 15 s are left out of convergence and of drops',
  diesBy: ['S3 drop after need', 'S1 readable'],
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
