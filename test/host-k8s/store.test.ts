// What answers of an API server mean to the engine, one by one; the contract itself runs on the real server.

import {createStorePorts, type StoreClient} from '@etcd-encryption/host-k8s';
import type {PortError, ResourceType} from '@etcd-encryption/rotation';
import {afterAll, beforeAll, beforeEach, describe, expect, it} from 'vitest';
import {expectError, expectValue} from '../ports/answers.ts';
import {type FakeServer, type Reply, startFakeServer, status} from './fake-server.ts';

const secrets: ResourceType = {group: '', version: 'v1', plural: 'secrets', kind: 'Secret', namespaced: true};
const rings: ResourceType = {
  group: 'cluster.alauda.io',
  version: 'v1alpha1',
  plural: 'rings',
  kind: 'Ring',
  namespaced: true,
};
let server: FakeServer;
let store: StoreClient;

beforeAll(async () => {
  server = await startFakeServer();
  store = createStorePorts({kubeconfig: server.kubeconfig().path, userAgent: 'test', random: () => 0});
});
afterAll(async () => {
  await store.close();
  await server.close();
});
beforeEach(() => server.answer(() => ({})));

const address = {resource: secrets, namespace: 'ns', name: 'a'};
const target = {...address, uid: 'u', resourceVersion: '5'};
const last = () => {
  const seen = server.seen.at(-1);
  if (seen === undefined) throw new Error('nothing was sent');
  return seen;
};
const object = {metadata: {name: 'a', namespace: 'ns', resourceVersion: '5'}, data: {k: 'v'}};

describe('requests', () => {
  it('get ⇒ a quorum read of the object', async () => {
    await store['store.get'](address);
    expect(last()).toMatchObject({method: 'GET', path: '/api/v1/namespaces/ns/secrets/a'});
  });

  it('names with special characters ⇒ escaped; names that leave their place ⇒ invalid, nothing sent', async () => {
    await store['store.get']({...address, name: 'system:node'});
    expect(last().path).toBe('/api/v1/namespaces/ns/secrets/system%3Anode');
    const sent = server.seen.length;
    for (const name of ['..', '.', '', 'a/b', 'a%2fb']) {
      expectError(await store['store.get']({...address, name}), 'invalid');
    }
    expect(server.seen.length).toBe(sent);
  });

  it('list ⇒ limit, selector, name and token in the query', async () => {
    const list = {resource: secrets, limit: 7, labelSelector: 'a in (b,c)', onlyName: 'x', continue: 't=1'};
    await store['store.list'](list);
    expect(last().path).toBe(
      '/api/v1/secrets?limit=7&labelSelector=a+in+%28b%2Cc%29&fieldSelector=metadata.name%3Dx&continue=t%3D1',
    );
  });

  it('list at a revision ⇒ exactly there, but a token stands alone', async () => {
    await store['store.list']({resource: secrets, limit: 1, atRevision: '9'});
    expect(last().path).toBe('/api/v1/secrets?limit=1&resourceVersion=9&resourceVersionMatch=Exact');
    await store['store.list']({resource: secrets, limit: 1, atRevision: '9', continue: 't'});
    expect(last().path).toBe('/api/v1/secrets?limit=1&continue=t');
  });

  it('list of metadata ⇒ asks for nothing else, and accepts nothing else', async () => {
    await store['store.list']({resource: secrets, limit: 1, metadataOnly: true});
    expect(last().headers.accept).toBe('application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io');
  });

  it('create ⇒ posts to the collection with kind and version', async () => {
    await store['store.create']({resource: rings, object});
    expect(last()).toMatchObject({method: 'POST', path: '/apis/cluster.alauda.io/v1alpha1/namespaces/ns/rings'});
    expect(JSON.parse(last().body)).toEqual({...object, apiVersion: 'cluster.alauda.io/v1alpha1', kind: 'Ring'});
  });

  it('replaceStatus ⇒ puts to the subresource', async () => {
    await store['store.replaceStatus']({resource: rings, object});
    expect(last()).toMatchObject({
      method: 'PUT',
      path: '/apis/cluster.alauda.io/v1alpha1/namespaces/ns/rings/a/status',
    });
  });

  it('delete ⇒ names uid and version', async () => {
    await store['store.delete'](target);
    expect(last().method).toBe('DELETE');
    expect(JSON.parse(last().body)).toMatchObject({preconditions: {uid: 'u', resourceVersion: '5'}});
  });

  it('rewrite ⇒ a merge patch of uid and version, answered as metadata', async () => {
    server.answer(() => ({body: {metadata: {name: 'a', resourceVersion: '6'}}}));
    expect(expectValue(await store['store.rewrite'](target))).toEqual({resourceVersion: '6'});
    expect(last()).toMatchObject({method: 'PATCH', body: '{"metadata":{"uid":"u","resourceVersion":"5"}}'});
    expect(last().headers).toMatchObject({
      'content-type': 'application/merge-patch+json',
      accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
    });
  });

  it('replace without a version ⇒ invalid, nothing sent', async () => {
    const sent = server.seen.length;
    const bare = {metadata: {name: 'a', namespace: 'ns'}};
    expectError(await store['store.replace']({resource: secrets, object: bare}), 'invalid');
    expect(server.seen.length).toBe(sent);
  });
});

