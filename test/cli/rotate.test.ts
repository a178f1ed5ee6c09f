// `rotate`, `pause` and `resume` on a simulated cluster: the words of people, and what the engine makes of them.

import {annotation, configResource, failed} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {UnreachableError, UsageError} from '../../cli/src/verb.ts';
import {pauseVerb} from '../../cli/src/verbs/pause.ts';
import {resumeVerb} from '../../cli/src/verbs/resume.ts';
import {rotateVerb} from '../../cli/src/verbs/rotate.ts';
import {expectValue} from '../ports/answers.ts';
import {runVerb} from './command.ts';
import {installed, runRotations, type SimulatedCluster} from './simulated-cluster.ts';

function annotationOf({person}: SimulatedCluster, name: string): string | undefined {
  const object = expectValue(person['store.get']({resource: configResource, name: 'default'}));
  return object?.metadata.annotations?.[name];
}

describe('rotate', () => {
  test('--wait ⇒ progress with counts, and the end when that request’s rotation is complete', async () => {
    const cluster = installed();
    runRotations(cluster, 1);
    const ran = await runVerb(rotateVerb(cluster.open), '--reason', 'quarterly', '--wait');
    expect(ran.code).toBe(0);
    const [requested, complete] = ran.out.trim().split('\n');
    expect(requested).toMatch(/^requested: quarterly \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(complete).toMatch(/^complete: r2 is the write key everywhere; 30 values rewritten in \d/);
    const lines = ran.err.trim().split('\n');
    expect(lines.length).toBeGreaterThan(30);
    expect(ran.err).toMatch(/^ +\d+s {2}Distributing \(nodes \d\/\d\), about .* left: /m);
    expect(annotationOf(cluster, annotation.rotate)).toBe(requested?.slice('requested: '.length));
  });

  test('the same reason twice ⇒ two requests and two rotations', async () => {
    const cluster = installed();
    runRotations(cluster, 1);
    const [first, second] = [
      await runVerb(rotateVerb(cluster.open), '--reason', 'drill', '--wait'),
      await runVerb(rotateVerb(cluster.open), '--reason', 'drill', '--wait'),
    ];
    expect([first.code, second.code]).toEqual([0, 0]);
    expect(second.out).toContain('complete: r3 is the write key');
  });

  test('paused ⇒ it says so, waits until the time-out, and ends in 1; the request stays', async () => {
    const cluster = installed();
    runRotations(cluster, 1);
    await runVerb(pauseVerb(cluster.open), '--reason', 'audit');
    const ran = await runVerb(rotateVerb(cluster.open), '--reason', 'drill', '--wait', '--timeout', '20s');
    expect(ran.code).toBe(1);
    expect(ran.err).toContain('it is paused (audit): the request waits for resume');
    expect(ran.err).toMatch(/not complete after 20s; the request stays\. Blocked: audit/);
    expect(annotationOf(cluster, annotation.rotate)).toMatch(/^drill /);
    await runVerb(resumeVerb(cluster.open));
    runRotations(cluster, 2);
  });

  test('a node whose server is down ⇒ the trouble is named when the time-out passes', async () => {
    const cluster = installed();
    runRotations(cluster, 1);
    cluster.simulation.powerLoss('node-2');
    const ran = await runVerb(rotateVerb(cluster.open), '--reason', 'drill', '--wait', '--timeout', '5m');
    expect(ran.code).toBe(1);
    expect(ran.err).toMatch(/not complete after 5m; the request stays\..*node-2/);
  });

  test('another request before it began ⇒ the wait ends in 1', async () => {
    const cluster = installed();
    runRotations(cluster, 1);
    await runVerb(pauseVerb(cluster.open), '--reason', 'audit');
    let replaced = false;
    const open: SimulatedCluster['open'] = (input) => {
      const client = cluster.open(input);
      const sleep: (typeof client.clock)['clock.sleep'] = async (args) => {
        if (!replaced) await runVerb(rotateVerb(cluster.open), '--reason', 'other');
        replaced = true;
        return client.clock['clock.sleep'](args);
      };
      return {...client, clock: {...client.clock, 'clock.sleep': sleep}};
    };
    const ran = await runVerb(rotateVerb(open), '--reason', 'mine', '--wait');
    expect(ran.code).toBe(1);
    expect(ran.err).toContain('another request took the place of this one');
  });

  test('a write that conflicts, and one whose answer is lost ⇒ the request stands once', async () => {
    const cluster = installed();
    runRotations(cluster, 1);
    const failures = [failed('conflict', 'changed'), failed('ambiguous', 'reset')];
    const written: (string | undefined)[] = [];
    const open: SimulatedCluster['open'] = (input) => {
      const client = cluster.open(input);
      const replace: (typeof client.store)['store.replace'] = async (args) => {
        const failure = failures.shift();
        if (failure?.ok === false && failure.error.code === 'conflict') return failure;
        written.push(args.object.metadata.annotations?.[annotation.rotate]);
        const answer = await client.store['store.replace'](args);
        return failure ?? answer;
      };
      return {...client, store: {...client.store, 'store.replace': replace}};
    };
    const ran = await runVerb(rotateVerb(open), '--reason', 'drill');
    expect(ran.code).toBe(0);
    expect(written).toEqual([annotationOf(cluster, annotation.rotate)]);
  });

  test('refused or unreachable ⇒ an error that ends in exit code 4', async () => {
    const cluster = installed();
    const open: SimulatedCluster['open'] = (input) => {
      const client = cluster.open(input);
      return {...client, store: {...client.store, 'store.replace': async () => failed('denied', 'forbidden')}};
    };
    const ran = await runVerb(rotateVerb(open), '--reason', 'drill');
    expect(ran.error).toBeInstanceOf(UnreachableError);
    expect(String(ran.error)).toContain('EtcdEncryptionConfig/default: forbidden');
  });

  test.each([
    [['--reason', ' ']],
    [['--reason', 'two\nlines']],
    [['--reason', 'x'.repeat(257)]],
    [['--wait']],
    [['--reason', 'r', '--timeout', '5m']],
    [['--reason', 'r', '--wait', '--timeout', 'soon']],
  ])('%j ⇒ usage error, nothing is asked', async (args) => {
    const cluster = installed();
    const ran = await runVerb(rotateVerb(cluster.open), ...args);
    expect(ran.error).toBeInstanceOf(UsageError);
    expect(annotationOf(cluster, annotation.rotate)).toBeUndefined();
  });
});

describe('pause and resume', () => {
  test('pause ⇒ the annotation; again ⇒ the word before is told; resume ⇒ it is gone', async () => {
    const cluster = installed();
    expect((await runVerb(pauseVerb(cluster.open), '--reason', 'audit')).out).toContain('paused: audit;');
    expect((await runVerb(pauseVerb(cluster.open), '--reason', 'upgrade')).out).toContain('(before: audit)');
    expect(annotationOf(cluster, annotation.pause)).toBe('upgrade');
    expect((await runVerb(resumeVerb(cluster.open))).out).toBe('resumed (paused before: upgrade)\n');
    expect(annotationOf(cluster, annotation.pause)).toBeUndefined();
    expect((await runVerb(resumeVerb(cluster.open))).out).toBe('it was not paused\n');
  });

  test('pause without a config ⇒ an error that names what is missing', async () => {
    const {open} = installed({}, {config: false});
    const ran = await runVerb(pauseVerb(open), '--reason', 'audit');
    expect(String(ran.error)).toContain('EtcdEncryptionConfig/default: there is none in this cluster');
  });
});
