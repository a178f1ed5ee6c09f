// What an operator states of a side: whose root it has, and which of the two it is.

import {fingerprint, fromBase64} from '@etcd-encryption/crypto';
import {annotation} from '@etcd-encryption/rotation';
import {rootText} from '../derivable.ts';
import {annotate, type Edit} from '../managed.ts';
import type {Deed} from '../model.ts';
import {type Scene, waitUntil} from '../scene.ts';
import {groupOf} from '../settings.ts';
import {clusterOf, type Stage} from '../stage.ts';
import type {Came} from './came.ts';
import {change, insist, patienceMs} from './operator.ts';

type Of<K extends Deed['kind']> = Extract<Deed, {kind: K}>;

export function* stateRoot(stage: Stage, {cluster: name}: Of<'stateRoot'>, came: Came): Scene<void> {
  const managed = clusterOf(stage, name);
  const apply = (): Edit => {
    const root = fromBase64(rootText(managed.cluster));
    if (root.outcome !== 'ok' || root.bytes.length === 0) return 'absent';
    const {rootCheck = ''} = fingerprint({rootKey: root.bytes, replicationGroupId: groupOf(stage.world.spec)}, []);
    return annotate(managed, 'ring', [annotation.rootCheck, rootCheck]);
  };
  if (yield* waitUntil(() => apply() === 'done', patienceMs)) came();
}

export function* stateRole(stage: Stage, {cluster: name, role, on}: Of<'stateRole'>, came: Came): Scene<void> {
  const managed = clusterOf(stage, name);
  const isStated = yield* change(stage, {
    managed,
    fault: 'operatorEdit',
    deed: 'stateRole',
    what: `${role} is stated on the ${on}`,
    apply: () => annotate(managed, on, [annotation.role, role]),
  });
  if (!isStated) return;
  came();
  stage.heals(() => insist(stage, () => annotate(managed, on, [annotation.role, undefined])));
}
