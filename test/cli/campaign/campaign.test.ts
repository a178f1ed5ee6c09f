// The verb `campaign`, over runs that are made up: what it prints, how it ends, and what it refuses.

import {existsSync, mkdtempSync, readFileSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {
  generateRehearsal,
  type Recording,
  type Rehearsal,
  recordRehearsal,
  type SeedResult,
} from '@etcd-encryption/host-sim';
import {expect, test} from 'vitest';
import {parse} from 'yaml';
import {readShard} from '../../../cli/src/campaign/shard.ts';
import {parseRehearsal} from '../../../cli/src/rehearsal/read.ts';
import {version} from '../../../cli/src/release.ts';
import {campaignVerb} from '../../../cli/src/verbs/campaign.ts';
import {runVerb} from '../command.ts';

const module = new URL('./made-up-worker.ts', import.meta.url);
/** As the made-up worker: seed 77 and its multiples fail, whatever is left of their timelines. */
const run = (_: unknown, seed: number): SeedResult => ({
  seed,
  violation: {name: 'S1 readable', cluster: 'east', node: 'e1', key: 'k', explanation: `seed ${seed}`, atMs: 5},
  strikes: [],
  missed: [],
  moments: [],
  rotations: 1,
  unreadable: 0,
  events: 10,
  virtualMs: 100,
  traceHash: '0'.repeat(16),
});

/** A page needs a real run: a short one. */
const quiet: Rehearsal = {
  ...generateRehearsal(3),
  metadata: {name: 'short'},
  timeline: [],
  expect: [],
  world: {prepared: false},
};
const record = (_: unknown, seed: number): Recording =>
  recordRehearsal({...quiet, metadata: {name: `recorded-${seed}`}}, {seed: 1}).recording;

const createVerb = () => {
  let nowMs = 0;
  return campaignVerb({run, record, module, nowMs: () => (nowMs += 10)});
};
const runCampaign = (...args: readonly string[]) => runVerb(createVerb(), ...args);
const lastLine = (text: string): string => text.trimEnd().split('\n').at(-1) ?? '';

test('nothing breaks and every aimed seed hits ⇒ exit code 0, and the last line says all of it', async () => {
  const {code, out} = await runCampaign('--from', '2', '--seeds', '60', '--workers', '2', '--json');
  expect(code).toBe(0);
  expect(JSON.parse(lastLine(out))).toEqual({
    seeds: 60,
    violations: 0,
    vacuous: 0,
    cells: {all: expect.any(Number), hit: 30},
    rotations: 60,
    rotationsPerSecond: expect.any(Number),
    traceHash: expect.stringMatching(/^[0-9a-f]{16}$/),
  });
});

test('a seed breaks an invariant ⇒ exit code 1, the invariant, the seed and the command that runs it again', async () => {
  const {code, out} = await runCampaign('--from', '70', '--seeds', '20', '--workers', '1');
  expect(code).toBe(1);
  expect(out).toContain('violation: S1 readable');
  expect(out).toContain('seed 77');
  expect(out).toContain('etcd-encryption-manager campaign --from 77 --seeds 1');
  expect(lastLine(out)).toMatch(/^violation: 20 seeds, 1 violation, /);
});

test('a planned deed never came ⇒ exit code 3 and the seed', async () => {
  const {code, out} = await runCampaign('--from', '90', '--seeds', '5');
  expect(code).toBe(3);
  expect(out).toContain('vacuous: seed 91: timeline[0] never came');
});

test('--shrunk ⇒ the failing seed lies there as a small rehearsal', async () => {
  const folder = join(mkdtempSync(join(tmpdir(), 'campaign-')), 'shrunk');
  const {code, out} = await runCampaign('--from', '77', '--seeds', '1', '--shrunk', folder);
  expect(code).toBe(1);
  const file = join(folder, 'campaign-77.yaml');
  expect(out).toContain(`${file} (0 deeds)`);
  expect(parseRehearsal(readFileSync(file, 'utf8'))).toMatchObject({
    outcome: 'ok',
    rehearsal: {seeds: {from: 77, count: 1}, timeline: []},
  });
});

test('--junit ⇒ failing seeds and missing cells are failures in it', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'campaign-')), 'results.xml');
  await runCampaign('--from', '77', '--seeds', '15', '--junit', file);
  const text = readFileSync(file, 'utf8');
  expect(text).toContain('<testcase classname="campaign" name="seed 77"');
  expect(text).toContain('S1 readable: seed 77');
  expect(text).toContain('seed 91: timeline[0] never came');
});

