// What every implementation of the etcd ports must do. A fixture is one store that the cases share; each case writes
// below a prefix of its own, so that no case sees another's keys.

import type {Ports} from '@etcd-encryption/rotation';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {expectError, expectValue} from './answers.ts';

export type EtcdPorts = Pick<Ports, Extract<keyof Ports, `etcd.${string}`>>;

export interface EtcdFixture {
  readonly ports: EtcdPorts;
  /** Writes a value and answers the revision of the write. */
  readonly put: (key: string, value: Uint8Array) => Promise<number>;
  readonly remove: (key: string) => Promise<void>;
  /** Compacts history at a revision. */
  readonly compact: (revision: number) => Promise<void>;
  readonly close?: () => Promise<void>;
}

type Case = (fixture: EtcdFixture, prefix: string) => Promise<void>;

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (head: Uint8Array): string => new TextDecoder().decode(head);

const scanning: Readonly<Record<string, Case>> = {
  'an empty prefix range ⇒ no entries, no next key, a revision': async ({ports}, prefix) => {
    const page = expectValue(await ports['etcd.scan']({prefix, limit: 10, headBytes: 16}));
    expect(page).toMatchObject({entries: []});
    expect(page.nextKey).toBeUndefined();
    expect(page.revision).toBeGreaterThan(0);
  },
  'three values ⇒ in key order, whatever order they were written in': async ({ports, put}, prefix) => {
    for (const name of ['b', 'c', 'a']) await put(prefix + name, bytes(name));
    const page = expectValue(await ports['etcd.scan']({prefix, limit: 10, headBytes: 16}));
    expect(page.entries.map(({key}) => key)).toEqual([`${prefix}a`, `${prefix}b`, `${prefix}c`]);
    expect(page.entries.map(({head}) => text(head))).toEqual(['a', 'b', 'c']);
  },
  'a value longer than the head ⇒ cut, its size is whole': async ({ports, put}, prefix) => {
    await put(`${prefix}a`, bytes('k8s:enc:aesgcm:v1:r1:rest'));
    const [entry] = expectValue(await ports['etcd.scan']({prefix, limit: 1, headBytes: 8})).entries;
    expect([text(entry?.head ?? new Uint8Array()), entry?.size]).toEqual(['k8s:enc:', 25]);
  },
  'a value shorter than the head ⇒ whole': async ({ports, put}, prefix) => {
    await put(`${prefix}a`, bytes('short'));
    const [entry] = expectValue(await ports['etcd.scan']({prefix, limit: 1, headBytes: 256})).entries;
    expect([text(entry?.head ?? new Uint8Array()), entry?.size]).toEqual(['short', 5]);
  },
  'all bytes are asked for ⇒ every byte value comes back': async ({ports, put}, prefix) => {
    const all = Uint8Array.from({length: 256}, (_, value) => value);
    await put(`${prefix}a`, all);
    const [entry] = expectValue(await ports['etcd.scan']({prefix, limit: 1, headBytes: 'all'})).entries;
    expect(entry?.head).toEqual(all);
  },
  'a value is written ⇒ its revision is the entry’s': async ({ports, put}, prefix) => {
    const revision = await put(`${prefix}a`, bytes('a'));
    const page = expectValue(await ports['etcd.scan']({prefix, limit: 1, headBytes: 1}));
    expect(page.entries[0]?.modRevision).toBe(revision);
    expect(page.revision).toBeGreaterThanOrEqual(revision);
  },
  'a value is written again ⇒ one entry, the newer value and revision': async ({ports, put}, prefix) => {
    const first = await put(`${prefix}a`, bytes('old'));
    const second = await put(`${prefix}a`, bytes('new'));
    const {entries} = expectValue(await ports['etcd.scan']({prefix, limit: 10, headBytes: 3}));
    expect(second).toBeGreaterThan(first);
    expect(entries.map(({head, modRevision}) => [text(head), modRevision])).toEqual([['new', second]]);
  },
  'a value is removed ⇒ no entry': async ({ports, put, remove}, prefix) => {
    await put(`${prefix}a`, bytes('a'));
    await remove(`${prefix}a`);
    expect(expectValue(await ports['etcd.scan']({prefix, limit: 10, headBytes: 1})).entries).toEqual([]);
  },
  'a prefix that another prefix begins with ⇒ not mixed': async ({ports, put}, prefix) => {
    await put(`${prefix}secrets/a`, bytes('a'));
    await put(`${prefix}secrets.example/b`, bytes('b'));
    const {entries} = expectValue(await ports['etcd.scan']({prefix: `${prefix}secrets/`, limit: 10, headBytes: 1}));
    expect(entries.map(({key}) => key)).toEqual([`${prefix}secrets/a`]);
  },
  'more values than the limit ⇒ pages that hold each exactly once': async ({ports, put}, prefix) => {
    const names = Array.from({length: 25}, (_, index) => `${prefix}${String(index).padStart(3, '0')}`);
    for (const name of names) await put(name, bytes(name));
    const seen: string[] = [];
    let startKey: string | undefined;
    do {
      const page = expectValue(
        await ports['etcd.scan']({prefix, limit: 10, headBytes: 1, ...(startKey === undefined ? {} : {startKey})}),
      );
      expect(page.entries.length).toBeLessThanOrEqual(10);
      seen.push(...page.entries.map(({key}) => key));
      startKey = page.nextKey;
    } while (startKey !== undefined);
    expect(seen).toEqual(names);
  },
  'exactly as many values as the limit ⇒ no next key': async ({ports, put}, prefix) => {
    for (const name of ['a', 'b']) await put(prefix + name, bytes(name));
    expect(expectValue(await ports['etcd.scan']({prefix, limit: 2, headBytes: 1})).nextKey).toBeUndefined();
  },
  'values are written between two pages ⇒ the later page is newer and shows them': async ({ports, put}, prefix) => {
    for (const name of ['a', 'b']) await put(prefix + name, bytes(name));
    const first = expectValue(await ports['etcd.scan']({prefix, limit: 1, headBytes: 1}));
    await put(`${prefix}c`, bytes('c'));
    const startKey = first.nextKey ?? '';
    const second = expectValue(await ports['etcd.scan']({prefix, startKey, limit: 10, headBytes: 1}));
    expect(second.entries.map(({key}) => key)).toEqual([`${prefix}b`, `${prefix}c`]);
    expect(second.revision).toBeGreaterThan(first.revision);
  },
  'a start key before the prefix ⇒ the prefix alone': async ({ports, put}, prefix) => {
    await put(`${prefix}a`, bytes('a'));
    const page = expectValue(await ports['etcd.scan']({prefix, startKey: '/', limit: 10, headBytes: 1}));
    expect(page.entries.map(({key}) => key)).toEqual([`${prefix}a`]);
  },
  'a limit of nothing ⇒ invalid': async ({ports}, prefix) => {
    expectError(await ports['etcd.scan']({prefix, limit: 0, headBytes: 1}), 'invalid');
  },
  'the reader changes a head ⇒ the store is not changed': async ({ports, put}, prefix) => {
    await put(`${prefix}a`, bytes('value'));
    expectValue(await ports['etcd.scan']({prefix, limit: 1, headBytes: 'all'})).entries[0]?.head.fill(0);
    const [entry] = expectValue(await ports['etcd.scan']({prefix, limit: 1, headBytes: 'all'})).entries;
    expect(text(entry?.head ?? new Uint8Array())).toBe('value');
  },
};

