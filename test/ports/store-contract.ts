// What every implementation of the `store.*` ports must do, real and simulated alike. The cases are data, so that a
// test can compare how many each implementation runs. They share one world: each case uses names of its own.

import {
  type Answer,
  type Arguments,
  configResource,
  type OperationName,
  type PortError,
  type ResourceType,
  type Result,
  ringResource,
  type StoredObject,
} from '@etcd-encryption/rotation';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {expectError, expectValue} from './answers.ts';

type StoreOperation = Extract<OperationName, `store.${string}`>;

/** Promised or at once. */
export type AnyStore = {
  readonly [K in StoreOperation]: (args: Arguments<K>) => Awaitable<Answer<K>>;
};

/**
 * A store with the namespaces `default` and `kube-system`, core kinds, Deployments, and our kinds as their definitions
 * say; `EtcdEncryptionConfig` has a status subresource.
 */
export interface StoreWorld {
  readonly store: AnyStore;
  /** The same store for someone without any right. */
  readonly stranger: AnyStore;
  /** Forgets all history before now, so that earlier revisions and page tokens are too old. */
  readonly compact: () => Promise<void> | void;
  readonly close: () => Promise<void> | void;
}

interface StoreCase {
  readonly title: string;
  readonly run: (world: StoreWorld) => Promise<void>;
}

const core = (plural: string, kind: string): ResourceType => ({
  group: '',
  version: 'v1',
  plural,
  kind,
  namespaced: true,
});
const configMaps = core('configmaps', 'ConfigMap');
const secrets = core('secrets', 'Secret');
const unserved: ResourceType = {...configMaps, group: 'nobody.example.com', plural: 'nothings', kind: 'Nothing'};
const namespace = 'default';

const configMap = (name: string, more: Partial<StoredObject> = {}): StoredObject => ({
  metadata: {name, namespace},
  data: {a: '1'},
  ...more,
});

type Awaitable<T> = T | Promise<T>;

const good = async <T>(answer: Awaitable<Result<T>>): Promise<T> => expectValue(await answer);
const refused = async (answer: Awaitable<Result<unknown>>, code: PortError['code']): Promise<PortError> =>
  expectError(await answer, code);

interface Identified {
  readonly uid: string;
  readonly resourceVersion: string;
}

function identify(object: StoredObject | undefined): Identified {
  const {uid, resourceVersion} = object?.metadata ?? {};
  if (uid === undefined || resourceVersion === undefined) throw new Error('expected an object with uid and version');
  return {uid, resourceVersion};
}

const make = (store: AnyStore, name: string, more?: Partial<StoredObject>): Promise<StoredObject> =>
  good(store['store.create']({resource: configMaps, object: configMap(name, more)}));
const read = (store: AnyStore, name: string): Promise<StoredObject | undefined> =>
  good(store['store.get']({resource: configMaps, namespace, name}));
const change = (store: AnyStore, object: StoredObject, value: string): Promise<StoredObject> =>
  good(store['store.replace']({resource: configMaps, object: {...object, data: {a: value}}}));
const otherUid = '00000000-0000-4000-8000-000000000000';

const getCases: readonly StoreCase[] = [
  {
    title: 'get of a name that is not there ⇒ undefined',
    run: async ({store}) => expect(await read(store, 'get-absent')).toBeUndefined(),
  },
  {
    title: 'get of a kind that is not served ⇒ undefined',
    run: async ({store}) => {
      expect(await good(store['store.get']({resource: unserved, namespace, name: 'a'}))).toBeUndefined();
    },
  },
  {
    title: 'get of an object in another namespace ⇒ undefined',
    run: async ({store}) => {
      await make(store, 'get-elsewhere');
      const address = {resource: configMaps, namespace: 'kube-system', name: 'get-elsewhere'};
      expect(await good(store['store.get'](address))).toBeUndefined();
    },
  },
  {
    title: 'get right after create ⇒ the created object',
    run: async ({store}) => {
      const created = await make(store, 'get-created', {data: {a: 'x', b: 'ü'}});
      const found = await read(store, 'get-created');
      expect(found?.data).toEqual({a: 'x', b: 'ü'});
      expect(identify(found)).toEqual(identify(created));
    },
  },
];

