// The ports of an onlooker: it reads as a controller reads, and whatever would change something is denied.

import {type Arguments, failed, type OperationName, type Ports, type Result} from '@etcd-encryption/rotation';
import type {ClusterClient} from './cluster-client.ts';

const deny = (op: string) => async (): Promise<Result<never>> => failed('denied', `${op}: only looking`);

type Writing = 'store.create' | 'store.replace' | 'store.replaceStatus' | 'store.delete' | 'store.rewrite';

/** Store and clock without writing; every port that is not here is denied too. */
export function readOnlyPorts({store, clock}: Pick<ClusterClient, 'store' | 'clock'>): Partial<Ports> {
  const denied = Object.fromEntries(writing.map((op) => [op, deny(op)])) as unknown as Pick<Ports, Writing>;
  return {
    'store.get': (address: Arguments<'store.get'>) => store['store.get'](address),
    'store.list': (request: Arguments<'store.list'>) => store['store.list'](request),
    'store.resolve': (request: Arguments<'store.resolve'>) => store['store.resolve'](request),
    'clock.now': clock['clock.now'],
    ...denied,
  };
}

const writing: readonly Extract<OperationName, Writing>[] = [
  'store.create',
  'store.replace',
  'store.replaceStatus',
  'store.delete',
  'store.rewrite',
];
