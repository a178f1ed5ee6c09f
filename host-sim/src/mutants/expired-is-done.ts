// A page whose token has expired was the last one.

import {ask, doControllerAction, ok, type PortRequest, type Result, type Step} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';
import {answered} from './parts.ts';
import {unverified} from './unverified.ts';

export const expiredIsDone: Mutant = {
  name: 'expired token = done',
  what: 'a list that answers 410 ends its resource, in pages of two, and no scan looks at what was left',
  diesBy: ['S8 true status'],
  parts: () => ({
    ...unverified(),
    deeds: {
      controller: (deed, action) => {
        const step = doControllerAction(deed, action);
        return action.do === 'migratePage' ? answered(step, inPairs) : step;
      },
    },
  }),
};

function inPairs(request: PortRequest): Step<Result<unknown>> | undefined {
  return request.op === 'store.list' && request.args.metadataOnly === true && request.args.onlyName === undefined
    ? pageOrEnd(request)
    : undefined;
}

function* pageOrEnd({args}: Extract<PortRequest, {op: 'store.list'}>): Step<Result<unknown>> {
  const page = yield* ask('store.list', {...args, limit: 2});
  return page.ok || page.error.code !== 'gone' ? page : ok({items: [], resourceVersion: '1'});
}