const createCases: readonly StoreCase[] = [
  {
    title: 'create ⇒ the object with uid, version and creation time',
    run: async ({store}) => {
      const created = await make(store, 'create-plain');
      expect(identify(created).uid).not.toBe('');
      expect(created.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/);
    },
  },
  {
    title: 'create of a name that exists ⇒ conflict AlreadyExists, nothing changed',
    run: async ({store}) => {
      const created = await make(store, 'create-twice');
      const object = configMap('create-twice', {data: {a: '2'}});
      const error = await refused(store['store.create']({resource: configMaps, object}), 'conflict');
      expect(error.reason).toBe('AlreadyExists');
      expect(await read(store, 'create-twice')).toMatchObject({data: {a: '1'}, metadata: identify(created)});
    },
  },
  {
    title: 'create of a kind that is not served ⇒ gone',
    run: async ({store}) => {
      await refused(store['store.create']({resource: unserved, object: configMap('create-unserved')}), 'gone');
    },
  },
  {
    title: 'create in a namespace that does not exist ⇒ gone',
    run: async ({store}) => {
      const object = configMap('create-nowhere', {metadata: {name: 'create-nowhere', namespace: 'no-such-place'}});
      await refused(store['store.create']({resource: configMaps, object}), 'gone');
    },
  },
  {
    title: 'create of an object that its kind refuses ⇒ invalid',
    run: async ({store}) => {
      await refused(store['store.create']({resource: configMaps, object: configMap('Not_A_Name')}), 'invalid');
    },
  },
];

const replaceCases: readonly StoreCase[] = [
  {
    title: 'replace at the present version ⇒ changed, with a new version and the same uid',
    run: async ({store}) => {
      const created = await make(store, 'replace-plain');
      const replaced = await change(store, created, '2');
      expect(replaced.data).toEqual({a: '2'});
      expect(identify(replaced).uid).toBe(identify(created).uid);
      expect(identify(replaced).resourceVersion).not.toBe(identify(created).resourceVersion);
      expect(identify(await read(store, 'replace-plain'))).toEqual(identify(replaced));
    },
  },
  {
    title: 'replace at a stale version ⇒ conflict, nothing changed',
    run: async ({store}) => {
      const created = await make(store, 'replace-stale');
      await change(store, created, '2');
      const object = {...created, data: {a: '3'}};
      const error = await refused(store['store.replace']({resource: configMaps, object}), 'conflict');
      expect(error.reason).toBe('Conflict');
      expect((await read(store, 'replace-stale'))?.data).toEqual({a: '2'});
    },
  },
  {
    title: 'replace without a version ⇒ invalid, nothing changed',
    run: async ({store}) => {
      await make(store, 'replace-versionless');
      const object = configMap('replace-versionless', {data: {a: '2'}});
      await refused(store['store.replace']({resource: configMaps, object}), 'invalid');
      expect((await read(store, 'replace-versionless'))?.data).toEqual({a: '1'});
    },
  },
  {
    title: 'replace of an object that was deleted ⇒ conflict or gone, and it stays away',
    run: async ({store}) => {
      const object = await make(store, 'replace-deleted');
      const address = {resource: configMaps, namespace, name: 'replace-deleted'};
      await good(store['store.delete']({...address, ...identify(object)}));
      const answer = await store['store.replace']({resource: configMaps, object});
      expect(answer.ok ? 'success' : answer.error.code).toMatch(/^(conflict|gone)$/);
      expect(await read(store, 'replace-deleted')).toBeUndefined();
    },
  },
  {
    title: 'replace of an object that was deleted and made again ⇒ conflict, the new one stays',
    run: async ({store}) => {
      const object = await make(store, 'replace-reborn');
      const address = {resource: configMaps, namespace, name: 'replace-reborn'};
      await good(store['store.delete']({...address, ...identify(object)}));
      const reborn = await make(store, 'replace-reborn', {data: {a: 'new'}});
      const stale = {...object, metadata: {...object.metadata, resourceVersion: identify(reborn).resourceVersion}};
      await refused(store['store.replace']({resource: configMaps, object: stale}), 'conflict');
      expect((await read(store, 'replace-reborn'))?.data).toEqual({a: 'new'});
    },
  },
  {
    title: 'replace by the same content ⇒ the version stays',
    run: async ({store}) => {
      const created = await make(store, 'replace-same');
      expect(identify(await change(store, created, '1'))).toEqual(identify(created));
    },
  },
];

