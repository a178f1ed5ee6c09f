// Whoever wrote in between has written with the new key, surely.

import {ask, doControllerAction, ok, type PortRequest, type Result, type Step} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';
import {answered} from './parts.ts';
import {unverified} from './unverified.ts';

export const conflictIsDone: Mutant = {
  name: '409 = done',
  what: 'an object that another write overtook counts as rewritten, and no scan looks at what was left',
  diesBy: ['S8 true status'],
  parts: () => ({
    ...unverified(),
    deeds: {
      controller: (deed, action) => {
        const step = doControllerAction(deed, action);
        return action.do === 'migratePage' ? answered(step, overtaken) : step;
      },
    },
  }),
};

const overtaken = (request: PortRequest): Step<Result<unknown>> | undefined =>
  request.op === 'all' ? withoutConflicts(request) : undefined;

function* withoutConflicts(request: Extract<PortRequest, {op: 'all'}>): Step<Result<unknown>> {
  const answers = yield* ask('all', request.args);
  if (!answers.ok) return answers;
  return ok(
    answers.value.map((each) => (!each.ok && each.error.code === 'conflict' ? ok({resourceVersion: ''}) : each)),
  );
}
