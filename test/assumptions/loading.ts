// When a server takes a file, and what it does with one that it does not like.

import {sha256Hex} from '@etcd-encryption/crypto/sha256';
import {expect} from 'vitest';
import {expectValue} from '../ports/answers.ts';
import {file, newer, older, olderFirst, refusedFile, usualFile} from './configuration.ts';
import {type AssumedServer, type Assumptions, create, load, loadedHash, storedUnder} from './host.ts';

const evidence = async ({ports}: AssumedServer) => expectValue(await ports['server.evidence']({}));

export const loading: Assumptions = {
  'a new file is loaded at the next poll, and its SHA-256 is shown': async (host) => {
    await load(host, olderFirst);
    expect(await loadedHash(host.plain)).toBe(sha256Hex(olderFirst));
    await create(host.plain, 'load-a');
    expect(await storedUnder(host, 'load-a')).toBe(older);
  },
  'a file that is refused leaves the server ready and its old keys in force': async (host) => {
    const before = await evidence(host.plain);
    await load(host, refusedFile);
    expect(await host.plain.isReady()).toBe(true);
    await create(host.plain, 'load-b');
    expect(await storedUnder(host, 'load-b')).toBe(newer);
    const after = await evidence(host.plain);
    expect([after.loadedHash, after.reloadSuccesses]).toEqual([before.loadedHash, before.reloadSuccesses]);
    expect(after.reloadFailures).toBeGreaterThan(before.reloadFailures);
  },
  'after a file that was refused, the one before it is no reload': async (host) => {
    const before = await evidence(host.plain);
    await load(host, refusedFile);
    await load(host, usualFile);
    const after = await evidence(host.plain);
    expect([after.loadedHash, after.reloadSuccesses]).toEqual([before.loadedHash, before.reloadSuccesses]);
  },
  'a file that is gone leaves the server ready and its old keys in force': async (host) => {
    const before = await evidence(host.plain);
    await host.plain.removeFile();
    await host.waitForPoll();
    expect(await host.plain.isReady()).toBe(true);
    const after = await evidence(host.plain);
    expect([after.loadedHash, after.reloadSuccesses]).toEqual([before.loadedHash, before.reloadSuccesses]);
    expect(after.reloadFailures).toBeGreaterThan(before.reloadFailures);
  },
  'a file that a running server refuses is fatal at its next start': async (host) => {
    await load(host, refusedFile);
    await host.plain.stop();
    await expect(host.plain.start()).rejects.toThrow();
    await host.plain.writeFile(usualFile);
    await host.plain.start();
    expect(await host.plain.isReady()).toBe(true);
  },
  'a file that changes while a server starts is loaded at once, not a period later': async (host) => {
    let turn = 0;
    await host.rare.stop();
    await host.rare.startWith(() => host.rare.writeFile(file(older, newer, `spare${turn++}`, 'identity')));
    await host.moment();
    const {loadedHash: hash, reloadSuccesses} = await evidence(host.rare);
    expect([hash === sha256Hex(usualFile), reloadSuccesses]).toEqual([false, 1]);
    await host.rare.writeFile(usualFile);
    await host.moment();
    expect((await evidence(host.rare)).reloadSuccesses).toBe(1);
  },
  'a write that was encrypted before a reload is committed after it, under the old key': async (host) => {
    const commit = await host.encryptNow('load-late');
    await load(host, olderFirst);
    expect(await loadedHash(host.plain)).toBe(sha256Hex(olderFirst));
    await commit();
    expect(await storedUnder(host, 'load-late')).toBe(newer);
    await create(host.plain, 'load-on-time');
    expect(await storedUnder(host, 'load-on-time')).toBe(older);
  },
  'a file mounted alone stays the old one when it is replaced': async (host) => {
    const before = await loadedHash(host.pinned);
    await load(host, olderFirst, host.pinned);
    expect(await loadedHash(host.pinned)).toBe(before);
    await host.pinned.stop();
    await host.pinned.start();
    expect(await loadedHash(host.pinned)).toBe(sha256Hex(olderFirst));
  },
  'a file mounted alone is seen when it is written in place': async (host) => {
    const inPlace = file(older, newer, 'spare', 'identity');
    await host.pinned.writeInPlace(inPlace);
    await host.waitForPoll();
    expect(await loadedHash(host.pinned)).toBe(sha256Hex(inPlace));
    await host.pinned.writeInPlace(usualFile);
    await host.waitForPoll();
    expect(await loadedHash(host.pinned)).toBe(sha256Hex(usualFile));
  },
};
