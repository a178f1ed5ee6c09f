// `preflight` on a node's folder without any API, and on an API that answers what a test says.

import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {adoptKey, toBase64} from '@etcd-encryption/crypto';
import {ok} from '@etcd-encryption/rotation';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import type {OpenCluster} from '../../cli/src/cluster-client.ts';
import {UnreachableError, UsageError} from '../../cli/src/verb.ts';
import {preflightVerb} from '../../cli/src/verbs/preflight.ts';
import {runVerb} from './command.ts';
import {installed} from './simulated-cluster.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'preflight-'));
});
afterEach(() => rmSync(root, {recursive: true}));

function put(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), {recursive: true});
  writeFileSync(join(root, path), text, {mode: 0o600});
}

interface Manifest {
  readonly flags?: readonly string[];
  readonly mountPath?: string;
  readonly type?: string;
  readonly godebug?: string;
}

const file = '/etc/kubernetes/encryption-provider.conf';
const goodFlags = [
  `--encryption-provider-config=${file}`,
  '--encryption-provider-config-automatic-reload=true',
  '--advertise-address=10.0.0.1',
];

function manifest({
  flags = goodFlags,
  mountPath = '/etc/kubernetes',
  type = 'Directory',
  godebug,
}: Manifest = {}): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {name: 'kube-apiserver', namespace: 'kube-system'},
    spec: {
      containers: [
        {
          name: 'kube-apiserver',
          command: ['kube-apiserver', ...flags],
          env: godebug === undefined ? [] : [{name: 'GODEBUG', value: godebug}],
          volumeMounts: [{name: 'k8s', mountPath}],
        },
      ],
      volumes: [{name: 'k8s', hostPath: {path: mountPath, type}}],
    },
  });
}

const key = adoptKey({provider: 'aescbc', name: 'key1', key: Uint8Array.from({length: 32}, (_, index) => index)});
const secret = key.secret.withBytes(toBase64);
const configuration = (provider: unknown): string =>
  JSON.stringify({
    kind: 'EncryptionConfiguration',
    apiVersion: 'apiserver.config.k8s.io/v1',
    resources: [{resources: ['secrets'], providers: [provider, {identity: {}}]}],
  });
const adopted = configuration({aescbc: {keys: [{name: 'key1', secret}]}});

const noCluster: OpenCluster = () => {
  throw new UnreachableError('no cluster here');
};
const onNode = () => runVerb(preflightVerb(noCluster), '--node-root', root, '--node-name', 'node-1');