test('--html ⇒ the failing seed is drawn on a page', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'campaign-')), 'page.html');
  await runCampaign('--from', '77', '--seeds', '1', '--html', file);
  const text = readFileSync(file, 'utf8');
  expect(text).toContain('recorded-77');
  expect(text).toContain('<svg');
});

test.each([
  [['--seeds', '0'], '--seeds: expected a whole number from 1 to 1000000000, got "0"'],
  [['--from', 'x'], '--from: expected a whole number from 0'],
  [['--workers', '-1'.replace('-', '~')], '--workers: expected a whole number from 1 to 1024, got "~1"'],
  [['--shard', '4/4'], '--shard: expected a share from 0 to 3 of 4, got "4/4"'],
  [['--shard', '1'], '--shard: expected I/N or job/N, got "1"'],
  [['--shard', 'job/4'], 'JOB_COMPLETION_INDEX: expected the place of this pod in its Job, got nothing'],
])('%j ⇒ bad input, and nothing runs', async (args, message) => {
  const {error, out} = await runCampaign(...args);
  expect(String(error)).toContain(message);
  expect(out).toBe('');
});

test('--junit in a folder that is not there ⇒ bad input before any seed runs', async () => {
  const {error} = await runCampaign('--junit', '/nowhere/results.xml');
  expect(String(error)).toContain('--junit: expected a file that can be written, got /nowhere/results.xml: ENOENT');
  expect(existsSync('/nowhere')).toBe(false);
});

test('--shrunk where a file stands ⇒ bad input', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'campaign-')), 'file');
  writeFileSync(file, '');
  const {error} = await runCampaign('--from', '77', '--seeds', '1', '--shrunk', join(file, 'folder'));
  expect(String(error)).toContain('--shrunk: expected a folder that can be written');
});

interface Job {
  readonly spec: {
    readonly completions: number;
    readonly completionMode: string;
    readonly template: {readonly spec: {readonly containers: readonly {image: string; args: readonly string[]}[]}};
  };
}

test('the Indexed Job of the examples ⇒ its image is this release, and each of its pods runs another share', () => {
  const text = readFileSync(new URL('../../../docs/examples/campaign-job.yaml', import.meta.url), 'utf8');
  const {apiVersion, kind, spec} = parse(text) as Job & {readonly apiVersion: string; readonly kind: string};
  expect([apiVersion, kind, spec.completionMode]).toEqual(['batch/v1', 'Job', 'Indexed']);
  const [
    {
      image,
      args: [verb, ...args],
    } = {image: '', args: []},
  ] = spec.template.spec.containers;
  expect(image).toBe(`etcd-encryption-manager:${version}`);
  const {name, options} = createVerb();
  expect(verb).toBe(name);
  const {values} = parseArgs({args, options: Object.fromEntries(Object.entries(options)), strict: true});
  const input = {values, positionals: [], out: () => {}, err: () => {}, signal: new AbortController().signal};
  const shards = Array.from({length: spec.completions}, (_, index) =>
    readShard(input as Parameters<typeof readShard>[0], {JOB_COMPLETION_INDEX: String(index)}),
  );
  expect(shards).toEqual(shards.map((_, index) => ({index, of: spec.completions})));
});
