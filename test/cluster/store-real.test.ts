// The store ports, the definitions, discovery and watches on a real kube-apiserver.

import {mkdtempSync, rmSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import {toBase64} from '@etcd-encryption/crypto';
import {
  checkInstalledSchema,
  createStorePorts,
  renderCrds,
  type StoreClient,
  watchHints,
} from '@etcd-encryption/host-k8s';
import {
  configResource,
  keyResource,
  nodeReportResource,
  type ResourceType,
  resourceProblem,
  ringResource,
  seedBundleResource,
} from '@etcd-encryption/rotation';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {type ControlPlane, startControlPlane} from '../control-plane/index.ts';
import {expectError, expectValue} from '../ports/answers.ts';
import {storeContract, storeContractCases} from '../ports/store-contract.ts';
import {fullConfig, fullKey, fullReports, fullRing, fullSeedBundle, fullStatus} from './full-objects.ts';

const userAgent = 'etcd-encryption-manager/0.1.0 (rotation)';
const secretResource: ResourceType = {group: '', version: 'v1', plural: 'secrets', kind: 'Secret', namespaced: true};
let plane: ControlPlane;
let client: StoreClient;
let dir: string;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'store-real-'));
  plane = await startControlPlane({
    dir,
    nodes: 1,
    // Without its snapshots of old revisions in memory the server must ask etcd, which has forgotten them.
    extraArgs: () => ['--feature-gates=ListFromCacheSnapshot=false'],
  });
  await plane.apply('node-1', renderCrds());
  await plane.kubectl('node-1', 'wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s');
  client = createStorePorts({kubeconfig: plane.node('node-1').kubeconfig, userAgent});
});

afterAll(async () => {
  await client?.close();
  await plane?.stop();
  rmSync(dir, {recursive: true, force: true});
});

storeContract('kube-apiserver', async () => {
  const account = await plane.createAccount('node-1', {user: 'stranger', groups: []});
  const stranger = createStorePorts({kubeconfig: account.kubeconfig, userAgent});
  return {
    store: client,
    stranger,
    compact: async () => {
      const status = (await plane.etcdctl('endpoint', 'status', '--write-out=json')).toString();
      const revision = (JSON.parse(status) as [{Status: {header: {revision: number}}}])[0].Status.header.revision;
      await plane.etcdctl('compaction', String(revision));
    },
    close: stranger.close,
  };
});

type Spec = Readonly<Record<string, unknown>>;
const plain = {resources: ['secrets'], rotationInterval: '168h0m0s', type: 'aesgcm'};

/** The server's own validation, on the side: nothing is stored. */
const tryConfig = async (spec: Spec, name = 'default'): Promise<string> => {
  const path = '/apis/cluster.alauda.io/v1alpha1/etcdencryptionconfigs?dryRun=All';
  const body = JSON.stringify({
    apiVersion: 'cluster.alauda.io/v1alpha1',
    kind: 'EtcdEncryptionConfig',
    metadata: {name},
    spec,
  });
  // The contract's own object may be there already: then a dry run says so after validation.
  const answer = await client.transport.request({method: 'POST', path, body});
  if (answer.outcome !== 'answered') throw new Error(answer.message);
  return answer.status === 201 || answer.status === 409
    ? 'accepted'
    : (JSON.parse(answer.text) as {message: string}).message;
};

it('the contract has its cases', () => expect(storeContractCases).toBeGreaterThanOrEqual(50));

