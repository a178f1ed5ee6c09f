// An object that is gone when its turn comes is made again.

import {ask, doControllerAction, type PortRequest, type Result, type Step} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';
import {answered} from './parts.ts';

export const recreateMissing: Mutant = {
  name: '404 → recreate',
  what: 'a rewrite that finds nothing creates the object again',
  diesBy: ['S9 content'],
  parts: () => ({
    deeds: {
      controller: (deed, action) => {
        const step = doControllerAction(deed, action);
        return action.do === 'migratePage' ? answered(step, recreating) : step;
      },
    },
  }),
};

function recreating(request: PortRequest): Step<Result<unknown>> | undefined {
  return request.op === 'all' ? rewriteAll(request) : undefined;
}

type All = Extract<PortRequest, {op: 'all'}>;

function* rewriteAll(request: All): Step<Result<unknown>> {
  const answers = yield* ask('all', request.args);
  if (!answers.ok) return answers;
  for (const [at, each] of request.args.requests.entries()) {
    const answer = answers.value[at];
    if (each.op !== 'store.rewrite' || answer?.ok !== false || answer.error.code !== 'gone') continue;
    const {resource, name, namespace} = each.args;
    const metadata = {name, ...(namespace === undefined ? {} : {namespace})};
    yield* ask('store.create', {resource, object: {metadata}});
  }
  return answers;
}
