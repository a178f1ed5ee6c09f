// The agent's plan: what this node does next, from its own facts and the ring. Pure; the guard is asked again, on the
// bytes, by the deed itself.

import {configurationPath, statePath} from '../model/file-paths.ts';
import type {Problem} from '../model/node.ts';
import {type NodeObservation, newerState} from '../model/node-observation.ts';
import {isAnotherLine, type Ring} from '../model/ring.ts';
import {same} from '../model/same.ts';
import {bundleToKeep, prepareActions} from './node-derivation.ts';
import {fileActions} from './node-file.ts';
import {keyActions, strangers} from './node-keys.ts';
import {loadedOf, serverOf} from './node-loaded.ts';
import {type NodeAction, type NodePlan, problem} from './node-plan.ts';
import {isTrialOver} from './node-restore.ts';
import {spentToKeep} from './node-spent.ts';

/** Decides what the node does. Total. */
export function planNode(o: NodeObservation): NodePlan {
  const server = serverOf(o);
  const loaded = loadedOf(o, server);
  const problems: Problem[] = [...o.failures];
  const actions: NodeAction[] = [];
  if (o.recipient.state === 'absent') actions.push({do: 'makeIdentity'});
  for (const path of o.foreignFiles) actions.push({do: 'moveAside', path});
  if (o.platform.state === 'seen') problems.push(...platformProblems(o));
  if (isTrialOver(o, loaded)) actions.push({do: 'endTrial'});
  if (o.state.state === 'unknown') problems.push(stateProblem(o.state.why));
  const history = historyActions(o, problems);
  actions.push(...history);
  const ring = usableRing(o, problems);
  if (ring !== undefined) {
    actions.push(...stateActions(o, ring));
    actions.push(...keyActions(o, ring, problems));
    actions.push(...prepareActions(o, ring));
  }
  const blocked = problems.some(({reason}) => reason === 'HistoryNotWritable' || reason === 'ConfigurationPathDiffers');
  if (!blocked) actions.push(...fileActions(o, ring, server, loaded, problems));
  problems.push(...strangers(o, ring));
  return {actions: o.observing ? [] : actions, problems, server, loaded};
}

function platformProblems(o: NodeObservation): readonly Problem[] {
  if (o.platform.state !== 'seen') return [];
  const {configPath, problem: why} = o.platform.value;
  const problems: Problem[] = [];
  if (why !== undefined) problems.push(problem('ReadFailed', `kube-apiserver manifest: ${why}`));
  else if (configPath === undefined)
    problems.push(problem('EncryptionFlagMissing', 'kube-apiserver has no --encryption-provider-config'));
  else if (configPath !== configurationPath)
    problems.push(problem('ConfigurationPathDiffers', `kube-apiserver reads ${configPath}, not ${configurationPath}`));
  return problems;
}

function historyActions(o: NodeObservation, problems: Problem[]): readonly NodeAction[] {
  if (o.history.state === 'unknown') {
    problems.push(problem('HistoryNotWritable', `the key history cannot be read: ${o.history.why}`));
    return [];
  }
  const kept = o.history.state === 'seen' ? o.history.value : {keys: [], damaged: 0, foreign: false, newer: false};
  if (kept.newer) problems.push(problem('NewerRelease', 'the key history was written by a newer release'));
  if (kept.damaged > 0)
    problems.push(problem('HistoryDamaged', `${kept.damaged} lines of the key history are damaged`));
  const missing = [...o.held.keys()].filter((id) => !kept.keys.includes(id)).sort();
  return missing.length === 0 || kept.foreign || kept.newer ? [] : [{do: 'appendHistory', keys: missing}];
}

const stateProblem = (why: string): Problem =>
  problem(why.startsWith(newerState) ? 'NewerRelease' : 'ReadFailed', `${statePath}: ${why}; keys are only added`);

function usableRing(o: NodeObservation, problems: Problem[]): Ring | undefined {
  if (o.ring.state !== 'seen') {
    if (o.ring.state === 'unknown') problems.push(problem('ReadFailed', `ring: ${o.ring.why}`));
    return undefined;
  }
  const ring = o.ring.value;
  const state = o.state.state === 'seen' ? o.state.value : undefined;
  if (o.clusterId.state !== 'seen') {
    problems.push(problem('ReadFailed', 'the cluster id could not be read'));
    return undefined;
  }
  if (ring.clusterId !== o.clusterId.value) {
    problems.push(problem('ForeignRing', `the ring names cluster ${ring.clusterId}`));
    return undefined;
  }
  if (state !== undefined && state.clusterId !== '' && state.clusterId !== ring.clusterId) {
    problems.push(problem('ForeignRing', `this node belongs to cluster ${state.clusterId}`));
    return undefined;
  }
  if (state !== undefined && ring.epoch < state.epoch) {
    problems.push(
      problem('GuardRefused', `the ring's epoch ${ring.epoch} is below ${state.epoch}, which this node saw`),
    );
    return undefined;
  }
  if (o.seenRing !== undefined && isAnotherLine(ring, o.seenRing)) {
    const {epoch, version} = o.seenRing;
    const now = `epoch ${ring.epoch} version ${ring.version}`;
    problems.push(
      problem('GuardRefused', `the ring (${now}) does not go on from epoch ${epoch} version ${version}, seen before`),
    );
    return undefined;
  }
  return ring;
}

function stateActions(o: NodeObservation, ring: Ring): readonly NodeAction[] {
  const old = o.state.state === 'seen' ? o.state.value : undefined;
  const revision = Math.max(
    0,
    old?.revision ?? 0,
    ...ring.keys.map((key) => key.revision),
    ...[...o.held.values()].map((key) => key.revision),
  );
  if (o.state.state === 'unknown') return [];
  const external = ring.settings.writeMode === 'external';
  const kept = bundleToKeep(o, ring);
  const spent = spentToKeep(o, ring);
  const isSame =
    old?.epoch === ring.epoch &&
    old.revision === revision &&
    old.clusterId === ring.clusterId &&
    old.generation === kept.generation &&
    old.bundle === kept.bundle &&
    same(old.encryptions, spent.encryptions);
  if (isSame && (old.external === true) === external) return [];
  return [
    {
      do: 'writeState',
      state: {
        v: 1,
        clusterId: ring.clusterId,
        epoch: ring.epoch,
        ...kept,
        ...spent,
        revision,
        ...(o.seenRing === undefined ? {} : {version: ring.version}),
        ...(external ? {external} : {}),
      },
    },
  ];
}