describe('EtcdEncryptionConfig on the server', () => {
  it.each([
    {what: 'the published example', spec: {...plain, resources: ['secrets', 'configmaps']}},
    {what: 'every field', spec: fullConfig},
    {what: 'everything', spec: {...plain, resources: ['*.*']}},
    {what: 'the core group', spec: {...plain, resources: ['*.', 'deployments.apps']}},
    {what: 'a group beside another group below it', spec: {...plain, resources: ['*.example.com', 'a.b.example.com']}},
    {what: 'a group whose name only ends as ours', spec: {...plain, resources: ['a.other-cluster.alauda.io']}},
    {what: 'a short interval', spec: {...plain, rotationInterval: '1.5s'}},
  ])('$what ⇒ accepted', async ({spec}) => {
    expect(await tryConfig(spec)).toBe('accepted');
  });

  const withResources = (...resources: readonly string[]) => ({...plain, resources});
  it.each([
    {spec: plain, name: 'other', says: 'there is only one, and its name is default'},
    {spec: withResources('Secrets'), says: '"Secrets": expected lower case'},
    {spec: withResources('*'), says: '"*": expected "*." for the core group or "*.*" for everything'},
    {spec: withResources('secrets.*'), says: '"secrets.*": a resource of every group is not supported'},
    {spec: withResources('secrets/status'), says: '"secrets/status": expected resource or resource.group'},
    {spec: withResources('events.events.k8s.io'), says: '"events.events.k8s.io": this group cannot be encrypted'},
    {spec: withResources('*.extensions'), says: '"*.extensions": this group cannot be encrypted'},
    {spec: withResources('serviceipallocations'), says: '"serviceipallocations": this resource cannot be encrypted'},
    {spec: withResources('*.cluster.alauda.io'), says: '"*.cluster.alauda.io": our own group must stay readable'},
    {spec: withResources('*.*', 'secrets'), says: '"*.*" already covers every other resource'},
    {spec: withResources('deployments.apps', '*.apps'), says: 'beside the wildcard of its own group'},
    {spec: withResources('secrets', '*.'), says: 'beside the wildcard of its own group'},
    {spec: withResources('secrets', 'secrets'), says: 'spec.resources[1]: Duplicate value: "secrets"'},
    {spec: withResources(), says: 'spec.resources in body should have at least 1 items'},
    {spec: {...plain, resources: undefined}, says: 'spec.resources: Required value'},
    {spec: {...plain, type: 'aescbc'}, says: 'spec.type: Unsupported value: "aescbc": supported values: "aesgcm"'},
    {spec: {...plain, type: undefined}, says: 'spec.type: Required value'},
    {spec: {...plain, rotationInterval: 'weekly'}, says: 'spec.rotationInterval in body should match'},
    {
      spec: {...plain, rotationInterval: '10ms'},
      says: 'spec.rotationInterval: Invalid value: "10ms": must be at least 1s',
    },
    {spec: {...plain, keyStrategy: 'deterministic'}, says: 'needs deterministic.replicationGroupId'},
    {
      spec: {...plain, keyStrategy: 'deterministic', deterministic: {dimension: 'default'}},
      says: 'needs deterministic.replicationGroupId',
    },
    {
      spec: {...plain, keyStrategy: 'deterministic', deterministic: {replicationGroupId: 'a\n'}},
      says: 'spec.deterministic.replicationGroupId in body should match',
    },
    {
      spec: {...plain, deterministic: {replicationGroupId: 'a', dimension: ' b'}},
      says: 'spec.deterministic.dimension in body should match',
    },
    {
      spec: {...plain, windows: [{action: 'allow', cron: '* * * * *', duration: '1s'}]},
      says: 'must be at least 1m',
    },
  ])('$spec.resources $spec.keyStrategy ⇒ refused: $says', async ({spec, name, says}) => {
    expect(await tryConfig(spec, name)).toContain(says);
  });

  it('has the same opinion of resources as the engine', async () => {
    const tricky = [
      'a',
      'a-b',
      '-a',
      'a.',
      '.a',
      'a..b',
      'a.b.c',
      '*.a',
      '*a',
      'a*',
      '*.',
      '*.*',
      '*',
      'a.*',
      'A',
      'ä',
      'a b',
      'pods/x',
    ];
    const groups = ['extensions', 'events.k8s.io', 'x.extensions', 'cluster.alauda.io', 'x.cluster.alauda.io'];
    for (const resource of [...tricky, ...groups.flatMap((group) => [`a.${group}`, `*.${group}`])]) {
      const ours = resourceProblem(resource) === undefined ? 'accepted' : 'refused';
      const theirs = (await tryConfig(withResources(resource))) === 'accepted' ? 'accepted' : 'refused';
      expect(`${resource} ${theirs}`).toBe(`${resource} ${ours}`);
    }
  });

  it('keeps every field of spec and status, and shows the columns', async () => {
    const name = 'default';
    const found = expectValue(await client['store.get']({resource: configResource, name}));
    const metadata = found?.metadata ?? {name};
    const object = {metadata, spec: fullConfig};
    const stored = expectValue(
      found === undefined
        ? await client['store.create']({resource: configResource, object})
        : await client['store.replace']({resource: configResource, object}),
    );
    const withStatus = {...stored, status: fullStatus};
    expectValue(await client['store.replaceStatus']({resource: configResource, object: withStatus}));
    const after = expectValue(await client['store.get']({resource: configResource, name}));
    expect(after?.spec).toEqual(fullConfig);
    expect(after?.status).toEqual(fullStatus);
    const table = await plane.kubectl('node-1', 'get', 'eec', 'default', '--output=wide');
    expect(table.split('\n')[0]?.trim().split(/\s+/)).toEqual([
      'NAME',
      'REVISION',
      'READY',
      'PHASE',
      'NODES',
      'MIGRATION',
      'NEXT',
      'AGE',
      'STRATEGY',
      'ROLE',
      'FAILOVER-READY',
    ]);
    expect(table).toMatch(/default\s+3\s+True\s+Idle\s+3\/3\s+Success\s+2025-05-27T05:47:01Z\s+\S+\s+deterministic/);
    expect(await plane.kubectl('node-1', 'wait', '--for=condition=Ready', 'eec/default', '--timeout=5s')).toContain(
      'met',
    );
  });
});

