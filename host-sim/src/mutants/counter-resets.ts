// Encryptions are those that the servers count now.

import {type Instant, ok, type View} from '@etcd-encryption/rotation';
import type {Decorator} from '../program.ts';
import {controllers} from './faults.ts';
import type {Mutant} from './mutant.ts';
import {withView} from './parts.ts';
import type {Stage} from './stage.ts';

const minuteMs = 60_000;

export const counterResets: Mutant = {
  name: 'counter resets with the server',
  what: 'what a server counted before its last start is left out of the budget',
  diesBy: ['S13 budget'],
  aimed: [],
  world: {
    rotationInterval: '2400h0m0s',
    lengthMs: 120 * minuteMs,
    controllers: 1,
    spec: {writeBudget: 600},
    users: {writesPerSecond: 0.2, readsPerSecond: 0.001, listsPerSecond: 0.0001, creates: 0, deletes: 0},
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

/** The day that lies between two early rotations is over after an hour, by the controller's clock. */
function restartOften({simulation, after, draws}: Stage): void {
  const [node] = simulation.cluster.nodes;
  after(60 * minuteMs, () => void simulation.decorate(controllers[0], aDayLater));
  const again = (): void =>
    after(draws.integer(20 * minuteMs, 35 * minuteMs), () => {
      node?.restart();
      again();
    });
  again();
}

const aDayLater: Decorator = (op, _, next) => {
  const answer = next();
  if (op !== 'clock.now' || !answer.ok) return answer;
  const {wallMs, monotonicMs} = answer.value as Instant;
  return ok({wallMs: wallMs + 24 * 60 * minuteMs, monotonicMs});
};
