// The verb `rehearse` around a runner that is made up: which seeds it asks for, what it says of them, and its exit code.

import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {possibleCells, type Rehearsal, type SeedResult} from '@etcd-encryption/host-sim';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import type {RunRehearsal} from '../../cli/src/rehearsal/play.ts';
import {readyNames} from '../../cli/src/rehearsal/ready.ts';
import {UsageError} from '../../cli/src/verb.ts';
import {type RehearseTools, rehearseVerb} from '../../cli/src/verbs/rehearse.ts';
import {type Ran, runVerb} from './command.ts';
import {example} from './rehearsal/example.ts';
import {passed, strike, violation} from './run-output/results.ts';

let folder: string;
let file: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rehearse-'));
  file = join(folder, 'mine.yaml');
  writeFileSync(file, example);
});
afterAll(() => rmSync(folder, {recursive: true}));

/** Cells of a pair. */
const cells = possibleCells.filter(({role}) => role !== 'single').length;
/** All that the example waits for came to pass. */
const whole: SeedResult = {...passed, moments: [3], strikes: [strike]};

interface Asked {
  readonly rehearsal: Rehearsal;
  readonly seed: number;
}

/** Runs the verb; every seed ends as `end` says and takes a second. */
async function rehearse(
  args: readonly string[],
  end: (seed: number) => Partial<SeedResult> = () => ({}),
): Promise<Ran & {readonly asked: readonly Asked[]}> {
  const asked: Asked[] = [];
  let nowMs = 0;
  const run: RunRehearsal = (rehearsal, {seed, listen}) => {
    asked.push({rehearsal, seed});
    nowMs += 1_000;
    listen?.({atMs: 3_600_000, cluster: 'west', node: 'w3', what: 'goes down', kind: 'fault'});
    listen?.({atMs: 360_000_500, cluster: 'east', what: 'r3-1f2e3d4c becomes the write key', kind: 'fact'});
    listen?.({atMs: 400_000_000, what: 'pass', kind: 'verdict'});
    return {...whole, seed, ...end(seed)};
  };
  const record: RehearseTools['record'] = ({metadata}, {seed}) => ({
    v: 1,
    title: `${metadata.name} seed ${seed}`,
    seed,
    settings: [],
    verdict: {state: 'passed', text: 'Made up.'},
    virtualMs: 1,
    clusters: [],
    marks: [],
    cuts: [],
  });
  const ran = await runVerb(rehearseVerb({run, record, nowMs: () => nowMs}), ...args);
  return {...ran, asked};
}

const seedsOf = ({asked}: {readonly asked: readonly Asked[]}): readonly number[] => asked.map(({seed}) => seed);

describe('one seed', () => {
  test('passes ⇒ a line an event in columns, the verdict, exit code 0', async () => {
    const ran = await rehearse([file, '--seed', '7']);
    expect(ran).toMatchObject({code: 0, err: ''});
    expect(seedsOf(ran)).toEqual([7]);
    expect(ran.out).toBe(`  01:00:00.0  west  w3  goes down
 100:00:00.5  east      r3-1f2e3d4c becomes the write key
pass: 1 seed, 3 rotations, 0 values unreadable, 1 of ${cells} cells hit, 3 rotations/s, trace 00000000000000ff
`);
  });

  test('breaks an invariant ⇒ what, where, when, why, the command that replays it, exit code 1', async () => {
    const ran = await rehearse([file, '--seed', '7'], () => ({violation, unreadable: 1}));
    expect(ran.code).toBe(1);
    expect(ran.out).toContain(`violation: S1 readable
  seed     7
  time     200:00:31.5
  cluster  west
  node     w1
  key      aesgcm/r3-1f2e3d4c
  cause    the server has not loaded the key of a value that it serves
  replay   etcd-encryption-manager rehearse ${file} --seed 7
  the smallest rehearsal found that fails alike:

apiVersion: rehearsal/v1
`);
    expect(ran.out).toContain('\nviolation: 1 seed, 1 violation, 3 rotations, 1 value unreadable');
  });

  test('a deed of the timeline never came to pass ⇒ it is named, exit code 3', async () => {
    const ran = await rehearse([file, '--seed', '7'], () => ({missed: [1, 3]}));
    expect(ran.code).toBe(3);
    expect(ran.out).toContain(`vacuous: timeline[1] never came to pass: stall, crash
vacuous: timeline[3] never came to pass: failback
vacuous: 1 seed, 1 vacuous, 3 rotations`);
  });

  test('an expected moment never came ⇒ it is named, exit code 3', async () => {
    const ran = await rehearse([file, '--seed', '7'], () => ({moments: []}));
    expect(ran.code).toBe(3);
    expect(ran.out).toContain('vacuous: expect[3] never came true: failoverDuring(Activate)\n');
  });
});

