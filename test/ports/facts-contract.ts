// Assumptions about kube-apiserver and etcd that the rotation rests on, as cases over the ports. The real control plane
// and the simulated one run the same sentences; the cases run in order on one server.

import type {Ports, ResourceType, StoredObject} from '@etcd-encryption/rotation';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {expectError, expectValue} from './answers.ts';
import {contractFile, contractKeys} from './server-contract.ts';

type Needed = 'store.create' | 'store.get' | 'store.list' | 'store.rewrite' | 'server.evidence' | 'etcd.scan';

export interface FactsFixture {
  readonly ports: Pick<Ports, Needed>;
  /** Replaces the encryption configuration, which holds `contractFile()` at first, by a rename. */
  readonly writeFile: (bytes: Uint8Array) => Promise<void>;
  readonly waitForPoll: () => Promise<void>;
  /** Compacts etcd's history at a revision. */
  readonly compact: (revision: number) => Promise<void>;
  /** Puts a value into etcd past the server. */
  readonly put: (key: string, value: Uint8Array) => Promise<number>;
  readonly remove: (key: string) => Promise<void>;
  /** Whether `/readyz` says ok. */
  readonly isReady: () => Promise<boolean>;
  readonly stop: () => Promise<void>;
  /** Rejects when the server does not become ready. */
  readonly start: () => Promise<void>;
  readonly close?: () => Promise<void>;
}

const secrets: ResourceType = {group: '', version: 'v1', plural: 'secrets', kind: 'Secret', namespaced: true};
const events: ResourceType = {group: '', version: 'v1', plural: 'events', kind: 'Event', namespaced: true};

const [newer, older] = contractKeys;
/** The contract's file has `newer` first; this one has it second. */
const olderFirst = contractFile([older, newer]);
const newerFirst = contractFile([newer, older]);

type Case = (fixture: FactsFixture) => Promise<void>;

async function createSecret({ports}: FactsFixture, name: string): Promise<StoredObject> {
  const object = {apiVersion: 'v1', kind: 'Secret', metadata: {name, namespace: 'default'}, stringData: {a: 'b'}};
  return expectValue(await ports['store.create']({resource: secrets, object}));
}

async function get({ports}: FactsFixture, name: string): Promise<StoredObject> {
  const object = expectValue(await ports['store.get']({resource: secrets, namespace: 'default', name}));
  if (object === undefined) throw new Error(`expected Secret ${name}`);
  return object;
}

async function rewrite({ports}: FactsFixture, object: StoredObject): Promise<string> {
  const {name, uid = '', resourceVersion = ''} = object.metadata;
  const address = {resource: secrets, namespace: 'default', name};
  return expectValue(await ports['store.rewrite']({...address, uid, resourceVersion})).resourceVersion;
}

async function load(fixture: FactsFixture, bytes: Uint8Array): Promise<void> {
  await fixture.writeFile(bytes);
  await fixture.waitForPoll();
}

/** The first bytes of a Secret's stored value, up to the end of the key name. */
async function storedUnder({ports}: FactsFixture, name: string): Promise<string> {
  const prefix = `/registry/secrets/default/${name}`;
  const [entry] = expectValue(await ports['etcd.scan']({prefix, limit: 1, headBytes: 64})).entries;
  const text = Buffer.from(entry?.head ?? []).toString('latin1');
  return text.split(':').slice(0, 5).join(':');
}

const stored = (key: string): string => `k8s:enc:aesgcm:v1:${key}`;

