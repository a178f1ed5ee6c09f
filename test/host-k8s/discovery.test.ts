// Discovery against answers as kube-apiserver gives them, with what a bare control plane does not have.

import {type ApiAnswer, type ApiTransport, readResourceMap, storePortsOn} from '@etcd-encryption/host-k8s';
import {describe, expect, it} from 'vitest';
import {expectError, expectValue} from '../ports/answers.ts';

const verbs = ['get', 'list', 'patch', 'update', 'watch'];
const entry = (resource: string, kind: string, more: object = {}) => ({
  resource,
  responseKind: {group: '', version: 'v1', kind},
  scope: 'Namespaced',
  verbs,
  ...more,
});
const group = (name: string, versions: Readonly<Record<string, readonly object[]>>) => ({
  metadata: name === '' ? {} : {name},
  versions: Object.entries(versions).map(([version, resources]) => ({version, resources, freshness: 'Current'})),
});

const core = [
  group('', {
    v1: [
      entry('secrets', 'Secret', {subresources: [{subresource: 'status', verbs}]}),
      entry('bindings', 'Binding', {verbs: ['create']}),
      entry('componentstatuses', 'ComponentStatus', {verbs: ['get', 'list']}),
      entry('nodes', 'Node', {scope: 'Cluster'}),
    ],
  }),
];
const groups = [
  group('apps', {v1: [entry('deployments', 'Deployment')], v1beta1: [entry('deployments', 'Deployment')]}),
  group('example.com', {
    v2: [entry('gadgets', 'Gadget')],
    v1: [entry('widgets', 'Widget'), entry('gadgets', 'Gadget')],
  }),
  group('metrics.k8s.io', {v1beta1: [entry('pods', 'PodMetrics')]}),
  group('events.k8s.io', {v1: [entry('events', 'Event')]}),
  group('cluster.alauda.io', {v1alpha1: [entry('etcdencryptionrings', 'EtcdEncryptionRing')]}),
];
const services = [
  {spec: {group: 'apps', version: 'v1'}},
  {spec: {group: 'metrics.k8s.io', version: 'v1beta1', service: {name: 'metrics-server'}}},
];

function transportOf(answers: Readonly<Record<string, object>>): ApiTransport & {asked: string[]} {
  const asked: string[] = [];
  return {
    asked,
    request: async ({path}): Promise<ApiAnswer> => {
      asked.push(path);
      const body = answers[path];
      const status = body === undefined ? 403 : 200;
      return {outcome: 'answered', status, contentType: 'application/json', text: JSON.stringify(body ?? {})};
    },
    stream: () => ({ended: Promise.reject(new Error('not here')), stop: () => undefined}),
    close: async () => undefined,
  };
}

const list = (items: readonly object[]) => ({kind: 'APIGroupDiscoveryList', items});
const all = {
  '/api': list(core),
  '/apis': list(groups),
  '/apis/apiregistration.k8s.io/v1/apiservices': {items: services},
};

describe('readResourceMap', () => {
  it('⇒ what can be listed and patched, in its preferred version, of this server alone', async () => {
    const {types} = expectValue(await readResourceMap(transportOf(all)));
    expect(types.map((type) => `${type.group}/${type.version}/${type.plural}`)).toEqual([
      '/v1/nodes',
      '/v1/secrets',
      'apps/v1/deployments',
      'example.com/v2/gadgets',
      'example.com/v1/widgets',
    ]);
    expect(types.map(({namespaced}) => namespaced)).toEqual([false, true, true, true, true]);
  });

  it.each([
    ['secrets', ['secrets']],
    ['secrets.apps', []],
    ['deployments', []],
    ['deployments.apps', ['deployments']],
    ['*.example.com', ['gadgets', 'widgets']],
    ['*.', ['nodes', 'secrets']],
    ['*.*', ['nodes', 'secrets', 'deployments', 'gadgets', 'widgets']],
    ['pods.metrics.k8s.io', []],
  ])('resolves %s ⇒ %j', async (resource, plurals) => {
    const map = expectValue(await readResourceMap(transportOf(all)));
    expect(map.resolve(resource).map(({plural}) => plural)).toEqual(plurals);
  });

  it.each(Object.keys(all))('without the right to read %s ⇒ denied, not a shorter list', async (path) => {
    const {[path as keyof typeof all]: _, ...rest} = all;
    expectError(await readResourceMap(transportOf(rest)), 'denied');
  });

  it('from a server without aggregated discovery ⇒ unavailable, named', async () => {
    const old = {...all, '/apis': {kind: 'APIGroupList', groups: []}};
    const error = expectError(await readResourceMap(transportOf(old)), 'unavailable');
    expect(error.message).toContain('aggregated discovery');
  });
});

describe('store.resolve', () => {
  it('asked many times at once and after ⇒ one discovery', async () => {
    const transport = transportOf(all);
    const store = storePortsOn(transport);
    await Promise.all(Array.from({length: 8}, () => store['store.resolve']({resource: 'secrets'})));
    await store['store.resolve']({resource: '*.*'});
    expect(transport.asked).toHaveLength(3);
  });
});