const config = {
  metadata: {name: 'default'},
  spec: {resources: ['secrets'], rotationInterval: '168h0m0s', type: 'aesgcm'},
} as const;

/** The one config object, made by whichever case comes first. */
async function configObject(store: AnyStore): Promise<StoredObject> {
  const found = await good(store['store.get']({resource: configResource, name: 'default'}));
  return found ?? good(store['store.create']({resource: configResource, object: config}));
}

const statusCases: readonly StoreCase[] = [
  {
    title: 'replaceStatus ⇒ the status changes, the spec in the request is ignored, the generation stays',
    run: async ({store}) => {
      const object = await configObject(store);
      const wanted = {...object, spec: {...config.spec, resources: ['configmaps']}, status: {phase: 'One'}};
      const replaced = await good(store['store.replaceStatus']({resource: configResource, object: wanted}));
      expect(replaced.status).toEqual({phase: 'One'});
      const after = await configObject(store);
      expect(after.status).toEqual({phase: 'One'});
      expect((after.spec as typeof config.spec).resources).toEqual(['secrets']);
      expect(after.metadata.generation).toBe(object.metadata.generation);
    },
  },
  {
    title: 'replaceStatus at a stale version ⇒ conflict, nothing changed',
    run: async ({store}) => {
      const object = await configObject(store);
      const first = {...object, status: {phase: 'Two'}};
      await good(store['store.replaceStatus']({resource: configResource, object: first}));
      const second = {...object, status: {phase: 'Three'}};
      await refused(store['store.replaceStatus']({resource: configResource, object: second}), 'conflict');
      expect((await configObject(store)).status).toEqual({phase: 'Two'});
    },
  },
  {
    title: 'replace of a kind with a status subresource ⇒ the spec changes, the status in the request is ignored',
    run: async ({store}) => {
      const object = await configObject(store);
      const started = await good(
        store['store.replaceStatus']({resource: configResource, object: {...object, status: {phase: 'Four'}}}),
      );
      const wanted = {...started, spec: {...config.spec, rotationInterval: '24h0m0s'}, status: {phase: 'Lost'}};
      await good(store['store.replace']({resource: configResource, object: wanted}));
      const after = await configObject(store);
      expect(after.status).toEqual({phase: 'Four'});
      expect((after.spec as {rotationInterval: string}).rotationInterval).toBe('24h0m0s');
      expect(after.metadata.generation).toBe((started.metadata.generation ?? 0) + 1);
    },
  },
  {
    title: 'replaceStatus of an object that is not there ⇒ gone or conflict',
    run: async ({store}) => {
      const object = {...config, metadata: {name: 'absent', resourceVersion: '1'}, status: {phase: 'x'}};
      const answer = await store['store.replaceStatus']({resource: configResource, object});
      expect(answer.ok ? 'success' : answer.error.code).toMatch(/^(conflict|gone)$/);
    },
  },
];

const deleteCases: readonly StoreCase[] = [
  {
    title: 'delete with the present uid and version ⇒ it is not there any more',
    run: async ({store}) => {
      const object = await make(store, 'delete-plain');
      const address = {resource: configMaps, namespace, name: 'delete-plain'};
      expect(await good(store['store.delete']({...address, ...identify(object)}))).toBeUndefined();
      expect(await read(store, 'delete-plain')).toBeUndefined();
    },
  },
  {
    title: 'delete with another uid ⇒ conflict, it is still there',
    run: async ({store}) => {
      const {resourceVersion} = identify(await make(store, 'delete-foreign'));
      const address = {resource: configMaps, namespace, name: 'delete-foreign'};
      await refused(store['store.delete']({...address, uid: otherUid, resourceVersion}), 'conflict');
      expect(await read(store, 'delete-foreign')).toBeDefined();
    },
  },
  {
    title: 'delete at a stale version ⇒ conflict, it is still there',
    run: async ({store}) => {
      const object = await make(store, 'delete-stale');
      await change(store, object, '2');
      const address = {resource: configMaps, namespace, name: 'delete-stale'};
      await refused(store['store.delete']({...address, ...identify(object)}), 'conflict');
      expect(await read(store, 'delete-stale')).toBeDefined();
    },
  },
  {
    title: 'delete of a name that is not there ⇒ gone',
    run: async ({store}) => {
      const address = {resource: configMaps, namespace, name: 'delete-absent'};
      await refused(store['store.delete']({...address, uid: otherUid, resourceVersion: '1'}), 'gone');
    },
  },
];