describe('our other kinds on the server', () => {
  const namespace = 'kube-system';

  it('a ring with every field ⇒ stored as it is', async () => {
    const name = 'default';
    const found = expectValue(await client['store.get']({resource: ringResource, namespace, name}));
    const object = {metadata: found?.metadata ?? {name, namespace}, spec: fullRing};
    expectValue(
      found === undefined
        ? await client['store.create']({resource: ringResource, object})
        : await client['store.replace']({resource: ringResource, object}),
    );
    const after = expectValue(await client['store.get']({resource: ringResource, namespace, name}));
    expect(after?.spec).toEqual(fullRing);
  });

  it('a SeedBundle of any other name, longer than one can be, or no base64 ⇒ refused', async () => {
    const create = async (bundle: string, name = 'default') => {
      const object = {metadata: {name, namespace}, spec: {bundle}};
      return expectError(await client['store.create']({resource: seedBundleResource, object}), 'invalid').message;
    };
    expect(await create(fullSeedBundle.bundle, 'second')).toContain('there is only one, and its name is default');
    expect(await create('A'.repeat(4_909))).toContain('may not be more than 4908');
    expect(await create('no base64\n')).toContain('should match');
  });

  it('a SeedBundle of 64 revisions ⇒ stored as it is', async () => {
    const spec = {bundle: toBase64(new Uint8Array(64 + 56 * 64 + 32).fill(255))};
    const object = {metadata: {name: 'default', namespace}, spec};
    expectValue(await client['store.create']({resource: seedBundleResource, object}));
    const after = expectValue(await client['store.get']({resource: seedBundleResource, namespace, name: 'default'}));
    expect(after?.spec).toEqual(spec);
  });

  it('a second ring ⇒ refused', async () => {
    const object = {metadata: {name: 'second', namespace}, spec: fullRing};
    const error = expectError(await client['store.create']({resource: ringResource, object}), 'invalid');
    expect(error.message).toContain('there is only one, and its name is default');
  });

  it.each(fullReports.map((report, index) => ({report, name: `node-${index}`})))(
    'a report with file $report.file.state, server $report.server.state ⇒ stored as it is',
    async ({report, name}) => {
      const object = {metadata: {name, namespace}, status: report};
      expectValue(await client['store.create']({resource: nodeReportResource, object}));
      const after = expectValue(await client['store.get']({resource: nodeReportResource, namespace, name}));
      expect(after?.status).toEqual(report);
    },
  );

  it('a report whose file says loadable without its blocks ⇒ refused', async () => {
    const object = {
      metadata: {name: 'node-bad', namespace},
      status: {...fullReports[0], file: {state: 'loadable', hash: 'a'}},
    };
    const error = expectError(await client['store.create']({resource: nodeReportResource, object}), 'invalid');
    expect(error.message).toContain('status.file');
  });

  it('a key ⇒ stored as it is, sealed again for others, and nothing else of it can be changed', async () => {
    const address = {resource: keyResource, namespace, name: 'r2'};
    const metadata = {name: 'r2', namespace};
    const created = expectValue(
      await client['store.create']({resource: keyResource, object: {metadata, spec: fullKey}}),
    );
    expect(created.spec).toEqual(fullKey);
    const resealed = {...fullKey, recipients: ['age1c'], sealed: 'bmV3'};
    expectValue(await client['store.replace']({resource: keyResource, object: {...created, spec: resealed}}));
    const after = expectValue(await client['store.get'](address));
    expect(after?.spec).toEqual(resealed);
    if (after === undefined) return;
    const changes: Readonly<Record<string, unknown>> = {
      v: 2,
      provider: 'aescbc',
      name: 'other',
      check: 'other',
      revision: 3,
      length: 16,
      clusterId: 'other',
      voucher: {key: 'r1-00000000', mac: 'other'},
      mintId: 'other',
      createdAtMs: 1,
      createdBy: 'node-2',
    };
    expect([...Object.keys(changes), 'recipients', 'sealed'].sort()).toEqual(Object.keys(fullKey).sort());
    for (const [field, value] of Object.entries(changes)) {
      const object = {...after, spec: {...resealed, [field]: value}};
      const error = expectError(await client['store.replace']({resource: keyResource, object}), 'invalid');
      expect(error.message).toContain(`${field} cannot be changed; only re-sealing is allowed`);
    }
    for (const field of ['voucher', 'mintId']) {
      const object = {...after, spec: {...resealed, [field]: undefined}};
      const error = expectError(await client['store.replace']({resource: keyResource, object}), 'invalid');
      expect(error.message).toContain(`${field} cannot be changed; only re-sealing is allowed`);
    }
  });
});

