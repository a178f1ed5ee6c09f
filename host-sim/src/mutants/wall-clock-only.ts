// Whether a server lives is told by the wall clock.

import {annotation, type EngineParts, type Instant, ok, seen, type View} from '@etcd-encryption/rotation';
import type {Decorator} from '../program.ts';
import {controllers} from './faults.ts';
import type {Mutant} from './mutant.ts';
import {withView} from './parts.ts';
import {annotateRing, isAtRevision, type Stage} from './stage.ts';

export const wallClockOnly: Mutant = {
  name: 'wall clock only',
  what: 'a lease is as old as its renewal by the wall clock, so after a step of the clock no server seems to live',
  diesBy: ['L7 pause and resume', 'S2 write after read'],
  aimed: [],
  world: {script: jumpAndForget},
  parts,
};

/** Past this a lease is not renewed any more, ms. */
const aliveMs = 40_000;

/** Remembers how far the two clocks were apart at first: by so much a lease that was renewed just now seems older. */
function parts(): EngineParts {
  let first: number | undefined;
  return withView((view) => {
    const {wallMs, monotonicMs} = view.observation.now;
    first ??= wallMs - monotonicMs;
    return wallMs - monotonicMs - first > aliveMs ? withoutLife(view) : view;
  });
}

function withoutLife(view: View): View {
  const {observation, ring} = view;
  if (observation.leases.state !== 'seen') return view;
  const leases = seen(observation.leases.value.map((lease) => ({...lease, life: 'silent' as const})));
  const forgotten = new Set(ring.forgotten.map(({node}) => node));
  const members = view.members.filter(({node}) => !forgotten.has(node));
  return {...view, observation: {...observation, leases}, members};
}

/** The clock of the controllers jumps, and an operator takes out a node that lives and is slow to load. */
function jumpAndForget(stage: Stage): void {
  const {simulation, when, after, draws} = stage;
  const {cluster} = simulation;
  const jump: Decorator = (op, _, next) => {
    const answer = next();
    if (op !== 'clock.now' || !answer.ok) return answer;
    const {wallMs, monotonicMs} = answer.value as Instant;
    return ok({wallMs: wallMs + 600_000, monotonicMs});
  };
  when(
    () => isAtRevision(cluster, 1),
    () =>
      after(draws.integer(0, 20_000), () => {
        for (const leader of controllers) simulation.decorate(leader, jump);
        const {name, settings} = draws.pick(cluster.nodes);
        settings.automaticReload = false;
        after(90_000, () => {
          settings.automaticReload = true;
        });
        annotateRing(stage, cluster, [annotation.forgetNode, name]);
      }),
  );
}
