// Clusters that had a configuration of their own: what is taken over, when an old key may leave, what stays as it is.

import {AdoptedKey, DataKey, utf8} from '@etcd-encryption/crypto';
import {
  type Block,
  formatEncryptionConfiguration,
  type KmsSettings,
  type Provider,
} from '@etcd-encryption/crypto/encryption-configuration';
import {faultActor} from '@etcd-encryption/host-sim';
import {annotation} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {EngineCluster} from './engine-cluster.ts';

const keyOf = (provider: 'aesgcm' | 'aescbc' | 'secretbox', name: string, seed = 1, length = 32): AdoptedKey =>
  new AdoptedKey({provider, name, key: Uint8Array.from({length}, (_, index) => seed * 40 + index)});

const held = (key: AdoptedKey): Provider => ({kind: key.provider, keys: [key]});
const clear: Provider = {kind: 'identity'};
const both = ['secrets', 'configmaps'];
const fileOf = (...blocks: readonly Block[]): Uint8Array => formatEncryptionConfiguration({blocks});
const tagOf = (key: AdoptedKey): string => `${key.provider}/${key.name}/${key.checkValue}`;

const key1 = keyOf('aescbc', 'key1');
const cbcFile = fileOf({resources: both, providers: [held(key1), clear]});
const soon = {retention: {revisions: 8, minAge: '0s'}};

/** Files of all nodes hold a key. */
const holds = (cluster: EngineCluster, key: AdoptedKey): readonly boolean[] =>
  cluster.simulation.cluster.nodes.map(
    ({file}) => file.state === 'loadable' && file.transformers.all.some(({name}) => name === key.name),
  );

function expectUnnoticed({simulation: {users}}: EngineCluster): void {
  expect(users.failures).toEqual([]);
  expect(users.verifyAll()).toBe(true);
}

describe('an aescbc key1 on every node', () => {
  for (const etcd of [true, false]) {
    test(`${etcd ? 'etcd readable' : 'etcd out of reach'} ⇒ kept until drop-adopted is said, then gone after its certificate`, () => {
      const cluster = new EngineCluster({simulation: {file: cbcFile}, spec: soon, etcd});
      cluster.complete(1);
      cluster.simulation.runFor(1_800_000);
      expect(cluster.said).toContain('key1 stay until drop-adopted is said');
      expect(holds(cluster, key1)).toEqual([true, true, true]);
      cluster.annotate('ring', annotation.dropAdopted, key1.checkValue.slice(0, 8));
      let compacted: number | undefined;
      cluster.until('the key has left the ring', () => {
        const [proof] = cluster.ring.clean;
        const {certificates} = cluster.ring;
        if (proof !== undefined && cluster.simulation.cluster.etcd.compactedRevision >= Number(proof.revision))
          compacted ??= cluster.simulation.nowMs;
        return certificates.length > 0;
      });
      expect(compacted).toBeLessThanOrEqual(cluster.simulation.nowMs);
      const [certificate] = cluster.ring.certificates;
      expect(certificate).toMatchObject({
        key: tagOf(key1),
        check: key1.checkValue,
        compactedBy: etcd ? 'etcd' : 'events-410',
      });
      expect(certificate?.cleanBy).toMatch(etcd ? /^scan-/ : /^pass-/);
      cluster.until('no file holds it', () => !holds(cluster, key1).includes(true));
      cluster.simulation.runFor(600_000);
      expect(holds(cluster, key1)).toEqual([false, false, false]);
      expect(cluster.ring.keys.map(({revision}) => revision)).toEqual([1]);
      expectUnnoticed(cluster);
    });
  }

  test('a value under it is found again after it was dropped ⇒ it comes back from the history, into every file', () => {
    const cluster = new EngineCluster({simulation: {file: cbcFile, realCrypto: true, nodes: 2}, spec: soon});
    cluster.complete(1);
    cluster.annotate('ring', annotation.dropAdopted, 'all');
    cluster.until('no file holds it', () => !holds(cluster, key1).includes(true));
    const {cluster: world} = cluster.simulation;
    world.plantAt('/registry/secrets/default/late', utf8('k8s:enc:aescbc:v1:key1:0123456789abcdef0123456789abcdef'));
    cluster.annotate('config', annotation.rotate, 'a drill');
    cluster.until('it is back', () => !holds(cluster, key1).includes(false));
    expect(cluster.ring.certificates).toEqual([]);
  });
});

describe('other keys', () => {
  test('secretbox, aesgcm of 16 bytes, names with a colon ⇒ taken over, everything under r1', () => {
    const box = keyOf('secretbox', 'box:2020', 2);
    const short = keyOf('aesgcm', 'a:b:c', 3, 16);
    const file = fileOf(
      {resources: ['secrets'], providers: [held(box), clear]},
      {resources: ['configmaps'], providers: [held(short), clear]},
    );
    const cluster = new EngineCluster({simulation: {file, realCrypto: true, objects: {secrets: 6, configmaps: 4}}});
    cluster.complete(1);
    expect(cluster.ring.keys.map(({name}) => name).slice(1)).toEqual(['a:b:c', 'box:2020']);
    expectUnnoticed(cluster);
  });

  test('a key with a name of our form ⇒ the first revision is above it', () => {
    const old = new DataKey({revision: 7, key: new Uint8Array(32).map((_, index) => index)});
    const file = fileOf({resources: both, providers: [{kind: 'aesgcm', keys: [old]}, clear]});
    const cluster = new EngineCluster({simulation: {file}});
    cluster.complete(8);
    expectUnnoticed(cluster);
  });
});