const rewriteCases: readonly StoreCase[] = [
  {
    title: 'rewrite of a value that is not stale ⇒ the same version',
    run: async ({store}) => {
      const object = identify(await make(store, 'rewrite-fresh'));
      const address = {resource: configMaps, namespace, name: 'rewrite-fresh'};
      expect(await good(store['store.rewrite']({...address, ...object}))).toEqual({
        resourceVersion: object.resourceVersion,
      });
    },
  },
  {
    title: 'rewrite ⇒ content, labels and annotations stay',
    run: async ({store}) => {
      const metadata = {name: 'rewrite-content', namespace, labels: {l: '1'}, annotations: {n: '2'}};
      const object = await make(store, 'rewrite-content', {metadata, data: {a: 'kept'}});
      const address = {resource: configMaps, namespace, name: 'rewrite-content'};
      await good(store['store.rewrite']({...address, ...identify(object)}));
      const after = await read(store, 'rewrite-content');
      expect(after?.data).toEqual({a: 'kept'});
      expect(after?.metadata).toMatchObject({labels: {l: '1'}, annotations: {n: '2'}});
    },
  },
  {
    title: 'rewrite at a stale version ⇒ conflict',
    run: async ({store}) => {
      const object = await make(store, 'rewrite-stale');
      await change(store, object, '2');
      const address = {resource: configMaps, namespace, name: 'rewrite-stale'};
      await refused(store['store.rewrite']({...address, ...identify(object)}), 'conflict');
    },
  },
  {
    title: 'rewrite with another uid ⇒ conflict',
    run: async ({store}) => {
      const {resourceVersion} = identify(await make(store, 'rewrite-foreign'));
      const address = {resource: configMaps, namespace, name: 'rewrite-foreign'};
      await refused(store['store.rewrite']({...address, uid: otherUid, resourceVersion}), 'conflict');
    },
  },
  {
    title: 'rewrite of a custom resource with another uid ⇒ conflict',
    run: async ({store}) => {
      const {resourceVersion} = identify(await configObject(store));
      const address = {resource: configResource, name: 'default'};
      await refused(store['store.rewrite']({...address, uid: otherUid, resourceVersion}), 'conflict');
    },
  },
  {
    title: 'rewrite of a name that is not there ⇒ gone',
    run: async ({store}) => {
      const address = {resource: configMaps, namespace, name: 'rewrite-absent'};
      await refused(store['store.rewrite']({...address, uid: otherUid, resourceVersion: '1'}), 'gone');
    },
  },
];

/** Makes objects a-0 … a-n with a label of their own and gives the selector. */
async function makeMany(store: AnyStore, group: string, count: number): Promise<string> {
  for (let index = 0; index < count; index++) {
    const name = `${group}-${index}`;
    await make(store, name, {metadata: {name, namespace, labels: {group}}});
  }
  return `group=${group}`;
}

const listMaps = (store: AnyStore, args: Omit<Arguments<'store.list'>, 'resource'>) =>
  good(store['store.list']({resource: configMaps, namespace, ...args}));
const namesOf = ({items}: {readonly items: readonly StoredObject[]}) => items.map(({metadata}) => metadata.name);