describe('a node alone', () => {
  test('all is well ⇒ no red line, exit code 0; what was not looked at is said, and what a rotation would do', async () => {
    put('/etc/kubernetes/manifests/kube-apiserver.yaml', manifest());
    put(file, adopted);
    const {code, out} = await onNode();
    expect(code).toBe(0);
    expect(out).not.toMatch(/^red/m);
    expect(out).toMatch(/^not seen +api +no cluster here$/m);
    expect(out).toMatch(/^not seen +etcd +stored values: .*--etcd-servers is missing$/m);
    expect(out).toMatch(/^fine +node-1 +flags, automatic reload, directory mount of \S+, etcd prefix \/registry$/m);
    expect(out).toMatch(/^fine +node-1 +\S+ loads; it writes secrets with key1 \(aescbc\)$/m);
    expect(out).toMatch(/^1\. take over key1 \(aescbc\): kept until none of their values is left$/m);
    expect(out).toMatch(/^3\. .*: until then secrets with key1, configmaps in clear$/m);
    expect(out).not.toContain(secret);
    expect(out).not.toContain(key.checkValue.slice(0, 8));
  });

  test.each<[string, Manifest, RegExp]>([
    ['no flag', {flags: ['--advertise-address=10.0.0.1']}, /has no --encryption-provider-config$/],
    ['no reload', {flags: goodFlags.filter((flag) => !flag.includes('reload'))}, /automatic-reload=true$/],
    ['a single file', {mountPath: file, type: 'File'}, /mounted as a single file/],
    [
      'another path',
      {flags: [...goodFlags, '--encryption-provider-config=/etc/kubernetes/other.conf']},
      /reads \/etc\/kubernetes\/other\.conf, not/,
    ],
    ['FIPS only', {godebug: 'fips140=only'}, /FIPS-only cryptography/],
  ])('%s ⇒ a red line first, exit code 1', async (_, options, message) => {
    put('/etc/kubernetes/manifests/kube-apiserver.yaml', manifest(options));
    put(file, adopted);
    const {code, out} = await onNode();
    expect(code).toBe(1);
    const [line = ''] = out.split('\n');
    expect(line).toMatch(/^red +node-1 /);
    expect(line).toMatch(message);
  });

  test('a file that would not load, a KMS plugin that writes, another owner ⇒ red', async () => {
    put('/etc/kubernetes/manifests/kube-apiserver.yaml', manifest());
    put(file, '{"kind": "EncryptionConfiguration"}');
    expect((await onNode()).out).toMatch(/^red +node-1 +\S+: kube-apiserver would not load it: /m);
    put(file, configuration({kms: {apiVersion: 'v2', name: 'vault', endpoint: 'unix:///run/kms.sock'}}));
    mkdirSync(join(root, 'etc/rancher/k3s'), {recursive: true});
    const {code, out} = await onNode();
    expect(code).toBe(1);
    expect(out).toMatch(
      /^red +node-1 +a KMS plugin writes secrets; only spec\.adoption\.replaceKMS: true replaces it$/m,
    );
    expect(out).toMatch(/^red +node-1 +k3s owns the encryption configuration \(\/etc\/rancher\/k3s\)/m);
  });

  test('no manifest ⇒ it is said, not guessed', async () => {
    const {out} = await onNode();
    expect(out).toMatch(/^warning +node-1 +\S+kube-apiserver\.yaml is missing$/m);
    expect(out).toMatch(/^warning +node-1 +there is no \/etc\/kubernetes\/encryption-provider\.conf/m);
  });

  test('neither node nor cluster ⇒ exit code 4; a node’s name without its folder ⇒ usage error', async () => {
    expect((await runVerb(preflightVerb(noCluster))).code).toBe(4);
    expect((await runVerb(preflightVerb(noCluster), '--node-name', 'a')).error).toBeInstanceOf(UsageError);
  });
});

