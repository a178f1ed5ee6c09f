// `preflight` on a configuration of the deterministic strategy: what its root Secret holds, whether bundles can be
// stored, and, where the Synchronizer is, whether one has arrived.

import {
  deploymentResource,
  failed,
  leaseResource,
  moduleInfoResource,
  namespaceResource,
  ok,
  ourNamespace,
  type ResourceType,
  type StoredObject,
  secretResource,
  seedBundleResource,
  synchronizer,
} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import type {OpenCluster} from '../../cli/src/cluster-client.ts';
import {preflightVerb} from '../../cli/src/verbs/preflight.ts';
import {expectNoTrace} from '../crypto/no-trace.ts';
import {expectValue} from '../ports/answers.ts';
import {type Ran, runVerb} from './command.ts';
import {derivationRoot, deriving, groupId, runRotations, type SimulatedCluster} from './simulated-cluster.ts';

/** The cluster, with an API that says its version and allows everything; `get` may answer otherwise. */
function answering(
  {open}: SimulatedCluster,
  get?: (resource: ResourceType) => StoredObject | 'gone' | 'denied' | undefined,
) {
  const asked: string[] = [];
  const answered = (status: number, value: unknown) =>
    ({outcome: 'answered', status, contentType: 'application/json', text: JSON.stringify(value)}) as const;
  const opened: OpenCluster = (input) => {
    const client = open(input);
    return {
      ...client,
      request: async ({path, body = ''}) => {
        if (path === '/version') return answered(200, {major: '1', minor: '37', gitVersion: 'v1.37.2'});
        if (!path.endsWith('/selfsubjectaccessreviews')) return answered(404, {});
        const {verb, resource, namespace} = JSON.parse(body).spec.resourceAttributes ?? {};
        asked.push(`${verb} ${resource} ${namespace ?? ''}`.trim());
        return answered(201, {status: {allowed: true}});
      },
      store: {
        ...client.store,
        'store.get': async (address) => {
          const other = get?.(address.resource);
          // A kind that is not served answers a get as an object does that is not there, and a list by `gone`.
          if (other === 'gone') return ok(undefined);
          if (other === 'denied') return failed('denied', 'no right');
          return other === undefined ? client.store['store.get'](address) : ok(other);
        },
        'store.list': async (request) =>
          get?.(request.resource) === 'gone'
            ? failed('gone', 'the server could not find the requested resource')
            : client.store['store.list'](request),
      },
    };
  };
  return {opened, asked};
}

async function preflight(opened: OpenCluster): Promise<Ran> {
  const ran = await runVerb(preflightVerb(opened));
  expectNoTrace(ran.out + ran.err, [derivationRoot], [groupId]);
  return ran;
}

const secretWith = (data: Readonly<Record<string, string>>): StoredObject => ({metadata: {name: 'x'}, data});
const inSecret = (data: Readonly<Record<string, string>>) => (resource: ResourceType) =>
  resource.plural === secretResource.plural ? secretWith(data) : undefined;

/** The Synchronizer, by its Deployment, its lease or its ModuleInfo, whose name is generated. */
function installSynchronizer({person}: SimulatedCluster, sign: 'deployment' | 'lease' | 'module'): void {
  const {namespace} = synchronizer;
  if (sign === 'module') {
    const labels = {'cpaas.io/module-name': 'etcd-sync', 'cpaas.io/cluster-name': 'global'};
    const module = {metadata: {name: 'global-etcd-sync-0a1b2', labels}};
    expectValue(person['store.create']({resource: moduleInfoResource, object: module}));
    return;
  }
  expectValue(person['store.create']({resource: namespaceResource, object: {metadata: {name: namespace}}}));
  const resource = sign === 'lease' ? leaseResource : deploymentResource;
  const object = {metadata: {name: synchronizer[sign], namespace}, spec: {}};
  expectValue(person['store.create']({resource, object}));
}

