// Whole lists of our own kinds, page by page. A list that fails or does not end is `unknown`, never shorter.

import {maxOwnPages, ownPageSize} from '../limits.ts';
import {type Fact, seen, unknown, unread} from '../model/fact.ts';
import {ask, type ListRequest, type Step, type StoredObject} from '../ports.ts';

/** Lists everything; an expired token begins again once. */
export function* listAll(request: Omit<ListRequest, 'limit' | 'continue'>): Step<Fact<readonly StoredObject[]>> {
  let items: StoredObject[] = [];
  let token: string | undefined;
  let restarted = false;
  for (let page = 0; page < maxOwnPages; page++) {
    const answer = yield* ask('store.list', {
      ...request,
      limit: ownPageSize,
      ...(token === undefined ? {} : {continue: token}),
    });
    if (!answer.ok) {
      if (answer.error.code !== 'gone' || token === undefined || restarted) return unread(answer.error);
      restarted = true;
      items = [];
      token = undefined;
      continue;
    }
    items.push(...answer.value.items);
    token = answer.value.continue;
    if (token === undefined || token === '') return seen(items, answer.value.resourceVersion);
  }
  return unknown(`the list of ${request.resource.plural} has more than ${maxOwnPages} pages`);
}
