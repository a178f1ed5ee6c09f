// An engine with one rule broken on purpose, to show what the rule is for: the write key changes as soon as the files
// have it, though no server has loaded them. Both the controller's rule and the agent's belief must be broken, since
// the agent's guard alone would still hold. For the simulator only.

import {
  controllerRules,
  createEngine,
  type Engine,
  type NodeObservation,
  planNode,
  type Rule,
  seen,
} from '@etcd-encryption/rotation';

type View = Parameters<Rule['apply']>[0];
type Member = View['members'][number];

/** Takes what a file holds for what its server has loaded. */
function trustFile(member: Member): Member {
  const {file} = member.report;
  if (file.state !== 'loadable') return member;
  const {hash, blocks} = file;
  return {...member, report: {...member.report, loaded: {state: 'known', hash, blocks}}};
}

const hasty = (rule: Rule): Rule =>
  rule.name === 'activate'
    ? {...rule, apply: (view) => rule.apply({...view, members: view.members.map(trustFile)})}
    : rule;

/** As `trustFile`, in the agent: its guard asks what the server has loaded and is told what the file holds. */
function deceive(observation: NodeObservation): NodeObservation {
  const {evidence, file} = observation;
  if (evidence.state !== 'seen' || file.state !== 'loadable') return observation;
  return {...observation, evidence: seen({...evidence.value, loadedHash: file.hash})};
}

export const createHastyEngine = (): Engine =>
  createEngine({
    rules: {controller: controllerRules.map(hasty), node: (observation) => planNode(deceive(observation))},
  });