const cases: Readonly<Record<string, Case>> = {
  'a new value stands under the write key, whose name is in front of it in clear': async (fixture) => {
    await createSecret(fixture, 'facts-a');
    expect(await storedUnder(fixture, 'facts-a')).toBe(stored(newer));
  },
  'an unchanged object under the write key keeps its resourceVersion when it is rewritten': async (fixture) => {
    const before = await get(fixture, 'facts-a');
    expect(await rewrite(fixture, before)).toBe(before.metadata.resourceVersion);
  },
  'an unchanged object under an older key gets a new resourceVersion when it is rewritten': async (fixture) => {
    await load(fixture, olderFirst);
    await createSecret(fixture, 'facts-b');
    await load(fixture, newerFirst);
    const before = await get(fixture, 'facts-b');
    expect(await storedUnder(fixture, 'facts-b')).toBe(stored(older));
    expect(await rewrite(fixture, before)).not.toBe(before.metadata.resourceVersion);
    expect(await storedUnder(fixture, 'facts-b')).toBe(stored(newer));
  },
  'a rewrite changes nothing of an object but its resourceVersion': async (fixture) => {
    await load(fixture, olderFirst);
    await createSecret(fixture, 'facts-c');
    await load(fixture, newerFirst);
    const before = await get(fixture, 'facts-c');
    await rewrite(fixture, before);
    const after = await get(fixture, 'facts-c');
    expect(withoutVersion(after)).toEqual(withoutVersion(before));
  },
  'a rewrite through a server that writes with an older key goes back to that key': async (fixture) => {
    await load(fixture, olderFirst);
    const before = await get(fixture, 'facts-b');
    expect(await rewrite(fixture, before)).not.toBe(before.metadata.resourceVersion);
    expect(await storedUnder(fixture, 'facts-b')).toBe(stored(older));
    await load(fixture, newerFirst);
  },
  'a list of events at a compacted revision is gone': async (fixture) => {
    const atRevision = (await createSecret(fixture, 'facts-d')).metadata.resourceVersion ?? '';
    const list = {resource: events, limit: 1, atRevision};
    expectValue(await fixture.ports['store.list'](list));
    await createSecret(fixture, 'facts-e');
    const newest = (await createSecret(fixture, 'facts-f')).metadata.resourceVersion ?? '';
    await fixture.compact(Number(newest));
    expectError(await fixture.ports['store.list'](list), 'gone');
  },
  'a list of events at exactly the compacted revision is still answered': async (fixture) => {
    const atRevision = (await createSecret(fixture, 'facts-g')).metadata.resourceVersion ?? '';
    await createSecret(fixture, 'facts-h');
    await fixture.compact(Number(atRevision));
    expectValue(await fixture.ports['store.list']({resource: events, limit: 1, atRevision}));
  },
  'a server that refuses a file stays ready and goes on with its old keys': async (fixture) => {
    const before = expectValue(await fixture.ports['server.evidence']({}));
    await load(fixture, refusedFile);
    expect(await fixture.isReady()).toBe(true);
    await createSecret(fixture, 'facts-i');
    expect(await storedUnder(fixture, 'facts-i')).toBe(stored(newer));
    expect(expectValue(await fixture.ports['server.evidence']({})).loadedHash).toBe(before.loadedHash);
  },
  'a file that a running server refuses is fatal at its next start': async (fixture) => {
    await fixture.stop();
    await expect(fixture.start()).rejects.toThrow();
    await fixture.writeFile(newerFirst);
    await fixture.start();
    expect(await fixture.isReady()).toBe(true);
  },
  'one value that no key opens fails the list of its whole resource': async (fixture) => {
    const broken = '/registry/secrets/default/facts-broken';
    await fixture.put(broken, Buffer.from(`${stored('r0-lost')}:${'x'.repeat(60)}`, 'latin1'));
    const list = await fixture.ports['store.list']({resource: secrets, limit: 500});
    await fixture.remove(broken);
    expect(list.ok).toBe(false);
  },
};

const refusedFile = new TextEncoder().encode('{"kind": "Nothing"}');

function withoutVersion(object: StoredObject): unknown {
  const {resourceVersion: _, managedFields: __, ...metadata} = object.metadata as unknown as Record<string, unknown>;
  return {...object, metadata};
}

/** How many cases every implementation runs. */
export const factsContractCases: number = Object.keys(cases).length;

export function factsContract(name: string, make: () => Promise<FactsFixture>): void {
  describe(`facts: ${name}`, () => {
    let fixture: FactsFixture;
    beforeAll(async () => {
      fixture = await make();
    });
    afterAll(() => fixture?.close?.());
    test.for(Object.entries(cases))('%s', ([, run]) => run(fixture));
  });
}
