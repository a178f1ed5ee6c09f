// Encryptions are those that the servers count now.

import type {View} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';
import {withView} from './parts.ts';
import type {Stage} from './stage.ts';

const hourMs = 3_600_000;

export const counterResets: Mutant = {
  name: 'counter resets with the server',
  what: 'what a server counted before its last start is left out of the budget',
  diesBy: ['S13 budget'],
  aimed: [],
  world: {
    rotationInterval: '2400h0m0s',
    lengthMs: 34 * hourMs,
    controllers: 1,
    spec: {writeBudget: 600},
    users: {writesPerSecond: 0.01, readsPerSecond: 0.001, listsPerSecond: 0.0001, creates: 0, deletes: 0},
    // An early rotation comes at most once a day, so the bound is what a day and a quarter writes.
    simulation: {nodes: 1, oracleOptions: {encryptionBudget: 1_100}},
    quiet: true,
    script: restartOften,
  },
  parts: () => withView((view) => ({...view, members: view.members.map(sinceStart)})),
};

type Member = View['members'][number];

const sinceStart = (member: Member): Member => ({
  ...member,
  report: {...member.report, encryptions: member.report.counters.byName},
});

function restartOften({simulation, after, draws}: Stage): void {
  const [node] = simulation.cluster.nodes;
  const again = (): void =>
    after(draws.integer(3 * hourMs, 6 * hourMs), () => {
      node?.restart();
      again();
    });
  again();
}