describe('the installed schema', () => {
  it('of this release ⇒ complete', async () => {
    expect(await checkInstalledSchema(client)).toEqual({outcome: 'complete'});
  });

  it('of an older release ⇒ the lost field named, until it is installed again', async () => {
    const at = '/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/rotation/properties/adding';
    const patch = JSON.stringify([{op: 'remove', path: at}]);
    await plane.kubectl(
      'node-1',
      'patch',
      'crd',
      'etcdencryptionrings.cluster.alauda.io',
      '--type=json',
      `--patch=${patch}`,
    );
    expect(await checkInstalledSchema(client)).toEqual({
      outcome: 'incomplete',
      missing: ['etcdencryptionrings: spec.rotation.adding'],
    });
    const file = new URL('../../host-k8s/crd/etcdencryptionrings.yaml', import.meta.url);
    await plane.kubectl('node-1', 'replace', `--filename=${fileURLToPath(file)}`);
    expect(await checkInstalledSchema(client)).toEqual({outcome: 'complete'});
  });
});

describe('what only a real server says', () => {
  it('a stored value that no key opens ⇒ unavailable InternalError with the etcd key', async () => {
    await plane.etcdctl('put', '/registry/secrets/kube-public/unreadable', 'k8s:enc:aesgcm:v1:nobody:xxxxxxxxxxxxxxxx');
    const address = {resource: secretResource, namespace: 'kube-public', name: 'unreadable'};
    const error = expectError(await client['store.get'](address), 'unavailable', 'InternalError');
    expect(error.message).toContain('/secrets/kube-public/unreadable');
    const listed = await client['store.list']({resource: secretResource, namespace: 'kube-public', limit: 10});
    expect(expectError(listed, 'unavailable').message).toContain('unreadable');
    await plane.etcdctl('del', '/registry/secrets/kube-public/unreadable');
  });

  it('an admission policy that refuses a rewrite ⇒ denied, with its own words', async () => {
    const policy = {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicy',
      metadata: {name: 'no-change'},
      spec: {
        matchConstraints: {
          resourceRules: [{apiGroups: [''], apiVersions: ['v1'], operations: ['UPDATE'], resources: ['configmaps']}],
        },
        matchConditions: [{name: 'only', expression: "object.metadata.name == 'policed'"}],
        validations: [{expression: 'false', message: 'nobody may touch this'}],
      },
    };
    const binding = {
      apiVersion: policy.apiVersion,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: {name: 'no-change'},
      spec: {policyName: 'no-change', validationActions: ['Deny']},
    };
    await plane.apply('node-1', JSON.stringify({apiVersion: 'v1', kind: 'List', items: [policy, binding]}));
    const resource = {...secretResource, plural: 'configmaps', kind: 'ConfigMap'};
    const metadata = {name: 'policed', namespace: 'default'};
    const {metadata: made} = expectValue(await client['store.create']({resource, object: {metadata}}));
    const target = {resource, ...metadata, uid: made.uid ?? '', resourceVersion: made.resourceVersion ?? ''};
    // The policy takes effect a moment after it was made.
    const deadline = performance.now() + 20_000;
    let answer = await client['store.rewrite'](target);
    while (answer.ok && performance.now() < deadline) answer = await client['store.rewrite'](target);
    const error = answer.ok ? undefined : answer.error;
    expect(error?.code).toMatch(/^(denied|invalid)$/);
    expect(error?.message).toContain('nobody may touch this');
  });

  it('a custom resource that is defined now ⇒ resolved soon after', async () => {
    const definition = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: {name: 'widgets.example.com'},
      spec: {
        group: 'example.com',
        scope: 'Cluster',
        names: {kind: 'Widget', plural: 'widgets', singular: 'widget', listKind: 'WidgetList'},
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: {openAPIV3Schema: {type: 'object'}},
            subresources: {status: {}},
          },
        ],
      },
    };
    await plane.apply('node-1', JSON.stringify(definition));
    const widgets = {group: 'example.com', version: 'v1', plural: 'widgets', kind: 'Widget', namespaced: false};
    const deadline = performance.now() + 20_000;
    let types = expectValue(await client['store.resolve']({resource: 'widgets.example.com'}));
    while (types.length === 0 && performance.now() < deadline) {
      await sleep(300);
      types = expectValue(await client['store.resolve']({resource: 'widgets.example.com'}));
    }
    expect(types).toEqual([widgets]);
    expect(expectValue(await client['store.resolve']({resource: '*.example.com'}))).toEqual([widgets]);
  });

  it('a watch ⇒ rings at its start and at a change, and ends when closed', async () => {
    const rings: string[] = [];
    const target = {resource: secretResource, namespace: 'default'};
    const watch = watchHints({
      transport: client.transport,
      targets: [target],
      onHint: ({plural}) => rings.push(plural),
    });
    await waitFor(() => rings.length === 1);
    // The doorbell of the start comes before the watch itself is open.
    await sleep(500);
    const object = {metadata: {name: 'watched', namespace: 'default'}};
    expectValue(await client['store.create']({resource: secretResource, object}));
    await waitFor(() => rings.length === 2);
    await watch.close();
    expect(rings).toEqual(['secrets', 'secrets']);
  });

  it('500 requests, 64 in flight ⇒ all over one TCP connection', async () => {
    const {address, port} = plane.node('node-1');
    const fresh = createStorePorts({kubeconfig: plane.node('node-1').kubeconfig, userAgent});
    const before = await countConnections(address, port);
    const get = () => fresh['store.get']({resource: secretResource, namespace: 'default', name: 'watched'});
    let left = 500;
    const worker = async (): Promise<void> => {
      while (left-- > 0) expectValue(await get());
    };
    await Promise.all(Array.from({length: 64}, worker));
    expect((await countConnections(address, port)) - before).toBe(1);
    await fresh.close();
  });
});

