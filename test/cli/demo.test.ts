// The demonstration as a person starts it: what it ends with, what lies in its folder, and that a broken rule shows.

import {execFile} from 'node:child_process';
import {mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {parseEncryptionConfiguration} from '@etcd-encryption/crypto/encryption-configuration';
import {configurationPath, historyPath, parseHistory} from '@etcd-encryption/rotation';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {countValues, formatCensus} from '../../cli/src/demo/census.ts';
import {createNarrator} from '../../cli/src/demo/narrator.ts';
import type {RealModules} from '../../cli/src/demo/real-modules.ts';
import {kubectlYaml} from '../../cli/src/demo/resource.ts';
import {type DemoResult, shortcomings} from '../../cli/src/demo/result.ts';
import {watchWaits} from '../../cli/src/demo/waiting.ts';
import {root} from '../../scripts/workspace.ts';
import type * as rotationCluster from '../cluster/rotation-cluster.ts';
import type * as workload from '../cluster/workload.ts';

const bin = join(root, 'cli/bin/etcd-encryption-manager.js');
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'demo-test-'));
});
afterEach(() => rmSync(folder, {recursive: true, force: true}));

interface Run {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

function runDemo(dir: string, ...args: readonly string[]): Promise<Run> {
  const all = [bin, 'demo', '--dir', join(folder, dir), ...args];
  return new Promise((settle) => {
    execFile(process.execPath, all, {maxBuffer: 16 * 1024 * 1024}, (error, output, errors) => {
      settle({code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, output, errors});
    });
  });
}

const resultOf = ({output}: Run): DemoResult => JSON.parse(output.trimEnd().split('\n').at(-1) ?? '');
const small = ['--objects', '12', '--rotations', '1', '--no-pair'];

describe('demo', () => {
  test('first encryption and four rotations, one with a node down ⇒ no read failed, all values under the newest key', async () => {
    const run = await runDemo('all', '--json', '--no-pair');
    expect(run.errors).toBe('');
    expect(run.code).toBe(0);
    const {values, seconds, ...counts} = resultOf(run);
    expect(counts).toEqual({revision: 5, failedReads: 0, failedWrites: 0});
    const [name = ''] = Object.keys(values);
    expect(Object.keys(values)).toEqual([expect.stringMatching(/^r5-[0-9a-f]{8}$/)]);
    expect(values[name]).toBeGreaterThanOrEqual(150);
    expect(seconds).toBeGreaterThan(0);
    expect(run.output).toContain('node-3 goes down');
    expect(run.output).toContain('the plan names node-3; the write key has not changed');
    expect(run.output).toContain('node-3: its agent has not reported for 90 s');
    expect(run.output).toContain(
      '$ kubectl get EtcdEncryptionConfig default -o yaml\napiVersion: cluster.alauda.io/v1alpha1\n',
    );
    expect(run.output).not.toContain('\u001b[');
    for (const node of ['node-1', 'node-2', 'node-3']) expectFiles(join(folder, 'all', node), name);
  });

  test('the pair: two rotations, a failover and a third ⇒ nobody notices, both sides complete each, the page is there', async () => {
    const run = await runDemo('pair', '--json', '--objects', '12', '--rotations', '0');
    expect(run.errors).toBe('');
    expect(run.code).toBe(0);
    const report = join(folder, 'pair', 'etcd-encryption-demo.html');
    expect(resultOf(run).pair).toEqual({rotations: 6, failedReads: 0, failedWrites: 0, report});
    const told = run.output.split('a pair: east is Active')[1] ?? '';
    const completed = [...told.matchAll(/(east|west|operator) +(?:rotation (\d) is complete|fails over)/g)];
    expect(completed.map(([, who, revision = 'failover']) => `${who} ${revision}`)).toEqual([
      'east 1',
      'west 1',
      'east 2',
      'west 2',
      'operator failover',
      'west 3',
      'east 3',
    ]);
    expect(run.output).toContain(`\nreport: ${report}\n`);
    const page = readFileSync(report, 'utf8');
    expect(page).toContain('<title>Rehearsal: demo</title>');
    for (const server of ['e1', 'e2', 'e3']) expect(page).toContain(`data-row="east/${server}"`);
    for (const server of ['w1', 'w2', 'w3']) expect(page).toContain(`data-row="west/${server}"`);
    expect(page.length).toBeLessThan(1_000_000);
  }, 240_000);

  test('--html ⇒ the page goes there; where it cannot be written, it says so', async () => {
    const tiny = ['--objects', '2', '--rotations', '0', '--quiet'];
    const [there, nowhere] = await Promise.all([
      runDemo('there', ...tiny, '--html', join(folder, 'mine.html')),
      runDemo('nowhere', ...tiny, '--html', join(folder, 'missing', 'mine.html')),
    ]);
    expect(there.code).toBe(0);
    expect(there.output.trim().split('\n')).toEqual([
      expect.stringMatching(/^1 keys one after another/),
      expect.stringMatching(/^the pair: 6 rotations on both sides together and one failover; .*failed: 0;.*failed: 0$/),
      `report: ${join(folder, 'mine.html')}`,
    ]);
    expect(readFileSync(join(folder, 'mine.html'), 'utf8')).toMatch(/^<!doctype html>/);
    expect(nowhere.code).toBe(2);
    expect(nowhere.errors).toMatch(/--html: expected a file that can be written, got .*mine.html: ENOENT/);
    expect(readdirSync(folder).sort()).toEqual(['mine.html', 'there']);
  }, 240_000);

  test('activation without waiting for load ⇒ reads fail, and it says so', async () => {
    const run = await runDemo('broken', '--json', '--quiet', '--sabotage', 'early-activation');
    expect(run.code).toBe(1);
    expect(resultOf(run).failedReads).toBeGreaterThan(0);
    expect(run.output).toMatch(/reads failed.*\n.*once every server has loaded it/);
  });

  test('the same seed ⇒ the same output; another ⇒ other keys', async () => {
    const runs = await Promise.all([
      runDemo('a', '--json', '--seed', '7', ...small),
      runDemo('b', '--json', '--seed', '7', ...small),
      runDemo('c', '--json', '--seed', '8', ...small),
    ]);
    const [first, second, third] = runs.map(({output}) =>
      output.replaceAll(/\/(a|b|c)$/gm, '').replaceAll(/[\d.]+ s$|"seconds":[\d.]+/gm, ''),
    );
    expect(second).toBe(first);
    expect(third).not.toBe(first);
  }, 240_000);

  test('quiet ⇒ the outcome only', async () => {
    const run = await runDemo('quiet', '--quiet', '--nodes', '2', ...small);
    expect(run.code).toBe(0);
    expect(run.output.trim().split('\n')).toEqual([
      expect.stringMatching(/^2 keys one after another; every value is under r2-/),
    ]);
  });

  test.each([
    [['--nodes', '1'], '--nodes: expected a whole number from 2 to 9, got "1"'],
    [['--seed', 'x'], '--seed: expected a whole number from 0 to 9007199254740991, got "x"'],
    [['--sabotage', 'late'], '--sabotage: expected early-activation, got "late"'],
    [['--real', '--sabotage', 'early-activation'], '--sabotage: the real control plane is not sabotaged'],
  ])('%j ⇒ usage', async (args, message) => {
    const {code, errors} = await runDemo('wrong', ...args);
    expect(errors).toContain(message);
    expect(code).toBe(2);
  });

  test('a folder that holds something ⇒ refused and left alone', async () => {
    writeFileSync(join(folder, 'mine'), 'text');
    const {code, errors} = await runDemo('.');
    expect(code).toBe(2);
    expect(errors).toContain('--dir: expected a new or empty folder');
    expect(readdirSync(folder)).toEqual(['mine']);
  });
});

/** The configuration loads and writes with `name`; the history has every key; nobody else can read either. */
function expectFiles(node: string, name: string): void {
  const parsed = parseEncryptionConfiguration(readFileSync(join(node, configurationPath)));
  if (parsed.outcome !== 'loadable') throw new Error(parsed.problems[0]?.message);
  expect(parsed.warnings).toEqual([]);
  const [block] = parsed.configuration.blocks;
  expect(block?.resources).toEqual(['secrets', 'configmaps']);
  const [first] = block?.providers ?? [];
  const keys = first?.kind === 'aesgcm' ? first.keys.map((key) => key.name) : [];
  expect(keys).toHaveLength(5);
  expect(keys[0]).toBe(name);
  const history = parseHistory(readFileSync(join(node, historyPath)));
  expect(history.keys.map((key) => key.name)).toEqual(keys.toReversed());
  for (const path of [configurationPath, historyPath]) expect(statSync(join(node, path)).mode & 0o777).toBe(0o600);
}

describe('what the demonstration prints', () => {
  test('raw values ⇒ counted by key name, oldest first, names of before at zero', () => {
    const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
    const census = countValues(
      ['k8s:enc:aesgcm:v1:r10-00000000:x', 'k8s:enc:aesgcm:v1:r2-00000000:y', 'k8s\0z', 'k8s:enc:kms:v2:p:q'].map(
        bytes,
      ),
    );
    expect(Object.entries(census)).toEqual([
      ['clear', 1],
      ['other:kms:v2', 1],
      ['r2-00000000', 1],
      ['r10-00000000', 1],
    ]);
    expect(formatCensus({'r2-00000000': 3}, ['clear'])).toBe(
      '  values in etcd by key name:\n  clear             0\n  r2-00000000       3',
    );
  });

  test('an object ⇒ as kubectl prints it', () => {
    const object = {
      metadata: {name: 'default', creationTimestamp: '2026-01-01T00:00:00Z', resourceVersion: '7'},
      kind: 'Thing',
      spec: {resources: ['secrets'], on: true, message: ''},
    };
    expect(kubectlYaml(object as never)).toBe(
      'kind: Thing\nmetadata:\n  creationTimestamp: "2026-01-01T00:00:00Z"\n  name: default\n  resourceVersion: "7"\n' +
        'spec:\n  message: ""\n  "on": true\n  resources:\n  - secrets\n',
    );
  });

  test('a wait ⇒ said once it has stood for five seconds, and once only', () => {
    const lines: string[] = [];
    let nowMs = 0;
    const narrator = createNarrator({out: (text) => lines.push(text), nowMs: () => nowMs, quiet: false});
    const waits = watchWaits(narrator);
    const status = (message: string) => ({
      conditions: [{type: 'Progressing', status: 'True', reason: 'Distributing', message}],
    });
    for (const [atMs, message] of [
      [0, 'one'],
      [4_000, 'two'],
      [8_900, 'two'],
      [9_000, 'two'],
      [20_000, 'two'],
    ] as const) {
      nowMs = atMs;
      waits.look(status(message), nowMs);
    }
    expect(lines).toEqual(['00:00:09.0  controller     waits: two']);
  });

  test.each([
    [{}, []],
    [{failedReads: 2}, ['2 reads failed']],
    [{failedWrites: 1}, ['1 writes failed']],
    [{revision: 4}, ['revision 4 was reached, not 5']],
    [{values: {clear: 1, 'r4-0': 1, 'r5-0': 3}}, ['values are left under clear, r4-0']],
    [{pair: {rotations: 6, failedReads: 0, failedWrites: 0, report: 'p'}}, []],
    [
      {pair: {rotations: 5, failedReads: 1, failedWrites: 2, problem: 'S1 readable', report: 'p'}},
      [
        'the pair: S1 readable',
        'the pair: 1 reads failed',
        'the pair: 2 writes failed',
        'the pair: 5 rotations completed, not 6',
      ],
    ],
  ])('a result with %j ⇒ shortcomings %j', (change, expected) => {
    const good: DemoResult = {revision: 5, failedReads: 0, failedWrites: 0, values: {'r5-0': 3}, seconds: 1};
    expect(shortcomings({...good, ...change}, 5)).toEqual(expected);
  });
});

/** `demo --real` loads the cluster of the tests by its path, so the compiler compares the shapes here. */
type RealFits = typeof rotationCluster & typeof workload extends RealModules ? true : never;
const realFits: RealFits = true;

test('the tests’ cluster ⇒ has what demo --real uses of it', () => {
  expect(realFits).toBe(true);
});