type Operation = 'store.get' | 'store.list' | 'store.create' | 'store.replace' | 'store.delete' | 'store.rewrite';
const call = async (operation: Operation): Promise<PortError | undefined> => {
  const answers = {
    'store.get': () => store['store.get'](address),
    'store.list': () => store['store.list']({resource: secrets, limit: 1}),
    'store.create': () => store['store.create']({resource: secrets, object}),
    'store.replace': () => store['store.replace']({resource: secrets, object}),
    'store.delete': () => store['store.delete'](target),
    'store.rewrite': () => store['store.rewrite'](target),
  };
  const answer = await answers[operation]();
  return answer.ok ? undefined : answer.error;
};
const reads: readonly Operation[] = ['store.get', 'store.list'];
const writes: readonly Operation[] = ['store.create', 'store.replace', 'store.delete', 'store.rewrite'];
const all = [...reads, ...writes];

/** An answer, and what it means to which operations. */
const meanings: readonly {answer: Reply; reason?: string; code: PortError['code']; operations: readonly Operation[]}[] =
  [
    {answer: status(401, 'Unauthorized', 'm'), reason: 'Unauthorized', code: 'denied', operations: all},
    {answer: status(403, 'Forbidden', 'm'), reason: 'Forbidden', code: 'denied', operations: all},
    {answer: status(404, 'NotFound', 'm'), reason: 'NotFound', code: 'gone', operations: ['store.list', ...writes]},
    {answer: status(409, 'Conflict', 'm'), reason: 'Conflict', code: 'conflict', operations: writes},
    {answer: status(409, 'AlreadyExists', 'm'), reason: 'AlreadyExists', code: 'conflict', operations: writes},
    {answer: status(410, 'Expired', 'm'), reason: 'Expired', code: 'gone', operations: all},
    {answer: status(400, 'BadRequest', 'm'), reason: 'BadRequest', code: 'invalid', operations: all},
    {answer: status(405, 'MethodNotAllowed', 'm'), reason: 'MethodNotAllowed', code: 'invalid', operations: all},
    {answer: status(406, 'NotAcceptable', 'm'), reason: 'NotAcceptable', code: 'invalid', operations: all},
    {answer: status(413, 'RequestEntityTooLarge', 'm'), code: 'invalid', operations: writes},
    {answer: status(415, 'UnsupportedMediaType', 'm'), code: 'invalid', operations: writes},
    {answer: status(422, 'Invalid', 'm'), reason: 'Invalid', code: 'invalid', operations: all},
    {answer: status(429, 'TooManyRequests', 'm'), code: 'unavailable', operations: writes},
    {answer: status(503, 'ServiceUnavailable', 'm'), code: 'unavailable', operations: writes},
    {answer: status(500, 'InternalError', 'm'), reason: 'InternalError', code: 'ambiguous', operations: writes},
    {answer: status(504, 'Timeout', 'm'), reason: 'Timeout', code: 'ambiguous', operations: writes},
    {answer: {status: 502, body: '<html>'}, code: 'ambiguous', operations: writes},
    {answer: {status: 302, headers: {location: '/'}}, code: 'ambiguous', operations: writes},
    {answer: {fault: 'reset'}, code: 'ambiguous', operations: writes},
    {answer: {fault: 'drop'}, code: 'ambiguous', operations: writes},
    {answer: {status: 200, body: '{"metadata":'}, code: 'ambiguous', operations: ['store.create', 'store.rewrite']},
    {answer: {status: 200, body: 'ok'}, code: 'unavailable', operations: reads},
    {answer: {status: 302, headers: {location: '/'}}, code: 'unavailable', operations: reads},
  ];