const listCases: readonly StoreCase[] = [
  {
    title: 'list with a label selector ⇒ exactly those objects, in order of their names',
    run: async ({store}) => {
      const labelSelector = await makeMany(store, 'list-label', 3);
      expect(namesOf(await listMaps(store, {labelSelector, limit: 10}))).toEqual([
        'list-label-0',
        'list-label-1',
        'list-label-2',
      ]);
    },
  },
  {
    title: 'list of nothing ⇒ no items, a version, no token',
    run: async ({store}) => {
      const page = await listMaps(store, {labelSelector: 'group=list-none', limit: 10});
      expect(page.items).toEqual([]);
      expect(page.resourceVersion).toMatch(/^[1-9]\d*$/);
      expect(page.continue).toBeUndefined();
    },
  },
  {
    title: 'list right after create ⇒ it is in it (a quorum read)',
    run: async ({store}) => {
      for (let index = 0; index < 5; index++) {
        const name = `list-quorum-${index}`;
        await make(store, name);
        expect(namesOf(await listMaps(store, {onlyName: name, limit: 10}))).toEqual([name]);
      }
    },
  },
  {
    title: 'list of one name ⇒ only that object',
    run: async ({store}) => {
      await makeMany(store, 'list-one', 2);
      expect(namesOf(await listMaps(store, {onlyName: 'list-one-1', limit: 10}))).toEqual(['list-one-1']);
    },
  },
  {
    title: 'list of a namespace ⇒ objects of no other',
    run: async ({store}) => {
      const metadata = {name: 'list-space', namespace: 'kube-system', labels: {group: 'list-space'}};
      await make(store, 'list-space', {metadata});
      await make(store, 'list-space', {metadata: {...metadata, namespace}});
      const page = await listMaps(store, {labelSelector: 'group=list-space', limit: 10});
      expect(page.items.map((item) => item.metadata.namespace)).toEqual([namespace]);
      const everywhere = await good(
        store['store.list']({resource: configMaps, labelSelector: 'group=list-space', limit: 10}),
      );
      expect(everywhere.items.map((item) => item.metadata.namespace)).toEqual([namespace, 'kube-system']);
    },
  },
  {
    title: 'list page by page ⇒ each object once, all pages at one version, the last without a token',
    run: async ({store}) => {
      await makeMany(store, 'list-page', 5);
      const names: string[] = [];
      const versions = new Set<string>();
      let token: string | undefined;
      do {
        const page = await listMaps(store, {limit: 2, ...(token === undefined ? {} : {continue: token})});
        expect(page.items.length).toBeLessThanOrEqual(2);
        names.push(...namesOf(page));
        versions.add(page.resourceVersion);
        token = page.continue;
      } while (token !== undefined);
      expect(names.filter((name) => name.startsWith('list-page-'))).toEqual(
        [0, 1, 2, 3, 4].map((n) => `list-page-${n}`),
      );
      expect(new Set(names).size).toBe(names.length);
      expect(versions.size).toBe(1);
    },
  },
  {
    title: 'list of a first page ⇒ how many objects remain',
    run: async ({store}) => {
      await makeMany(store, 'list-remain', 3);
      const page = await listMaps(store, {limit: 1});
      expect(page.remaining).toBeGreaterThanOrEqual(2);
      expect((await listMaps(store, {limit: 10_000})).remaining ?? 0).toBe(0);
    },
  },
  {
    title: 'list of a next page after a change ⇒ still the state of the first page',
    run: async ({store}) => {
      const labelSelector = await makeMany(store, 'list-frozen', 3);
      const first = await listMaps(store, {labelSelector, limit: 1});
      const last = await read(store, 'list-frozen-2');
      const address = {resource: configMaps, namespace, name: 'list-frozen-2'};
      await good(store['store.delete']({...address, ...identify(last)}));
      const rest = await listMaps(store, {labelSelector, limit: 10, continue: first.continue ?? ''});
      expect(namesOf(rest)).toEqual(['list-frozen-1', 'list-frozen-2']);
    },
  },
  {
    title: 'list of metadata ⇒ names, uids and versions, never content',
    run: async ({store}) => {
      const object = {
        metadata: {name: 'list-metadata', namespace, labels: {group: 'list-metadata'}},
        data: {password: 'aHVudGVyMg=='},
        type: 'Opaque',
      };
      const created = await good(store['store.create']({resource: secrets, object}));
      const page = await good(
        store['store.list']({
          resource: secrets,
          namespace,
          labelSelector: 'group=list-metadata',
          limit: 10,
          metadataOnly: true,
        }),
      );
      expect(page.items).toHaveLength(1);
      expect(identify(page.items[0])).toEqual(identify(created));
      expect(
        Object.keys(page.items[0] ?? {}).filter((key) => !['apiVersion', 'kind', 'metadata'].includes(key)),
      ).toEqual([]);
      expect(JSON.stringify(page)).not.toContain('aHVudGVyMg');
    },
  },
  {
    title: 'list at an earlier version ⇒ the state of then',
    run: async ({store}) => {
      const labelSelector = await makeMany(store, 'list-then', 2);
      const {resourceVersion} = await listMaps(store, {labelSelector, limit: 10});
      await make(store, 'list-then-9', {metadata: {name: 'list-then-9', namespace, labels: {group: 'list-then'}}});
      const then = await listMaps(store, {labelSelector, limit: 10, atRevision: resourceVersion});
      expect(namesOf(then)).toEqual(['list-then-0', 'list-then-1']);
      expect(then.resourceVersion).toBe(resourceVersion);
      expect(namesOf(await listMaps(store, {labelSelector, limit: 10}))).toHaveLength(3);
    },
  },
  {
    title: 'list at a compacted version ⇒ gone, without a token',
    run: async ({store, compact}) => {
      const {resourceVersion} = await listMaps(store, {limit: 1});
      await makeMany(store, 'list-compacted', 2);
      await compact();
      const request = {resource: configMaps, namespace, limit: 10, atRevision: resourceVersion};
      const error = await refused(store['store.list'](request), 'gone');
      expect(error.continue).toBeUndefined();
    },
  },
  {
    title: 'list with a token that is too old ⇒ gone, with a token that goes on behind the last page',
    run: async ({store, compact}) => {
      const labelSelector = await makeMany(store, 'list-expired', 3);
      const first = await listMaps(store, {labelSelector, limit: 1});
      await makeMany(store, 'list-expired-more', 1);
      await compact();
      const request = {resource: configMaps, namespace, labelSelector, limit: 10};
      const error = await refused(store['store.list']({...request, continue: first.continue ?? ''}), 'gone');
      expect(error.continue).toMatch(/./);
      const rest = await listMaps(store, {labelSelector, limit: 10, continue: error.continue ?? ''});
      expect(namesOf(rest)).toEqual(['list-expired-1', 'list-expired-2']);
    },
  },
  {
    title: 'list with a token that is none ⇒ invalid',
    run: async ({store}) => {
      await refused(store['store.list']({resource: configMaps, namespace, limit: 1, continue: 'no-token'}), 'invalid');
    },
  },
  {
    title: 'list of a kind that is not served ⇒ gone',
    run: async ({store}) => {
      await refused(store['store.list']({resource: unserved, namespace, limit: 1}), 'gone');
    },
  },
];