const compacting: Readonly<Record<string, Case>> = {
  'the newest revision ⇒ not compacted': async ({ports, put}, prefix) => {
    const revision = await put(`${prefix}a`, bytes('a'));
    expect(expectValue(await ports['etcd.isCompacted']({revision}))).toBe(false);
  },
  'a revision still to come ⇒ not compacted': async ({ports, put}, prefix) => {
    const revision = await put(`${prefix}a`, bytes('a'));
    expect(expectValue(await ports['etcd.isCompacted']({revision: revision + 1_000_000}))).toBe(false);
  },
  'a revision before a compaction ⇒ compacted': async ({ports, put, compact}, prefix) => {
    const old = await put(`${prefix}a`, bytes('a'));
    await put(`${prefix}a`, bytes('b'));
    await compact(await put(`${prefix}a`, bytes('c')));
    expect(expectValue(await ports['etcd.isCompacted']({revision: old}))).toBe(true);
  },
  'exactly the compacted revision ⇒ still readable, so not compacted': async ({ports, put, compact}, prefix) => {
    const revision = await put(`${prefix}a`, bytes('a'));
    await put(`${prefix}a`, bytes('b'));
    await compact(revision);
    expect(expectValue(await ports['etcd.isCompacted']({revision}))).toBe(false);
    expect(expectValue(await ports['etcd.isCompacted']({revision: revision - 1}))).toBe(true);
  },
  'history is compacted ⇒ the newest values are all there': async ({ports, put, compact}, prefix) => {
    for (const name of ['a', 'b']) await put(prefix + name, bytes(name));
    await compact(await put(`${prefix}a`, bytes('A')));
    const {entries} = expectValue(await ports['etcd.scan']({prefix, limit: 10, headBytes: 1}));
    expect(entries.map(({head}) => text(head))).toEqual(['A', 'b']);
  },
  'a revision that is none ⇒ invalid': async ({ports}) => {
    expectError(await ports['etcd.isCompacted']({revision: 0}), 'invalid');
    expectError(await ports['etcd.isCompacted']({revision: 1.5}), 'invalid');
  },
};

const cases: readonly (readonly [string, Case])[] = [scanning, compacting].flatMap((group) => Object.entries(group));

/** How many cases every implementation runs. */
export const etcdContractCases: number = cases.length;

export function etcdContract(name: string, make: () => Promise<EtcdFixture>): void {
  describe(`etcd contract: ${name}`, () => {
    let fixture: EtcdFixture;
    beforeAll(async () => {
      fixture = await make();
    });
    afterAll(() => fixture?.close?.());
    test.for(cases.map(([title, run], index) => [title, run, index] as const))('%s', ([, run, index]) =>
      run(fixture, `/registry/contract-${index}/`),
    );
  });
}