describe('the root Secret', () => {
  test('32 bytes, no bundle yet ⇒ its root check, no red line, exit code 0, and what a rotation waits for', async () => {
    const {opened, asked} = answering(deriving('expected'));
    const {code, out} = await preflight(opened);
    expect(code, out).toBe(0);
    expect(out).toMatch(/^fine +root key +32 bytes; root check [0-9a-f]{16}$/m);
    expect(out).toMatch(/^fine +bundle +there is none yet; the Active makes the first one$/m);
    expect(out).toMatch(
      /^1\. derive r1 on every node from the root Secret and the SeedBundle, which the Active publi/m,
    );
    expect(out).toMatch(/loaded it, 5m have passed since it was published, a Standby has proved once that it can re/);
    for (const right of ['get secrets kube-system', 'create seedbundles kube-system', 'get deployments cpaas-system'])
      expect(asked).toContain(right);
  });

  test.each<[string, Readonly<Record<string, string>>, RegExp]>([
    ['a newline at its end', {'root-key': Buffer.alloc(33, 'x').toString('base64')}, /expected 32.*33.*newline/],
    ['the field root_key', {root_key: 'eA=='}, /expected a field root-key, got root_key$/m],
    ['zeros', {'root-key': Buffer.alloc(32).toString('base64')}, /root-key: .*equal/],
  ])('%s ⇒ red with the cause, exit code 1', async (_, data, words) => {
    const {code, out} = await preflight(answering(deriving('none'), inSecret(data)).opened);
    expect(code).toBe(1);
    expect(out).toMatch(/^red +root key +Secret kube-system\/etcd-derivation-root/m);
    expect(out).toMatch(words);
  });

  test('none ⇒ red, exit code 1', async () => {
    const {code, out} = await preflight(answering(deriving('none', {root: false})).opened);
    expect(code).toBe(1);
    expect(out).toMatch(/^red +root key +Secret kube-system\/etcd-derivation-root: there is none$/m);
  });
});

describe('the SeedBundle', () => {
  test('one that verifies ⇒ its generation and newest revision, no red line', async () => {
    const cluster = deriving('none');
    runRotations(cluster, 1);
    cluster.simulation.runFor(600_000);
    const {code, out} = await preflight(answering(cluster).opened);
    expect(code, out).toBe(0);
    expect(out).toMatch(/^fine +bundle +generation 2 of [0-9a-f]{32} verifies; its newest revision is r2$/m);
  });

  test.each(['deployment', 'lease', 'module'] as const)(
    'none where the Synchronizer’s %s is ⇒ red with what it needs',
    async (sign) => {
      const cluster = deriving('none');
      installSynchronizer(cluster, sign);
      const {code, out} = await preflight(answering(cluster).opened);
      expect(code).toBe(1);
      expect(out).toMatch(
        /^red +bundle +\w+ \S*etcd-sync\S* is here, so this is a Standby, and no SeedBundle has arrived/m,
      );
      expect(out).toContain(
        'v4.3.7 or later, with /registry/cluster.alauda.io/seedbundles/kube-system/default on its ex',
      );
    },
  );

  test('none, and whether the Synchronizer is here cannot be read ⇒ not seen, and not called an Active', async () => {
    const denied = (resource: ResourceType) => (resource.plural === deploymentResource.plural ? 'denied' : undefined);
    const {out} = await preflight(answering(deriving('none'), denied).opened);
    expect(out).toMatch(/^not seen +bundle +there is none yet; whether this is a Standby: no right$/m);
  });

  test('made with another root key ⇒ red as root-key-mismatch', async () => {
    const cluster = deriving('none');
    runRotations(cluster, 1);
    const other = inSecret({'root-key': Buffer.from(derivationRoot.map((byte) => byte ^ 0x55)).toString('base64')});
    const {code, out} = await preflight(answering(cluster, other).opened);
    expect(code).toBe(1);
    expect(out).toMatch(/^red +bundle +root-key-mismatch: /m);
  });

  test('no base64, its kind not installed, no root key to verify it ⇒ each said', async () => {
    const get = (answer: StoredObject | 'gone') => (resource: ResourceType) =>
      resource.plural === seedBundleResource.plural ? answer : undefined;
    const bundle = (text: string): StoredObject => ({
      metadata: {name: 'default', namespace: ourNamespace},
      spec: {bundle: text},
    });
    const broken = await preflight(answering(deriving('none'), get(bundle('!'))).opened);
    expect(broken.out).toMatch(/^red +bundle +SeedBundle\/default: spec\.bundle is no base64$/m);
    const absent = await preflight(answering(deriving('none'), get('gone')).opened);
    expect(absent.out).toMatch(/^red +bundle +our kind SeedBundle is not installed: etcd-encryption-manager crds/m);
    const closed = await preflight(answering(deriving('none', {root: false}), get(bundle('RUVTQg=='))).opened);
    expect(closed.out).toMatch(/^not seen +bundle +SeedBundle\/default is there; without a root key/m);
  });
});
