// The next revision is published when it is due, and writes as soon as its delay is over.

import type {EngineParts, View} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';
import {withRule} from './parts.ts';

export const publishedLate: Mutant = {
  name: 'publish only approvalDelay ahead',
  what: 'nothing is published before it is due, and the Standby does not load the key that the chain of seeds foretells',
  diesBy: ['S1 readable'],
  parts: (cluster): EngineParts =>
    cluster === 'east'
      ? withRule('publish', (apply) => (view) => (isEarly(view) ? {kind: 'pass'} : apply(view)))
      : withRule('follow', (apply) => (view) => apply(withoutNext(view))),
};

/** After the first one, nothing is published until the interval is over. */
function isEarly({ring, spec, observation}: View): boolean {
  const [last] = ring.history;
  if (last === undefined || ring.publishing !== undefined) return false;
  return observation.now.wallMs < last.completedAtMs + spec.rotationIntervalMs;
}

function withoutNext(view: View): View {
  const members = view.members.map((member) => {
    const {derivation} = member.report;
    if (derivation === undefined) return member;
    const {next: _, ...rest} = derivation;
    return {...member, report: {...member.report, derivation: rest}};
  });
  return {...view, members};
}