describe('what the spec does not list', () => {
  test('a resource that the file encrypts ⇒ its block stays word for word and is named, its key stays after drop-adopted', () => {
    const file = fileOf(
      {resources: ['secrets'], providers: [held(key1), clear]},
      {resources: ['configmaps'], providers: [held(key1), held(keyOf('secretbox', 'spare', 4)), clear]},
    );
    const cluster = new EngineCluster({simulation: {file}, spec: {resources: ['secrets'], ...soon}});
    cluster.complete(1);
    cluster.annotate('ring', annotation.dropAdopted, 'all');
    cluster.simulation.runFor(1_800_000);
    expect(cluster.said).toContain('configmaps: encrypted by the adopted file, not listed in spec.resources');
    for (const {file: view} of cluster.simulation.cluster.nodes) {
      if (view.state !== 'loadable') throw new Error(`file: expected a loadable one, got ${view.state}`);
      expect(view.transformers.of('configmaps').map(({name}) => name)).toEqual(['key1', 'spare', '']);
      expect(view.transformers.of('secrets').map(({name}) => name)).toContain('key1');
    }
    expectUnnoticed(cluster);
  });

  test('a KMS provider writes ⇒ it waits with KMSWriteProvider, and no file changes', () => {
    const verbatim: KmsSettings = {apiVersion: 'v2', name: 'vault', endpoint: 'unix:///run/kms.sock', timeout: '3s'};
    const file = fileOf({resources: both, providers: [{kind: 'kms', verbatim}, held(key1), clear]});
    const cluster = new EngineCluster({simulation: {file}});
    const hashes = (): readonly unknown[] =>
      cluster.simulation.cluster.nodes.map(({file: view}) => view.state === 'loadable' && view.hash);
    const before = hashes();
    cluster.until('it is said', () => cluster.said.includes('KMSWriteProvider'));
    cluster.simulation.runFor(3_600_000);
    expect(hashes()).toEqual(before);
    expect(cluster.ring.minting).toBeUndefined();
    expect(cluster.ring.keys.map(({name}) => name)).toEqual(['key1']);
    cluster.setSpec({adoption: {replaceKMS: true}});
    cluster.complete(1);
    for (const {file: view} of cluster.simulation.cluster.nodes) {
      if (view.state !== 'loadable') throw new Error(`file: expected a loadable one, got ${view.state}`);
      expect(view.transformers.of('secrets').map(({kind}) => kind)).toEqual(['aesgcm', 'aescbc', 'kms', 'identity']);
    }
    expectUnnoticed(cluster);
  });
});

describe('wildcards', () => {
  /** Live tags of secrets and configmaps at every event until the first rotation is complete. */
  function tagsUntilComplete(cluster: EngineCluster): readonly string[] {
    const tags = new Set<string>();
    cluster.until('complete', () => {
      for (const resource of both)
        for (const [tag, {live}] of cluster.simulation.cluster.need.of(resource)) if (live > 0) tags.add(tag);
      return cluster.ring?.history.length === 1;
    });
    return [...tags];
  }

  test.each([
    {file: ['*.'], spec: both},
    {file: both, spec: ['*.']},
    {file: ['*.*'], spec: both},
  ])('the file encrypts $file, the spec lists $spec ⇒ nothing is written in clear on the way', ({file, spec}) => {
    const ours = {resources: ['*.cluster.alauda.io'], providers: [clear]};
    const blocks = [ours, {resources: file, providers: [held(key1), clear]}];
    const cluster = new EngineCluster({simulation: {file: fileOf(...blocks)}, spec: {resources: spec}});
    expect(tagsUntilComplete(cluster)).not.toContain('clear');
    expectUnnoticed(cluster);
  });
});

describe('nodes whose key1 differ', () => {
  const keys = [key1, keyOf('aescbc', 'key1', 2), keyOf('aescbc', 'key1', 3)];
  const files = keys.map((key) => fileOf({resources: both, providers: [held(key), clear]}));

  /** Three servers that were each given a key of their own before any value was written. */
  function differing(etcd: boolean): EngineCluster {
    const simulation = {file: cbcFile, objects: {}, users: {writesPerSecond: 0, readsPerSecond: 0}};
    const cluster = new EngineCluster({simulation, etcd});
    for (const [index, node] of cluster.simulation.cluster.nodes.entries()) {
      const bytes = files[index];
      if (bytes === undefined) continue;
      expect(node.disk.write(node.path, bytes, false, faultActor).ok).toBe(true);
    }
    return cluster;
  }

  test('no node reads etcd ⇒ the union waits for a word, and goes out after it', () => {
    const cluster = differing(false);
    cluster.until('it is said', () => cluster.said.includes('AdoptedNamesCollide'));
    cluster.simulation.runFor(600_000);
    expect(cluster.ring.layout.resources).toEqual([]);
    cluster.annotate('ring', annotation.acceptAmbiguous, 'yes');
    cluster.complete(1);
    expect(cluster.ring.keys.filter(({name}) => name === 'key1')).toHaveLength(3);
  });
});
