// Which key writes a value, and which are tried to read it.

import {expect} from 'vitest';
import {configuration, file, newer, older} from './configuration.ts';
import {type Assumptions, configMaps, create, get, load, loadedHash, read, storedUnder} from './host.ts';

export const choosing: Assumptions = {
  'a new value stands under the first key, whose name is in front of it in clear': async (host) => {
    await create(host.plain, 'choose-first');
    expect(await storedUnder(host, 'choose-first')).toBe(newer);
  },
  'identity in front writes in clear, and values under keys behind it are still read': async (host) => {
    await load(host, file('identity', newer, older));
    await create(host.plain, 'choose-clear');
    expect(await storedUnder(host, 'choose-clear')).toBe('clear');
    expect((await get(host.plain, 'choose-first')).data).toEqual({a: 'YQ=='});
  },
  'a value in clear is read where identity is listed, and not where it is not': async (host) => {
    expect((await read(host.plain, 'choose-clear')).ok).toBe(true);
    await load(host, file(newer, older));
    expect((await read(host.plain, 'choose-clear')).ok).toBe(false);
    expect((await read(host.plain, 'choose-first')).ok).toBe(true);
  },
  'identity alone refuses a value under a key': async (host) => {
    await load(host, file('identity'));
    expect((await read(host.plain, 'choose-first')).ok).toBe(false);
    expect((await read(host.plain, 'choose-clear')).ok).toBe(true);
  },
  'two keys of one name are tried in turn': async (host) => {
    await load(host, file('key1=a', newer, older, 'identity'));
    await create(host.plain, 'choose-doubled');
    await load(host, file('key1=b', 'key1=a', newer, older, 'identity'));
    expect((await get(host.plain, 'choose-doubled')).data).toEqual({a: 'YQ=='});
    await load(host, file('key1=b', newer, older, 'identity'));
    expect((await read(host.plain, 'choose-doubled')).ok).toBe(false);
    await load(host, file('key1=a', newer, older, 'identity'));
    await host.remove('/registry/secrets/default/choose-doubled');
  },
  'a resource that no block lists is written in clear, and its values under keys are not read': async (host) => {
    await create(host.plain, 'choose-unlisted', configMaps);
    await load(host, configuration({resources: ['secrets'], order: [newer, older, 'identity']}));
    expect((await read(host.plain, 'choose-unlisted', configMaps)).ok).toBe(false);
    await create(host.plain, 'choose-unlisted-clear', configMaps);
    expect(await storedUnder(host, 'choose-unlisted-clear', configMaps)).toBe('clear');
  },
  'a resource in two blocks is tried with the keys of both, those of the first block first': async (host) => {
    const blocks = [
      {resources: ['secrets'], order: [older]},
      {resources: ['secrets', 'configmaps'], order: [newer, 'identity']},
    ];
    await load(host, configuration(...blocks));
    await create(host.plain, 'choose-two-blocks');
    expect(await storedUnder(host, 'choose-two-blocks')).toBe(older);
    expect((await read(host.plain, 'choose-first')).ok).toBe(true);
  },
  'a block for every resource leaves a block in front of it in force, and behind it no other is taken': async (
    host,
  ) => {
    const [all, listed] = [
      {resources: ['*.*'], order: [newer, older, 'identity']},
      {resources: ['secrets'], order: [older, newer, 'identity']},
    ];
    await load(host, configuration(listed, all));
    await create(host.plain, 'choose-both');
    await create(host.plain, 'choose-both', configMaps);
    expect(await storedUnder(host, 'choose-both')).toBe(older);
    expect(await storedUnder(host, 'choose-both', configMaps)).toBe(newer);
    const loaded = await loadedHash(host.plain);
    await load(host, configuration(all, listed));
    expect(await loadedHash(host.plain)).toBe(loaded);
  },
};
