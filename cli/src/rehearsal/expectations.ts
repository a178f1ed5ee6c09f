// What has to hold in a rehearsal: always, within a time of a deed, in the end, or in at least one seed.

import {
  type ClusterState,
  type DeedKind,
  deedKinds,
  type Expectation,
  goals,
  invariants,
  phases,
} from '@etcd-encryption/host-sim';
import {type Codec, checked, integer, oneOf, scalar, yesOrNo} from './codec.ts';
import {list, may, need, record, tagged} from './composite.ts';
import {maxExpectations, maxObjects} from './limits.ts';
import {fieldPlace, type Place, type Reading, report} from './place.ts';
import {phase} from './timeline.ts';
import {clusterName, positiveDuration} from './values.ts';

type Of<K extends Expectation['kind']> = Omit<Extract<Expectation, {readonly kind: K}>, 'kind'>;
type Moment = Of<'sometimes'>['moment'];

/** Waiting for a deed that nobody does would pass or fail for the wrong reason. */
function checkHappens(kind: DeedKind, place: Place, reading: Reading): void {
  if (reading.chaotic !== true && reading.deeds !== undefined && !reading.deeds.has(kind))
    report(reading, place, 'a deed of the timeline', `${kind}, which stands nowhere there`);
}

const state: Codec<ClusterState> = checked(
  record<ClusterState>('a map of what has to hold', {
    role: may('role', oneOf(['Active', 'Standby', 'Unknown'])),
    phase: may('phase', phase),
    unreadable: may('unreadable', integer(0, maxObjects)),
    failoverReady: may('failoverReady', yesOrNo),
  }),
  (value, place, reading) => {
    if (Object.keys(value).length === 0)
      report(reading, place, 'at least one of role, phase, unreadable, failoverReady', 'none');
  },
);

/** `failoverDuring(Activate)`. */
const moment: Codec<Moment> = checked(
  scalar<Moment>({
    expected: `DEEDDuring(PHASE) such as failoverDuring(Activate), with a phase of ${phases.join(', ')}`,
    decode: (value) => {
      const [, word, during] = (typeof value === 'string' ? /^(\w+)During\((\w+)\)$/.exec(value) : null) ?? [];
      const deed = deedKinds.find((each) => each === word);
      const known = phases.find((each) => each === during);
      return deed === undefined || known === undefined ? undefined : {deed, during: known};
    },
    encode: ({deed, during}) => `${deed}During(${during})`,
  }),
  ({deed}, place, reading) => checkHappens(deed, place, reading),
);

const expectation: Codec<Expectation> = tagged<Expectation>('an expectation', {
  always: record<Of<'always'>>('{always: INVARIANT}', {invariant: need('always', oneOf(invariants))}),
  within: checked(
    record<Of<'within'>>('{within: DURATION, of: DEED, cluster: CLUSTER, is: STATE}', {
      limitMs: need('within', positiveDuration),
      of: need('of', oneOf(deedKinds)),
      cluster: need('cluster', clusterName),
      is: need('is', state),
    }),
    ({of}, place, reading) => checkHappens(of, fieldPlace(place, 'of'), reading),
  ),
  eventually: record<Of<'eventually'>>('{eventually: GOAL}', {
    goal: need('eventually', oneOf(goals)),
    cluster: may('cluster', clusterName),
    lineages: may('lineages', integer(1, 100)),
  }),
  sometimes: record<Of<'sometimes'>>('{sometimes: DEEDDuring(PHASE)}', {moment: need('sometimes', moment)}),
});

/** There may be none, and is the list all the same: a file that was cut off is not one that expects nothing. */
export const expectations: Codec<readonly Expectation[]> = list(expectation, {
  expected: 'a list of expectations',
  most: maxExpectations,
});
