// What every implementation of the server ports must do. A fixture is one node with its kube-apiserver; the cases run in
// order on it, since a server's past is what it is asked about. The titles are assumptions about kube-apiserver.

import {sha256Hex} from '@etcd-encryption/crypto/sha256';
import type {Ports, ServerEvidence} from '@etcd-encryption/rotation';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {expectError, expectValue} from './answers.ts';

export type ServerPorts = Pick<Ports, Extract<keyof Ports, `server.${string}`>>;

export interface ServerFixture {
  readonly ports: ServerPorts;
  readonly hostName: string;
  /** The configuration on the node, and where. */
  readonly configPath: string;
  readonly readFile: () => Promise<Uint8Array>;
  readonly writeFile: (bytes: Uint8Array) => Promise<void>;
  /** Waits until the server has looked at its file once more. */
  readonly waitForPoll: () => Promise<void>;
  /** Makes one new Secret through the server. */
  readonly createSecret: (name: string) => Promise<void>;
  /** Reads it from the store, past every cache. */
  readonly readSecret: (name: string) => Promise<void>;
  readonly stop: () => Promise<void>;
  readonly start: () => Promise<void>;
  readonly removeManifest: () => Promise<void>;
  readonly close?: () => Promise<void>;
}

/** Key names that the fixture's first file has: the first one writes. */
const contractKeys = ['r2-write', 'r1-read'] as const;

/** A file with the contract's keys in the given order; the secrets are no secrets. */
export function contractFile(order: readonly string[] = contractKeys): Uint8Array {
  const keys = order.map((name) => ({name, secret: secretOf(name)}));
  return new TextEncoder().encode(
    JSON.stringify({
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'EncryptionConfiguration',
      resources: [{resources: ['secrets', 'configmaps'], providers: [{aesgcm: {keys}}, {identity: {}}]}],
    }),
  );
}

/** 32 bytes in base64: one letter, 42 times, and a last one that leaves no bit over. */
const secretOf = (name: string): string => `${name.charAt(1).repeat(42)}A=`;

type Case = (fixture: ServerFixture) => Promise<void>;

const evidenceOf = async ({ports}: ServerFixture): Promise<ServerEvidence> =>
  expectValue(await ports['server.evidence']({}));

