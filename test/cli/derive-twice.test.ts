// Two sides of a pair in two processes that share nothing but root key, group id and bundle: the same names, the same
// bytes of the configuration file. What is expected was made by another program and no release may change it.

import {spawn} from 'node:child_process';
import {mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {DataKey, deriveDataKeys, fromBase64, nextSeed, type Settings} from '@etcd-encryption/crypto';
import {formatEncryptionConfiguration} from '@etcd-encryption/crypto/encryption-configuration';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {root} from '../../scripts/workspace.ts';
import {fromHex} from '../crypto/bundle-arbitraries.ts';
import {derivedVector} from '../crypto/vectors.ts';

const {rootKey, replicationGroupId, dimension, bundle, revisions, configuration} = derivedVector;
const bin = join(root, 'cli', 'bin', 'etcd-encryption-manager.js');
const settings: Settings = {rootKey: fromHex(rootKey), replicationGroupId, dimension};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'derive-twice-'));
  writeFileSync(join(folder, 'root'), fromHex(rootKey));
  writeFileSync(join(folder, 'bundle'), bundle);
});
afterAll(() => rmSync(folder, {recursive: true}));

interface Side {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  /** Days by which its clock is ahead. */
  readonly ahead: number;
  /** The root key by file, or by standard input. */
  readonly byInput: boolean;
}

const sides: readonly [Side, Side] = [
  {
    name: 'active',
    env: {
      CLUSTER_NAME: 'global',
      HOSTNAME: 'cp-1',
      NODE_NAME: 'cp-1',
      TZ: 'Pacific/Kiritimati',
      LANG: 'C',
      LC_ALL: 'C',
    },
    ahead: 0,
    byInput: false,
  },
  {
    name: 'standby',
    env: {
      CLUSTER_NAME: 'dr',
      HOSTNAME: 'n7',
      NODE_NAME: 'n7',
      TZ: 'America/Lima',
      LANG: 'tr_TR.UTF-8',
      LC_ALL: 'tr_TR.UTF-8',
    },
    ahead: 4000,
    byInput: true,
  },
];

/** Runs before the program and moves its clock. */
const clockAhead = (days: number): string =>
  `data:text/javascript,${encodeURIComponent(
    `const now = Date.now; const by = ${days} * 86400000; Date.now = () => now() + by;
     globalThis.Date = class extends Date { constructor(...all) { super(...(all.length ? all : [now() + by])); } };`,
  )}`;

async function run({name, env, ahead, byInput}: Side, args: readonly string[]): Promise<string> {
  const cwd = join(folder, name);
  mkdirSync(cwd, {recursive: true});
  const file = join(folder, 'root');
  const all = ['--import', clockAhead(ahead), bin, 'derive', '--root-key', byInput ? '-' : file, ...args];
  const child = spawn(process.execPath, all, {cwd, env: {PATH: process.env.PATH, ...env}});
  child.stdin.end(byInput ? readFileSync(file) : undefined);
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk) => {
    out += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    err += String(chunk);
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect(code, err).toBe(0);
  return out;
}

test('revisions 1 to 8 in two processes with other cluster names, nodes, folders, clocks and locales ⇒ equal byte for byte', async () => {
  const rendered: string[] = [];
  for (const side of sides) {
    const args = ['--group', replicationGroupId, '--bundle', join(folder, 'bundle'), '--reveal', 'keys'];
    const tables = [await run(side, [...args, '-o', 'wide'])];
    const keys = readFileSync(join(folder, side.name, 'keys'), 'utf8');
    rmSync(join(folder, side.name, 'keys'));
    tables.push(await run(side, args.slice(0, -2)), await run(side, [...args.slice(0, -2), '-o', 'json']), keys);
    rendered.push(tables.join('\n'));
  }
  expect(rendered[0]).toBe(rendered[1]);
  for (const {name, secret} of revisions)
    expect(rendered[0]).toContain(`"name": "${name}",\n    "secret": "${secret}"`);
});

test('the golden lineage, each seed from the one before ⇒ its names; revision 3 is r3-bef18b44 in every release', () => {
  const [first] = revisions;
  let seed = fromHex(first?.seed ?? '');
  for (const {revision, seed: expected, name, checkValue} of revisions) {
    expect(Buffer.from(seed).toString('hex')).toBe(expected);
    const [key] = deriveDataKeys(settings, [{revision, seed}]);
    expect(key).toMatchObject({name, checkValue});
    seed = nextSeed(settings, {revision, seed});
  }
  expect(revisions[2]?.name).toBe('r3-bef18b44');
});

test('the golden lineage in a configuration file ⇒ its bytes', () => {
  const entries = revisions.map(({revision, seed}) => ({revision, seed: fromHex(seed)}));
  const keys = deriveDataKeys(settings, entries).reverse();
  const blocks = [
    {resources: ['secrets', 'configmaps'], providers: [{kind: 'aesgcm', keys}, {kind: 'identity'}]},
  ] as const;
  expect(new TextDecoder().decode(formatEncryptionConfiguration({blocks}))).toBe(configuration);
  for (const {revision, secret} of revisions) {
    const bytes = fromBase64(secret);
    const key = bytes.outcome === 'ok' ? new DataKey({revision, key: bytes.bytes}) : undefined;
    expect(configuration).toContain(`{"name":"${key?.name}","secret":"${secret}"}`);
  }
});
