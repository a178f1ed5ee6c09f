// What a compaction of etcd's history does to a list of events, which no cache answers. That pages of other kinds end in
// 410 with a token to go on is in the contract of the store.

import {expectError, expectValue} from '../ports/answers.ts';
import {type AssumptionHost, type Assumptions, create, events} from './host.ts';

const revisionOf = async (host: AssumptionHost, name: string): Promise<string> =>
  (await create(host.plain, name)).metadata.resourceVersion ?? '';

export const history: Assumptions = {
  'a list of events at a compacted revision is gone': async (host) => {
    const atRevision = await revisionOf(host, 'history-a');
    const request = {resource: events, limit: 1, atRevision};
    expectValue(await host.plain.ports['store.list'](request));
    await create(host.plain, 'history-b');
    await host.compact(Number(await revisionOf(host, 'history-c')));
    expectError(await host.plain.ports['store.list'](request), 'gone');
  },
  'a list of events at exactly the compacted revision is still answered': async (host) => {
    const atRevision = await revisionOf(host, 'history-d');
    await create(host.plain, 'history-e');
    await host.compact(Number(atRevision));
    expectValue(await host.plain.ports['store.list']({resource: events, limit: 1, atRevision}));
  },
};