const typesOf = async (store: AnyStore, resource: string): Promise<readonly string[]> => {
  const types = await good(store['store.resolve']({resource}));
  return types.map(({group, plural}) => (group === '' ? plural : `${plural}.${group}`));
};

const resolveCases: readonly StoreCase[] = [
  {
    title: 'resolve of a core resource ⇒ its type',
    run: async ({store}) => {
      expect(await good(store['store.resolve']({resource: 'secrets'}))).toEqual([secrets]);
    },
  },
  {
    title: 'resolve of a resource with a group ⇒ its type in that group',
    run: async ({store}) => {
      const deployments = {group: 'apps', version: 'v1', plural: 'deployments', kind: 'Deployment', namespaced: true};
      expect(await good(store['store.resolve']({resource: 'deployments.apps'}))).toEqual([deployments]);
    },
  },
  {
    title: 'resolve of what is not served ⇒ nothing',
    run: async ({store}) => {
      expect(await typesOf(store, 'nothings.nobody.example.com')).toEqual([]);
      expect(await typesOf(store, '*.nobody.example.com')).toEqual([]);
    },
  },
  {
    title: 'resolve of the core group ⇒ its kinds and no others',
    run: async ({store}) => {
      const types = await typesOf(store, '*.');
      expect(types).toEqual(expect.arrayContaining(['configmaps', 'secrets']));
      expect(types.filter((type) => type.includes('.') || type.includes('/'))).toEqual([]);
    },
  },
  {
    title: 'resolve of a group ⇒ its kinds and no others',
    run: async ({store}) => {
      const types = await typesOf(store, '*.apps');
      expect(types).toContain('deployments.apps');
      expect(types.filter((type) => !type.endsWith('.apps'))).toEqual([]);
    },
  },
  {
    title: 'resolve of everything ⇒ all groups, sorted, but never our own nor second names of events',
    run: async ({store}) => {
      const types = await good(store['store.resolve']({resource: '*.*'}));
      const names = types.map(({group, plural}) => `${group}/${plural}`);
      expect(names).toEqual(expect.arrayContaining(['/secrets', 'apps/deployments']));
      expect(names).toEqual([...names].sort((a, b) => (a < b ? -1 : 1)));
      expect(types.filter(({group}) => ['cluster.alauda.io', 'events.k8s.io'].includes(group))).toEqual([]);
    },
  },
];