const cases: Readonly<Record<string, Case>> = {
  'the hash that a server shows after its start is the SHA-256 of the file’s bytes': async (fixture) => {
    const {loadedHash, form} = await evidenceOf(fixture);
    expect([loadedHash, form]).toEqual([sha256Hex(await fixture.readFile()), 'hash']);
  },
  'the identity that a server shows follows from its host name': async (fixture) => {
    const {identityHashes, expectedIdentity, expectedIdentityHash} = await evidenceOf(fixture);
    expect(identityHashes).toEqual([expectedIdentityHash]);
    expect(expectedIdentity).toMatch(/^apiserver-[a-z2-7]{26}$/);
  },
  'a server that runs says since when': async (fixture) => {
    const {processStartMs = 0} = await evidenceOf(fixture);
    expect(processStartMs).toBeGreaterThan(0);
  },
  'before the first reload there are no reloads, failures or their times': async (fixture) => {
    const evidence = await evidenceOf(fixture);
    expect([evidence.reloadSuccesses, evidence.reloadFailures]).toEqual([0, 0]);
    expect([evidence.lastReloadSuccessMs, evidence.lastReloadFailureMs]).toEqual([undefined, undefined]);
  },
  'an unchanged file is no reload': async (fixture) => {
    await fixture.writeFile(await fixture.readFile());
    await fixture.waitForPoll();
    expect((await evidenceOf(fixture)).reloadSuccesses).toBe(0);
  },
  'a new Secret is one encryption under the write key and none under a read key': async (fixture) => {
    const before = await evidenceOf(fixture);
    await fixture.createSecret('contract-one');
    const after = await evidenceOf(fixture);
    expect(grown(before.encryptions, after.encryptions)).toEqual({[contractKeys[0]]: 1});
  },
  'a Secret read from the store is a decryption under the key of its name': async (fixture) => {
    const before = await evidenceOf(fixture);
    await fixture.readSecret('contract-one');
    const after = await evidenceOf(fixture);
    expect(grown(before.decryptions, after.decryptions)[contractKeys[0]] ?? 0).toBeGreaterThanOrEqual(1);
    expect(Object.keys(grown(before.decryptions, after.decryptions))).toEqual([contractKeys[0]]);
  },
  'the hash that a server shows after a reload is the SHA-256 of the new bytes': async (fixture) => {
    const bytes = contractFile([...contractKeys].reverse());
    await fixture.writeFile(bytes);
    await fixture.waitForPoll();
    const {loadedHash, reloadSuccesses, lastReloadSuccessMs = 0} = await evidenceOf(fixture);
    expect([loadedHash, reloadSuccesses]).toEqual([sha256Hex(bytes), 1]);
    expect(lastReloadSuccessMs).toBeGreaterThan(0);
  },
  'after a reload new values are under the new write key': async (fixture) => {
    const before = await evidenceOf(fixture);
    await fixture.createSecret('contract-two');
    const after = await evidenceOf(fixture);
    expect(grown(before.encryptions, after.encryptions)).toEqual({[contractKeys[1]]: 1});
  },
  'a file that is refused raises the failure counter and leaves the hash as it is': async (fixture) => {
    const before = await evidenceOf(fixture);
    const good = await fixture.readFile();
    await fixture.writeFile(new TextEncoder().encode('{"kind": "Nothing"}'));
    await fixture.waitForPoll();
    const after = await evidenceOf(fixture);
    await fixture.writeFile(good);
    expect(after.reloadFailures).toBeGreaterThan(before.reloadFailures);
    expect(after.lastReloadFailureMs ?? 0).toBeGreaterThan(0);
    expect([after.loadedHash, after.reloadSuccesses]).toEqual([before.loadedHash, before.reloadSuccesses]);
  },
  'the manifest tells path, reload, mount, prefix and host name': async (fixture) => {
    const platform = expectValue(await fixture.ports['server.platform']({}));
    expect(platform).toMatchObject({
      configPath: fixture.configPath,
      automaticReload: true,
      mount: 'directory',
      etcdPrefix: '/registry',
      fipsOnly: false,
      hostName: fixture.hostName,
    });
    expect(platform.problem).toBeUndefined();
    expect(platform.address).not.toBe('');
  },
  'a server that is stopped refuses the connection': async (fixture) => {
    await fixture.stop();
    expectError(await fixture.ports['server.evidence']({}), 'unavailable', 'ECONNREFUSED');
    await fixture.start();
  },
  'a server that was started again has a later start, its file’s hash, and counters from nothing': async (fixture) => {
    await fixture.createSecret('contract-three');
    const before = await evidenceOf(fixture);
    await fixture.stop();
    await fixture.start();
    const after = await evidenceOf(fixture);
    expect(after.processStartMs ?? 0).toBeGreaterThan(before.processStartMs ?? 0);
    expect(after.loadedHash).toBe(sha256Hex(await fixture.readFile()));
    expect([after.reloadSuccesses, after.reloadFailures]).toEqual([0, 0]);
    expect(total(after.encryptions)).toBeLessThan(total(before.encryptions));
  },
  'a manifest that is missing is a problem, not a failure': async (fixture) => {
    await fixture.removeManifest();
    const platform = expectValue(await fixture.ports['server.platform']({}));
    expect(platform.problem).toContain('kube-apiserver.yaml');
    expect([platform.configPath, platform.mount]).toEqual([undefined, 'unknown']);
  },
};

type Counts = Readonly<Record<string, number>>;

const total = (counts: Counts): number => Object.values(counts).reduce((sum, count) => sum + count, 0);

/** What was added, by name. */
function grown(before: Counts, after: Counts): Counts {
  const more = Object.entries(after).map(([name, count]) => [name, count - (before[name] ?? 0)] as const);
  return Object.fromEntries(more.filter(([, count]) => count > 0));
}

/** How many cases every implementation runs. */
export const serverContractCases: number = Object.keys(cases).length;

export function serverContract(name: string, make: () => Promise<ServerFixture>): void {
  describe(`server contract: ${name}`, () => {
    let fixture: ServerFixture;
    beforeAll(async () => {
      fixture = await make();
    });
    afterAll(() => fixture?.close?.());
    test.for(Object.entries(cases))('%s', ([, run]) => run(fixture));
  });
}