describe('answers', () => {
  for (const {answer, reason, code, operations} of meanings) {
    const what = answer.fault ?? `${answer.status} ${reason ?? ''}`;
    it.each(operations)(`${what} to %s ⇒ ${code}`, async (operation) => {
      server.answer(() => answer);
      const error = await call(operation);
      expect(error).toMatchObject({code, ...(reason === undefined ? {} : {reason})});
    });
  }

  it.each(reads)('500 to %s ⇒ unavailable after four attempts', async (operation) => {
    server.answer(() => status(500, 'InternalError', 'm'));
    const sent = server.seen.length;
    expect(await call(operation)).toMatchObject({code: 'unavailable', reason: 'InternalError'});
    expect(server.seen.length - sent).toBe(4);
  });

  it('404 to get ⇒ there is none', async () => {
    server.answer(() => status(404, 'NotFound', 'm'));
    expect(expectValue(await store['store.get'](address))).toBeUndefined();
  });

  it('410 with a token to list ⇒ gone with the token', async () => {
    server.answer(() => status(410, 'Expired', 'too old', {metadata: {continue: 'go-on'}}));
    expect(await call('store.list')).toMatchObject({code: 'gone', continue: 'go-on'});
  });

  it('429 to a write ⇒ how long the server asks to wait, by header or body', async () => {
    server.answer(() => ({...status(429, 'TooManyRequests', 'm'), headers: {'retry-after': '3'}}));
    expect(await call('store.rewrite')).toMatchObject({retryAfterMs: 3_000});
    server.answer(() => status(429, 'TooManyRequests', 'm', {details: {retryAfterSeconds: 4}}));
    expect(await call('store.rewrite')).toMatchObject({retryAfterMs: 4_000});
  });

  it('422 about the uid alone ⇒ conflict: it is not the object that was meant', async () => {
    const causes = [{field: 'metadata.uid', reason: 'FieldValueInvalid', message: 'field is immutable'}];
    server.answer(() => status(422, 'Invalid', 'm', {details: {causes}}));
    expect(await call('store.rewrite')).toMatchObject({code: 'conflict'});
  });

  it("a webhook's refusal ⇒ denied, with its words on one line", async () => {
    server.answer(() => status(403, '', 'admission webhook "w.example.com" denied the request:\n  no  changes today'));
    expect(await call('store.rewrite')).toEqual({
      code: 'denied',
      message: 'admission webhook "w.example.com" denied the request: no changes today',
    });
  });

  it("a validation that quotes the user's value ⇒ the field without the value", async () => {
    const message =
      'Secret "a" is invalid: [data.k: Invalid value: "hun\\"ter2": no, type: Unsupported value: "hunter3": supported values: "x", n: Invalid value: 4711: too big]';
    server.answer(() => status(422, 'Invalid', message));
    const error = await call('store.rewrite');
    expect(error?.message).toContain('data.k: Invalid value: no, type: Unsupported value: supported');
    for (const value of ['ter2', 'hunter3', '4711']) expect(error?.message).not.toContain(value);
  });

  it('a message without end ⇒ cut', async () => {
    server.answer(() => status(422, 'Invalid', 'x'.repeat(1_000_000)));
    expect((await call('store.create'))?.message.length).toBeLessThanOrEqual(1_024);
  });

  it('nobody answers ⇒ unavailable, for writes too: they were surely not sent', async () => {
    const gone = await startFakeServer();
    const lonely = createStorePorts({kubeconfig: gone.kubeconfig().path, userAgent: 'test', random: () => 0});
    await gone.close();
    const error = expectError(await lonely['store.create']({resource: secrets, object}), 'unavailable');
    expect(error.reason).toBe('ECONNREFUSED');
    await lonely.close();
  });

  it('a list without items ⇒ an empty page', async () => {
    server.answer(() => ({body: {metadata: {resourceVersion: '1', continue: ''}, items: null}}));
    const page = expectValue(await store['store.list']({resource: secrets, limit: 1}));
    expect(page).toEqual({items: [], resourceVersion: '1'});
  });
});