describe('a cluster alone', () => {
  interface Api {
    readonly version?: string;
    readonly allowed?: (verb: string, resource: string) => boolean;
    readonly group?: string;
  }

  function withApi({version = '1.37.2', allowed = () => true, group}: Api = {}): {
    readonly open: OpenCluster;
    readonly methods: string[];
  } {
    const cluster = installed({}, {config: false});
    const methods: string[] = [];
    const open: OpenCluster = (input) => {
      const client = cluster.open(input);
      const answered = (status: number, value: unknown) =>
        ({outcome: 'answered', status, contentType: 'application/json', text: JSON.stringify(value)}) as const;
      return {
        ...client,
        request: async ({method, path, body = ''}) => {
          methods.push(`${method} ${path}`);
          const [major, minor] = version.split('.');
          if (path === '/version') return answered(200, {major, minor, gitVersion: `v${version}`});
          if (path.endsWith('/selfsubjectaccessreviews')) {
            const {verb, resource} = JSON.parse(body).spec.resourceAttributes ?? {verb: 'get', resource: '/metrics'};
            return answered(201, {status: {allowed: allowed(verb, resource)}});
          }
          return answered(path === `/apis/${group}` ? 200 : 404, {});
        },
      };
    };
    return {open, methods};
  }

  test('a fit one ⇒ no red line, exit code 0, and only reviews are posted', async () => {
    const {open, methods} = withApi();
    const {code, out} = await runVerb(preflightVerb(open));
    expect(code, out).toBe(0);
    expect(out).toMatch(/^fine +version +Kubernetes v1\.37\.2; its servers show the hash/m);
    expect(out).toMatch(/^fine +permissions +this account may do all 32 things/m);
    expect(out).toMatch(/^fine +definitions +our kinds are installed with every field$/m);
    expect(out).toMatch(/^fine +values +20 secrets, 10 configmaps can be listed$/m);
    expect(out).toMatch(/^not seen +node +files, mounts and stored values: /m);
    expect(out).toMatch(/^4\. rewrite 20 secrets and 10 configmaps/m);
    for (const method of methods) expect(method).toMatch(/^GET |^POST .*selfsubjectaccessreviews$/);
  });

  test.each<[string, Api, RegExp]>([
    ['1.26', {version: '1.26.9'}, /^red +version +.*1\.27 or later is needed$/m],
    ['1.28', {version: '1.28.4'}, /^warning +version +.*before 1\.29/m],
    ['1.30', {version: '1.30.1'}, /^fine +version +.*before 1\.34 a load is known by counters/m],
    ['k3s', {version: '1.31.1+k3s1'}, /^red +platform +k3s owns the encryption configuration/m],
    ['EKS', {version: '1.31.1-eks-7f9249a'}, /^red +platform +Amazon EKS/m],
    ['OpenShift', {group: 'config.openshift.io'}, /^red +platform +OpenShift/m],
  ])('%s ⇒ said', async (_, api, line) => {
    const {out} = await runVerb(preflightVerb(withApi(api).open));
    expect(out).toMatch(line);
  });

  test('a right that is missing ⇒ red, by verb and resource, exit code 1', async () => {
    const {open} = withApi({allowed: (verb, resource) => !(verb === 'patch' && resource === 'secrets')});
    const {code, out} = await runVerb(preflightVerb(open), '-o', 'json');
    expect(code).toBe(1);
    const {ready, findings} = JSON.parse(out);
    expect(ready).toBe(false);
    expect(findings[0]).toEqual({
      level: 'red',
      about: 'permissions',
      message: 'this account may not, and so cannot let controller and agent: patch secrets',
    });
  });

  test('a value that no server can read ⇒ the list of its resource fails, red', async () => {
    const {open} = withApi();
    const broken: OpenCluster = (input) => {
      const client = open(input);
      const list: (typeof client.store)['store.list'] = async (args) =>
        args.resource.plural === 'secrets'
          ? {
              ok: false,
              error: {
                code: 'unavailable',
                reason: 'InternalError',
                message: 'unable to transform key "/registry/secrets/a/b"',
              },
            }
          : client.store['store.list'](args);
      return {...client, store: {...client.store, 'store.list': list}};
    };
    const {code, out} = await runVerb(preflightVerb(broken));
    expect(code).toBe(1);
    expect(out).toMatch(/^red +values +secrets cannot be listed: unable to transform key/m);
  });

  test('no server keeps an identity lease ⇒ red, and the feature is named', async () => {
    const {open} = withApi();
    const nameless: OpenCluster = (input) => {
      const client = open(input);
      const list: (typeof client.store)['store.list'] = async (args) =>
        args.resource.plural === 'leases' ? ok({items: [], resourceVersion: '1'}) : client.store['store.list'](args);
      return {...client, store: {...client.store, 'store.list': list}};
    };
    const {code, out} = await runVerb(preflightVerb(nameless));
    expect(code).toBe(1);
    expect(out).toMatch(/^red +servers +none keeps an identity lease.*; switch feature APIServerIdentity on/m);
  });

  test('kinds that are not installed ⇒ how to install them', async () => {
    const {open} = withApi();
    const bare: OpenCluster = (input) => {
      const client = open(input);
      const get: (typeof client.store)['store.get'] = async (address) =>
        address.resource.plural === 'customresourcedefinitions' ? ok(undefined) : client.store['store.get'](address);
      return {...client, store: {...client.store, 'store.get': get}};
    };
    expect((await runVerb(preflightVerb(bare))).out).toMatch(/^warning +definitions +our kinds are not installed yet/m);
  });
});
