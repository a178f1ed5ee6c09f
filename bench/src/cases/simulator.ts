// How fast the simulator is: rotations of a pair under faults with every oracle on, and seeds of a campaign. What one
// thread does in a second; events and the heap stand beside it.

import {createRun, generateRehearsal, type Rehearsal, runRehearsal} from '@etcd-encryption/host-sim';
import type {CaseFile, RateCase} from '../case.ts';
import {campaignSeeds, rotatedMs} from '../limits.ts';

/** Both sides rotate; it counts as one. */
const against = '1 rotation a second';

/** The smallest pair. */
export const simulatedPair: CaseFile = {
  name: 'simulated-pair',
  load: async () => pairCase('simulated-pair', {servers: 1, objects: 10}),
};

/** As large as the specification asks for. */
export const simulatedPairOfThree: CaseFile = {
  name: 'simulated-pair-of-three',
  load: async () => pairCase('simulated-pair-of-three', {servers: 3, objects: 100}),
};

/** Whole seeds of a campaign, as `campaign` runs them. */
export const campaignSeed: CaseFile = {name: 'campaign-seed', load: async () => campaignCase};

interface Size {
  readonly servers: number;
  readonly objects: number;
}

function pairCase(name: string, size: Size): RateCase {
  const rehearsal = pairOf(name, size);
  return {
    kind: 'rate',
    name,
    title: `simulator: rotations of ${size.servers} + ${size.servers} servers with ${size.objects} objects, all oracles, crashes and stalls`,
    against,
    take: (round) => {
      const run = createRun(rehearsal, {seed: round + 1});
      run.runUntil(rotatedMs);
      const {rotations, events, violation} = run.result();
      if (violation !== undefined) throw new Error(`${name}: expected no violation, got ${violation.name}`);
      return {done: rotations / 2, note: noteOf(`${rotations / 2} rotations, ${events} events`)};
    },
  };
}

const campaignCase: RateCase = {
  kind: 'rate',
  name: 'campaign-seed',
  title: `simulator: seeds of a campaign, ${campaignSeeds} a round`,
  against: '1 seed a second',
  take: (round) => {
    let events = 0;
    for (let index = 1; index <= campaignSeeds; index++) {
      const seed = round * campaignSeeds + index;
      events += runRehearsal(generateRehearsal(seed), {seed}).events;
    }
    return {done: campaignSeeds, note: noteOf(`${Math.round(events / campaignSeeds)} events a seed`)};
  },
};

/** With the heap as it stands: it does not grow with the rounds. */
const noteOf = (what: string): string => `${what}, heap ${Math.round(process.memoryUsage().heapUsed / 1e6)} MB`;

/** In a hurry, as campaigns are: what takes minutes in a real cluster takes seconds. */
function pairOf(name: string, {servers, objects}: Size): Rehearsal {
  const nodes = (prefix: string): string[] => Array.from({length: servers}, (_, index) => `${prefix}${index + 1}`);
  const configMaps = Math.floor(objects / 3);
  return {
    metadata: {name},
    seeds: {from: 1, count: 1},
    settings: {keyStrategy: 'deterministic', rotationIntervalMs: 600_000, approvalDelayMs: 60_000, revisions: 2},
    clusters: [
      {
        name: 'east',
        role: 'active',
        nodes: nodes('e'),
        objects: [
          {resource: 'secrets', count: objects - configMaps},
          {resource: 'configmaps', count: configMaps},
        ],
      },
      {name: 'west', role: 'standby', nodes: nodes('w')},
    ],
    replication: {from: 'east', to: 'west', lag: {meanMs: 1_000, maxMs: 5_000}},
    world: {pollMs: 10_000, compactionMs: 60_000, drainMs: 60_000, minAgeMs: 0, prepared: true},
    timeline: [],
    chaos: {classes: ['crash', 'unknownAnswer', 'staleView', 'missedEvent', 'stall', 'resync']},
    expect: [],
  };
}
