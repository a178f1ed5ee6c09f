// Health: what people should know about nodes whatever the plan is doing. Says, never acts.

import {writeEntries} from '../model/layout.ts';
import type {Member} from './membership.ts';
import {type Outcome, passWith, type Rule} from './plan.ts';
import {because, type Reason, type ReasonName, reasons} from './reason.ts';
import type {View} from './view.ts';

export const health: Rule = {name: 'health', apply};

function apply(view: View): Outcome {
  return passWith(
    ...view.members.flatMap((member) => [...reported(member), ...mounting(view, member), ...ungated(view, member)]),
    ...unlisted(view),
    ...unchecked(view),
    ...unserved(view),
  );
}

/** Problems that an agent reports of itself; an unknown word is not a reason. */
const reported = ({node, report}: Member): readonly Reason[] =>
  report.problems
    .filter(({reason}) => Object.hasOwn(reasons, reason))
    .map(({reason, message}) => because(reason as ReasonName, `${node}: ${message}`, [node]));

/** What keeps a server from the next file; a file that is written in place reaches a single-file mount. */
function mounting({ring}: View, {node, report}: Member): readonly Reason[] {
  const found: Reason[] = [];
  if (report.configPath !== '' && !report.automaticReload) {
    found.push(because('ReloadDisabled', `${node}: --encryption-provider-config-automatic-reload is off`, [node]));
  }
  if (report.mount === 'single-file' && ring.settings.writeMode !== 'inPlace')
    found.push(because('SingleFileMount', `${node}: the configuration is mounted as a single file`, [node]));
  return found;
}

/** A server that writes with another key than the ring's, while no change of the write key is under way. */
function ungated({ring}: View, {node, report}: Member): readonly Reason[] {
  const {rotation, layout} = ring;
  const changing = rotation?.activatedAtMs !== undefined && rotation.convergedAtMs === undefined;
  if (changing || report.loaded.state !== 'known' || layout.resources.length === 0) return [];
  const writes = writeEntries(report.loaded.blocks);
  const other = layout.resources.filter(({resource, write}) => write !== 'own' && writes.get(resource) !== write);
  if (other.length === 0) return [];
  const names = other.map(({resource}) => resource).join(', ');
  return [because('UngatedStart', `${node}: its server writes ${names} with another key than the ring's`, [node])];
}

/** Listed resources that no server serves: their values, if there are any, cannot be rewritten through the API. */
const unserved = ({spec, observation}: View): readonly Reason[] =>
  spec.resources
    .filter((resource) => {
      const fact = observation.types[resource];
      return fact?.state === 'seen' && fact.value.length === 0;
    })
    .map((resource) => because('ResourceNotServed', `${resource} is listed, and no server serves it`));

/** Before the first rotation every value should have been opened once; where no node can read etcd that is said. */
const unchecked = ({ring, members}: View): readonly Reason[] =>
  ring.history.length > 0 || members.length === 0 || members.some(({report}) => report.can.includes('values'))
    ? []
    : [because('ValuesNotChecked', 'no agent can read etcd, so stored values were not opened for a check')];

/** Resources that an adopted file encrypts and the spec never listed; their blocks stay as they are. */
const unlisted = ({ring}: View): readonly Reason[] =>
  ring.layout.kept
    .filter(({order}) => order.some((entry) => entry !== 'identity'))
    .map(({resources}) =>
      because(
        'UnlistedEncryptedResource',
        `${resources.join(', ')}: encrypted by the adopted file, not listed in spec.resources`,
      ),
    );
