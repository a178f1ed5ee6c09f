// `status` on a simulated cluster with the shipped engine.

import {formatTime, leaderLeaseName, leaseResource, ourNamespace} from '@etcd-encryption/rotation';
import {expect, test} from 'vitest';
import {UsageError} from '../../cli/src/verb.ts';
import {rotateVerb} from '../../cli/src/verbs/rotate.ts';
import {statusVerb} from '../../cli/src/verbs/status.ts';
import {expectValue} from '../ports/answers.ts';
import {runVerb} from './command.ts';
import {deriving, installed, runRotations} from './simulated-cluster.ts';

test('no config ⇒ it is said, nothing is ready, and --check ends in 1', async () => {
  const {open} = installed({}, {config: false});
  const ran = await runVerb(statusVerb(open), '--check');
  expect(ran.code).toBe(1);
  expect(ran.out).toContain('revision 0, Unknown, not ready, no rotation yet');
  expect(ran.out).toContain('there is no EtcdEncryptionConfig named default');
});

test('a first installation under way ⇒ servers that have not loaded the key, and what is not fine', async () => {
  const {open, simulation} = installed();
  simulation.runFor(30_000);
  const ran = await runVerb(statusVerb(open));
  expect(ran.code).toBe(0);
  expect(ran.out).toMatch(/^revision 0, Distributing, not ready, no rotation yet$/m);
  expect(ran.out).toMatch(/^rotation to r1 \(first\), begun \d+s ago$/m);
  expect(ran.out).toMatch(/^Encrypted=False ClearValues/m);
  expect(ran.out).toMatch(/^NODE +ADDRESS +STATE +SERVER +r1 +CLEAR +REPORT$/m);
  expect(ran.out).toMatch(/^node-1 .* up +- +write/m);
  expect((await runVerb(statusVerb(open), '--check')).code).toBe(1);
});

test('two rotations done ⇒ every server writes r2 and reads r1, and --check ends in 0', async () => {
  const cluster = installed();
  runRotations(cluster, 1);
  await runVerb(rotateVerb(cluster.open), '--reason', 'drill', '--wait');
  const ran = await runVerb(statusVerb(cluster.open), '--check');
  expect(ran.code).toBe(0);
  expect(ran.out).toMatch(/^revision 2, Idle, ready, next rotation \S+Z \(in (?:1d|23h 59m)\)$/m);
  expect(ran.out).toContain('controller controller-a, renewed');
  expect(ran.out).toMatch(/^node-\d +\S+ +Success +up +write +read +\d+s ago$/m);
  expect(ran.out).not.toMatch(/(True|False) [A-Z]/);
});

test('-o wide, json and yaml ⇒ key names and check values, one document each', async () => {
  const cluster = installed();
  runRotations(cluster, 1);
  const {out} = await runVerb(statusVerb(cluster.open), '-o', 'wide');
  expect(out).toMatch(/ r1-[0-9a-f]{8} /);
  const summary = JSON.parse((await runVerb(statusVerb(cluster.open), '-o', 'json')).out);
  expect(summary).toMatchObject({installed: true, ready: true, revision: 1, phase: 'Idle', problems: []});
  const [key] = summary.keys;
  expect(key).toEqual({
    name: expect.stringMatching(/^r1-/),
    short: 'r1',
    provider: 'aesgcm',
    revision: 1,
    check: expect.stringMatching(/^[0-9a-f]{16}$/),
  });
  expect(summary.nodes[0].keys).toEqual([{key: key.name, state: 'write'}]);
  expect((await runVerb(statusVerb(cluster.open), '-o', 'yaml')).out).toMatch(/^ready: true$/m);
});

test('a controller that has not renewed its lease for long ⇒ an old Ready is not believed', async () => {
  const {open, person, simulation} = installed({}, {controller: false});
  const spec = {holderIdentity: 'gone', renewTime: formatTime(simulation.nowMs - 600_000, true).replace('Z', '000Z')};
  const object = {metadata: {name: leaderLeaseName, namespace: ourNamespace}, spec};
  expectValue(person['store.create']({resource: leaseResource, object}));
  const ran = await runVerb(statusVerb(open), '--check');
  expect(ran.code).toBe(1);
  expect(ran.out).toContain('no controller holds the lease: this may be old');
});

test('an unknown form, or --watch with --check ⇒ usage error', async () => {
  const {open} = installed();
  expect((await runVerb(statusVerb(open), '-o', 'xml')).error).toBeInstanceOf(UsageError);
  expect((await runVerb(statusVerb(open), '--watch', '--check')).error).toBeInstanceOf(UsageError);
});

test('--watch ⇒ one answer for each change, until it is interrupted', async () => {
  const {open, simulation} = installed();
  const changes: string[] = [];
  const watching = statusVerb((input) => {
    const client = open(input);
    const clock: typeof client.clock = {
      ...client.clock,
      'clock.sleep': async (args) => {
        const slept = await client.clock['clock.sleep'](args);
        return simulation.nowMs - startedAtMs > 300_000 ? {ok: true, value: 'stop'} : slept;
      },
    };
    return {...client, clock};
  });
  const startedAtMs = simulation.nowMs;
  const ran = await runVerb(watching, '--watch', '-o', 'json');
  expect(ran.code).toBe(0);
  for (const line of ran.out.trim().split('\n')) changes.push(JSON.parse(line).phase);
  expect(changes[0]).toBe('Unknown');
  expect(changes).toContain('Distributing');
  expect(changes).toContain('Converging');
  expect(changes.at(-1)).toBe('Idle');
  expect(changes.length).toBeLessThan(60);
});

test('the deterministic strategy ⇒ the role, and the key that waits with the moment from which it may write', async () => {
  const cluster = deriving('none');
  cluster.simulation.runFor(60_000);
  const {out: first} = await runVerb(statusVerb(cluster.open));
  expect(first).toMatch(/^role Active, r1-[0-9a-f]{8} is published and may write from \S+Z \(in 4m \d+s\)$/m);
  runRotations(cluster, 1);
  const {out: none} = await runVerb(statusVerb(cluster.open));
  expect(none).toMatch(/^role Active, no key waits$/m);
  cluster.simulation.runFor(900_000);
  const {out} = await runVerb(statusVerb(cluster.open));
  expect(out).toMatch(/^role Active, r2-[0-9a-f]{8} is published and may write when it is due$/m);
  expect(JSON.parse((await runVerb(statusVerb(cluster.open), '-o', 'json')).out)).toMatchObject({
    role: 'Active',
    published: {key: expect.stringMatching(/^r2-/), activateTime: expect.stringMatching(/Z$/)},
  });
});

test('the random strategy ⇒ no role, no published key', async () => {
  const cluster = installed();
  runRotations(cluster, 1);
  expect((await runVerb(statusVerb(cluster.open))).out).not.toMatch(/^role/m);
  const summary = JSON.parse((await runVerb(statusVerb(cluster.open), '-o', 'json')).out);
  expect([summary.role, summary.published]).toEqual([undefined, undefined]);
});