describe('several seeds', () => {
  test('how many the file says ⇒ progress on stderr, the verdict on stdout', async () => {
    writeFileSync(join(folder, 'three.yaml'), example.replace('{from: 1, count: 500}', '{from: 5, count: 3}'));
    const ran = await rehearse([join(folder, 'three.yaml')]);
    expect(seedsOf(ran)).toEqual([5, 6, 7]);
    expect(ran.out).toBe(
      `pass: 3 seeds, 9 rotations, 0 values unreadable, 1 of ${cells} cells hit, 3 rotations/s, trace 00000000000002fd\n`,
    );
    expect(ran.err.split('\n').at(-2)).toBe('3 of 3 seeds, 9 rotations, 0 violations');
  });

  test('--seeds and --from ⇒ so many from there', async () => {
    expect(seedsOf(await rehearse([file, '--seeds', '2', '--from', '40']))).toEqual([40, 41]);
    expect(seedsOf(await rehearse([file, '--seeds', '2']))).toEqual([1, 2]);
  });

  test('what one seed missed came in another ⇒ passes', async () => {
    const ran = await rehearse([file, '--seeds', '2'], (seed) => ({missed: [seed], moments: seed === 1 ? [] : [3]}));
    expect(ran.code).toBe(0);
    expect(ran.out).toMatch(/^pass: 2 seeds, 2 vacuous, /);
  });

  test('more failures than anyone reads ⇒ three are told and the rest counted', async () => {
    const ran = await rehearse([file, '--seeds', '5'], () => ({violation}));
    expect(ran.out.match(/^violation: S1 readable$/gm)).toHaveLength(3);
    expect(ran.out).toContain('and 2 more; --json shows all\nviolation: 5 seeds, 5 violations,');
  });
});

test('--json ⇒ one line a seed, a last one that sums them up, and nothing else', async () => {
  const ran = await rehearse([file, '--seeds', '2', '--json'], (seed) => (seed === 2 ? {violation} : {}));
  expect(ran).toMatchObject({code: 1, err: ''});
  const [first, second, last, ...rest] = ran.out.split('\n');
  expect(JSON.parse(first ?? '')).toEqual({...whole, seed: 1, outcome: 'pass'});
  expect(JSON.parse(second ?? '')).toMatchObject({seed: 2, outcome: 'violation', violation});
  expect(last).toBe(
    `{"seeds":2,"violations":1,"vacuous":0,"cells":{"all":${cells},"hit":1},"rotations":6,"rotationsPerSecond":3,"traceHash":"00000000000001fe"}`,
  );
  expect(rest).toEqual(['']);
});

test('--junit ⇒ a case a seed, and one for what came to pass in none', async () => {
  const junit = join(folder, 'results.xml');
  const outcomes = [{}, {missed: [0]}, {violation}];
  await rehearse([file, '--seeds', '3', '--junit', junit], (seed) => outcomes[seed - 1] ?? {});
  const xml = readFileSync(junit, 'utf8');
  expect(xml).toContain(
    '<testsuite name="failover-during-activation" tests="4" failures="1" errors="0" skipped="1" time="3.000">',
  );
  expect(xml).toContain('name="seed 1" time="1.000"/>');
  expect(xml).toContain('<skipped message="not every planned deed came to pass"/>');
  expect(xml).toContain(
    `<failure message="S1 readable: ${violation.explanation}">violation: S1 readable\n  seed     3\n`,
  );
});

test('--html ⇒ a page with the seeds that failed, else with the first', async () => {
  const html = join(folder, 'page.html');
  await rehearse([file, '--seeds', '3', '--html', html]);
  expect(readFileSync(html, 'utf8')).toContain('<title>Rehearsal: failover-during-activation seed 1</title>');
  await rehearse([file, '--seeds', '3', '--html', html], (seed) => (seed > 1 ? {violation} : {}));
  expect(readFileSync(html, 'utf8')).toContain(
    '<title>Rehearsal: failover-during-activation seed 2, failover-during-activation seed 3',
  );
});

test('a ready rehearsal by its name ⇒ is played', async () => {
  const ran = await rehearse(['failback', '--seed', '3']);
  expect(ran.asked[0]?.rehearsal.metadata.name).toBe('failback');
});

test('--list ⇒ every ready rehearsal with its two sentences', async () => {
  const {code, out} = await rehearse(['--list']);
  expect(code).toBe(0);
  const lines = out.trimEnd().split('\n');
  expect(lines.filter((line) => !line.startsWith(' '))).toEqual(readyNames());
  expect(lines.filter((line) => line.startsWith(' '))).toHaveLength(readyNames().length);
  expect(out).toContain('failback\n  A failover is followed by a failback after the new Active has rotated twice. ');
});