describe('a server that sends clients to new connections now and then', () => {
  let other: ControlPlane;
  beforeAll(async () => {
    const extraArgs = () => ['--goaway-chance=0.02'];
    other = await startControlPlane({dir: join(dir, 'goaway'), nodes: 1, extraArgs});
  });
  afterAll(() => other?.stop());

  it('3,000 rewrites, 64 in flight ⇒ every one is answered', async () => {
    const away = createStorePorts({kubeconfig: other.node('node-1').kubeconfig, userAgent});
    const metadata = {name: 'away', namespace: 'default'};
    const {metadata: made} = expectValue(await away['store.create']({resource: secretResource, object: {metadata}}));
    const target = {
      resource: secretResource,
      ...metadata,
      uid: made.uid ?? '',
      resourceVersion: made.resourceVersion ?? '',
    };
    let left = 3_000;
    const worker = async (): Promise<void> => {
      while (left-- > 0) expectValue(await away['store.rewrite'](target));
    };
    await Promise.all(Array.from({length: 64}, worker));
    await away.close();
  });
});

async function waitFor(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error('it did not come about in 15 s');
    await sleep(20);
  }
}

/** Established TCP connections of this machine to the server, from the kernel's own table. */
async function countConnections(address: string, port: number): Promise<number> {
  const hex = address
    .split('.')
    .reverse()
    .map((part) => Number(part).toString(16).padStart(2, '0'))
    .join('')
    .toUpperCase();
  const remote = `${hex}:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const table = await readFile('/proc/self/net/tcp', 'utf8');
  return table.split('\n').filter((line) => line.trim().split(/\s+/)[2] === remote && / 01 /.test(line)).length;
}