const strangerCases: readonly StoreCase[] = [
  {
    title: 'get and list without the right ⇒ denied',
    run: async ({stranger}) => {
      await refused(stranger['store.get']({resource: secrets, namespace, name: 'a'}), 'denied');
      await refused(stranger['store.list']({resource: secrets, limit: 1}), 'denied');
    },
  },
  {
    title: 'create, rewrite and delete without the right ⇒ denied, nothing changed',
    run: async ({store, stranger}) => {
      const before = identify(await make(store, 'stranger'));
      const address = {resource: configMaps, namespace, name: 'stranger'};
      const object = configMap('stranger-made');
      await refused(stranger['store.create']({resource: configMaps, object}), 'denied');
      await refused(stranger['store.rewrite']({...address, ...before}), 'denied');
      await refused(stranger['store.delete']({...address, ...before}), 'denied');
      expect(identify(await read(store, 'stranger'))).toEqual(before);
      expect(await read(store, 'stranger-made')).toBeUndefined();
    },
  },
];

/** Compare-and-swap of the ring, the one that everything rests on. */
const ringCases: readonly StoreCase[] = [
  {
    title: 'two writers of the ring from one version ⇒ one succeeds, the other gets conflict',
    run: async ({store}) => {
      const spec = {...minimalRing, version: 1};
      const metadata = {name: 'default', namespace: 'kube-system'};
      const created = await good(store['store.create']({resource: ringResource, object: {metadata, spec}}));
      const write = (version: number) =>
        store['store.replace']({resource: ringResource, object: {...created, spec: {...minimalRing, version}}});
      const answers = await Promise.all([write(2), write(3)]);
      expect(answers.filter(({ok}) => ok)).toHaveLength(1);
      expect(answers.flatMap((answer) => (answer.ok ? [] : [answer.error.code]))).toEqual(['conflict']);
    },
  },
];

const minimalRing = {
  v: 1,
  clusterId: 'c',
  epoch: 1,
  keys: [],
  layout: {keys: [], resources: [], kept: [], kms: []},
  proven: [],
  history: [],
  stoppedWriting: {},
  clean: [],
  certificates: [],
  members: [],
  forgotten: [],
  accepted: [],
  refusals: [],
  settings: {writeMode: 'rename'},
} as const;

const storeCases: readonly StoreCase[] = [
  ...getCases,
  ...createCases,
  ...replaceCases,
  ...statusCases,
  ...deleteCases,
  ...rewriteCases,
  ...listCases,
  ...resolveCases,
  ...strangerCases,
  ...ringCases,
];

/** How many cases the contract has; whoever runs fewer does not keep it. */
export const storeContractCases: number = storeCases.length;

/** Runs every case on one world, made once. */
export function storeContract(name: string, makeWorld: () => Promise<StoreWorld> | StoreWorld): void {
  describe(`store contract: ${name}`, () => {
    let world: StoreWorld | undefined;
    beforeAll(async () => {
      world = await makeWorld();
    });
    afterAll(async () => {
      await world?.close();
    });
    for (const {title, run} of storeCases) {
      it(title, async () => {
        if (world === undefined) throw new Error('no world');
        await run(world);
      });
    }
  });
}