describe('settings of a config', () => {
  const config = `apiVersion: cluster.alauda.io/v1alpha1
kind: EtcdEncryptionConfig
metadata: {name: default}
spec:
  resources: [secrets]
  rotationInterval: 72h0m0s
  keyStrategy: deterministic
  writeBudget: 1000
  retention: {revisions: 9}
  deterministic: {replicationGroupId: group-1, approvalDelay: 10m, standby: none}
`;
  const write = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const asking = example.replace(/settings: .*/, 'fromConfig: eec.yaml');

  test('beside the rehearsal ⇒ its settings, and what of it is not rehearsed is said', async () => {
    const path = write('eec.yaml', config);
    const ran = await rehearse([write('asks.yaml', asking), '--seed', '1']);
    expect(ran.asked[0]?.rehearsal.settings).toEqual({
      keyStrategy: 'deterministic',
      rotationIntervalMs: 72 * 3_600_000,
      approvalDelayMs: 600_000,
      activationPolicy: 'timed-approval',
      promotionGraceMs: 24 * 3_600_000,
      standby: 'none',
      revisions: 9,
      resources: ['secrets'],
    });
    expect(ran.err).toBe(`${path}: not rehearsed: spec.writeBudget\n`);
  });

  test.each([
    ['kind: EtcdEncryptionConfig', 'kind: Deployment', 'kind: expected EtcdEncryptionConfig, got "Deployment"'],
    ['cluster.alauda.io/v1alpha1', 'v1', 'apiVersion: expected one of cluster.alauda.io, got "v1"'],
    ['[secrets]', '[]', 'spec.resources: expected a list of at least one resource'],
    ['spec:', 'spec:\n  mode: observe', 'spec.mode: expected rotate, got observe, in which nothing rotates'],
    ['{name: default}', '{name', /^4:1: expected YAML 1\.2, got a problem: Flow map .* end with a }$/],
    [config, '- &a [*a]', 'kind: expected EtcdEncryptionConfig, got nothing'],
  ])('%j instead of it ⇒ is named', async (from, to, problem) => {
    const path = write('eec.yaml', config.replace(from, to));
    const {error} = await rehearse([write('asks.yaml', asking), '--seed', '1']);
    expect(error).toBeInstanceOf(UsageError);
    const [first = ''] = (error as UsageError).message.split('\n');
    expect(first.slice(0, path.length + 2)).toBe(`${path}: `);
    if (typeof problem === 'string') expect(first.slice(path.length + 2)).toBe(problem);
    else expect(first.slice(path.length + 2)).toMatch(problem);
  });

  test('that is not there ⇒ is named', async () => {
    const {error} = await rehearse([write('asks.yaml', asking.replace('eec', 'none')), '--seed', '1']);
    expect(error).toEqual(new UsageError(`${join(folder, 'none.yaml')}: there is no such file`));
  });
});

describe('bad input ⇒ exit code 2 with what was expected', () => {
  const mine = (): string => file;
  const whole = 'expected a whole number from';
  test.each<readonly [string, () => readonly string[], string | RegExp]>([
    ['no rehearsal', () => [], 'rehearse: expected a FILE or the NAME of a ready rehearsal, got none'],
    [
      'a name that none has',
      () => ['fail-back'],
      "fail-back: no ready rehearsal has this name, and a file's has an ending; rehearse --list names all",
    ],
    ['a file that is not there', () => ['no.yaml'], 'no.yaml: there is no such file'],
    ['a seed that is no number', () => [mine(), '--seed', '1.5'], `--seed: ${whole} 0 to 9007199254740991, got "1.5"`],
    ['no seeds', () => [mine(), '--seeds', '0'], `--seeds: ${whole} 1 to 1000000000, got "0"`],
    [
      'a seed beside seeds',
      () => [mine(), '--seed', '1', '--seeds', '2'],
      '--seed: expected neither --seeds nor --from beside it, got --seeds',
    ],
    ['a list of one', () => ['failback', '--list'], '--list: expected no rehearsal beside it, got failback'],
    [
      'a file that cannot be written',
      () => [mine(), '--junit', '/no/such/folder/x.xml'],
      '--junit: expected a file that can be written, got /no/such/folder/x.xml: ENOENT',
    ],
  ])('%s', async (_, args, message) => {
    const {error, asked} = await rehearse(args());
    expect(error).toEqual(new UsageError(String(message)));
    expect(asked).toEqual([]);
  });

  test('a file with two problems', async () => {
    const path = join(folder, 'bad.yaml');
    writeFileSync(path, example.replace('168h', '7d').replace('node: w3', 'node: w4'));
    const {error} = await rehearse([path]);
    expect((error as UsageError).message.split('\n')).toEqual([
      `${path}:5:58: settings.rotationInterval: expected a duration such as 20m, more than 0 and at most 87600h, got "7d"`,
      `${path}:11:32: timeline[0].do.down.node: expected one of the nodes e1, e2, e3, w1, w2, w3, got "w4"`,
    ]);
  });

  test('a file that is no text', async () => {
    const path = join(folder, 'bytes.yaml');
    writeFileSync(path, Uint8Array.of(0x61, 0xff));
    expect((await rehearse([path])).error).toEqual(new UsageError(`${path}: expected UTF-8, got other bytes`));
  });
});
