// One page of the migration against a store in a map: what each answer of the server makes of an object and its mark.

import {
  driveSync,
  failed,
  type ListRequest,
  type MigrationMark,
  newControllerMemory,
  newLeaseMemory,
  ok,
  type PortError,
  planController,
  type Result,
  type Ring,
  type Rotation,
  type StoredObject,
  type SyncPorts,
  seen,
} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {migratePage} from '../../rotation/src/act/migrate.ts';
import type {ControllerMemory} from '../../rotation/src/observe/cluster.ts';
import {markOf, now, observe, ringAt} from './fixtures.ts';

const object = (name: string, changes: Partial<StoredObject['metadata']> = {}): StoredObject => ({
  metadata: {namespace: 'a', name, uid: `uid-${name}`, resourceVersion: '10', ...changes},
});

type Rewrite = (name: string, version: string, time: number) => Result<{resourceVersion: string}>;

interface Outcome {
  readonly result: Result<unknown>;
  readonly mark: MigrationMark | undefined;
  readonly asked: readonly string[];
  readonly sleptMs: number;
  readonly memory: ControllerMemory;
}

interface Given {
  readonly items?: readonly StoredObject[];
  readonly rewrite?: Rewrite;
  /** What a name reads as when it is read again; absent = a newer version. */
  readonly again?: (name: string) => Result<readonly StoredObject[]>;
  readonly list?: Result<{readonly continue?: string}>;
  readonly mark?: Partial<MigrationMark>;
  readonly replace?: PortError;
}

/** Runs one page over `secrets`. */
function page(given: Given): Outcome {
  const {items = [object('x')], mark = {}} = given;
  const base = ringAt('converged');
  const ring: Ring = {...base, rotation: {...base.rotation, migration: [markOf('secrets', mark)]} as Rotation};
  const observation = observe({ring, facts: {ring: seen(ring, '7000')}});
  const memory = newControllerMemory(newLeaseMemory('me'), function* () {
    yield {op: 'clock.now', args: {}} as const;
    return seen([]);
  });
  memory.ringObject = {metadata: {name: 'default', resourceVersion: '7000'}, spec: ring};
  const asked: string[] = [];
  const times = new Map<string, number>();
  let stored: Ring | undefined;
  let sleptMs = 0;
  const ports: Partial<SyncPorts> = {
    'clock.now': () => ok({wallMs: now, monotonicMs: 1}),
    'clock.sleep': ({ms}) => {
      sleptMs += ms;
      return ok('slept');
    },
    'store.list': (request: ListRequest) => {
      asked.push(`list ${request.onlyName ?? request.continue ?? ''}`.trim());
      expect(request.metadataOnly).toBe(true);
      if (request.onlyName !== undefined) {
        const read = given.again?.(request.onlyName) ?? ok([object(request.onlyName, {resourceVersion: '11'})]);
        return read.ok ? ok({items: read.value, resourceVersion: '951'}) : read;
      }
      if (given.list?.ok === false) return given.list;
      return ok({items, resourceVersion: '950', ...(given.list?.ok === true ? given.list.value : {})});
    },
    'store.rewrite': ({name, uid, resourceVersion}) => {
      asked.push(`rewrite ${name} ${resourceVersion}`);
      expect(uid).toBe(`uid-${name}`);
      const time = (times.get(name) ?? 0) + 1;
      times.set(name, time);
      return (given.rewrite ?? (() => ok({resourceVersion: '12'})))(name, resourceVersion, time);
    },
    'store.replace': ({object: next}) => {
      if (given.replace !== undefined) return failed(given.replace.code, given.replace.message);
      expect(next.metadata.resourceVersion).toBe('7000');
      stored = next.spec as Ring;
      return ok({...next, metadata: {...next.metadata, resourceVersion: '7001'}});
    },
  };
  const result = driveSync(migratePage({memory, observation, plan: planController(observation)}, 'rotation'), ports);
  return {result, mark: stored?.rotation?.migration[0], asked, sleptMs, memory};
}

const done = (changes: Partial<MigrationMark> = {}): MigrationMark =>
  markOf('secrets', {state: 'done', seen: 1, rewritten: 1, revision: '950', completedAtMs: now, ...changes});

describe('a page', () => {
  test('every object changes its version ⇒ rewritten, and the last page ends the pass', () => {
    const outcome = page({items: [object('x'), object('y')]});
    expect(outcome.mark).toEqual(done({seen: 2, rewritten: 2}));
    expect(outcome.asked).toEqual(['list', 'rewrite x 10', 'rewrite y 10']);
  });

  test('an object keeps its version ⇒ looked at, not rewritten', () => {
    expect(page({rewrite: (_, version) => ok({resourceVersion: version})}).mark).toEqual(done({rewritten: 0}));
  });

  test('there is another page ⇒ the mark carries its token', () => {
    const outcome = page({list: ok({continue: 'next'})});
    expect(outcome.mark).toEqual(markOf('secrets', {state: 'running', token: 'next', seen: 1, rewritten: 1}));
    expect(page({mark: {state: 'running', token: 'next', seen: 1, rewritten: 1}})).toMatchObject({
      asked: ['list next', 'rewrite x 10'],
      mark: done({seen: 2, rewritten: 2}),
    });
  });

  test('nothing is there ⇒ done', () => {
    expect(page({items: []}).mark).toEqual(done({seen: 0, rewritten: 0}));
  });
});

describe('an object', () => {
  test('409, then written ⇒ read again at its new version, rewritten', () => {
    const outcome = page({
      rewrite: (_, version) => (version === '10' ? failed('conflict', '409') : ok({resourceVersion: '12'})),
    });
    expect(outcome.asked).toEqual(['list', 'rewrite x 10', 'list x', 'rewrite x 11']);
    expect(outcome.mark).toEqual(done());
  });

  test('409, then the same version ⇒ somebody else has written it', () => {
    const outcome = page({
      rewrite: (_, version) => (version === '10' ? failed('conflict', '409') : ok({resourceVersion: version})),
    });
    expect(outcome.mark).toEqual(done({rewritten: 0}));
  });

  test('it may have happened ⇒ read again', () => {
    const outcome = page({
      rewrite: (_, version) => (version === '10' ? failed('ambiguous', 'timed out') : ok({resourceVersion: version})),
    });
    expect(outcome.asked).toEqual(['list', 'rewrite x 10', 'list x', 'rewrite x 11']);
    expect(outcome.mark).toEqual(done({rewritten: 0}));
  });

  test.each([
    ['404', {rewrite: () => failed('gone', '404', {reason: 'NotFound'})}],
    ['409 and then no object', {rewrite: () => failed('conflict', '409'), again: () => ok([])}],
    [
      '409 and then another uid',
      {rewrite: () => failed('conflict', '409'), again: () => ok([object('x', {uid: 'other'})])},
    ],
  ] as [string, Given][])('%s ⇒ done, never made again', (_, given) => {
    expect(page(given).mark).toEqual(done({rewritten: 0}));
  });

  test.each([
    ['denied', 'Forbidden', 'admission webhook "w" denied it'],
    ['invalid', 'Invalid', 'spec.x: Required value'],
    ['invalid', 'RequestEntityTooLarge', 'limit is 3145728'],
  ] as const)('%s %s ⇒ blocked, named with who said so; the others go on', (code, reason, message) => {
    const outcome = page({
      items: [object('x'), object('y')],
      rewrite: (name) => (name === 'x' ? failed(code, message, {reason}) : ok({resourceVersion: '12'})),
    });
    expect(outcome.mark).toEqual(
      done({
        state: 'blocked',
        seen: 2,
        blocked: [{namespace: 'a', name: 'x', reason: `${reason}: ${message}`}],
        blockedCount: 1,
        attempts: 1,
        lastAttemptAtMs: now,
      }),
    );
  });

  test('thirty are blocked ⇒ twenty are listed, all are counted', () => {
    const items = Array.from({length: 30}, (_, at) => object(`x${at}`));
    const {mark} = page({items, rewrite: () => failed('denied', 'no')});
    expect(mark?.blocked.length).toBe(20);
    expect(mark?.blockedCount).toBe(30);
  });

  test('written by somebody all the time ⇒ four tries, then the pass proves nothing and another one follows', () => {
    const outcome = page({rewrite: () => failed('conflict', '409')});
    expect(outcome.asked.filter((each) => each.startsWith('rewrite')).length).toBe(4);
    expect(outcome.mark).toMatchObject({state: 'pending', pass: 2, seen: 0});
    expect(outcome.mark).not.toHaveProperty('broken');
  });

  test('etcd has no space ⇒ the page ends at once without a mark, and what was said is remembered', () => {
    const items = Array.from({length: 100}, (_, at) => object(`x${at}`));
    const message = 'etcdserver: mvcc: database space exceeded';
    const full = page({items, rewrite: () => failed('ambiguous', message, {reason: 'InternalError'})});
    expect(full.result).toMatchObject({ok: false, error: {code: 'unavailable'}});
    expect(full.mark).toBeUndefined();
    expect(full.asked.length).toBeLessThan(items.length);
    expect(full.memory.spaceExceeded).toEqual({atMs: 1, message: `secrets: ${message}`});
    expect(full.memory.pace.inFlight).toBe(1);
    expect(page({}).memory.spaceExceeded).toBeUndefined();
  });

  test('the server pushes back once ⇒ waits as long as it says, then goes on', () => {
    const outcome = page({
      rewrite: (_, _v, time) =>
        time === 1 ? failed('unavailable', '429', {retryAfterMs: 3_000}) : ok({resourceVersion: '12'}),
    });
    expect(outcome.sleptMs).toBe(3_000);
    expect(outcome.mark).toEqual(done());
  });
});

describe('the list', () => {
  const running = {state: 'running', token: 'old', seen: 500, rewritten: 400} as const;

  test('410 with a token ⇒ goes on there, and one more pass is needed', () => {
    const outcome = page({mark: running, list: failed('gone', 'expired', {continue: 'fresh'})});
    expect(outcome.mark).toEqual(markOf('secrets', {...running, token: 'fresh', broken: true}));
    expect(page({mark: {...running, token: 'fresh', broken: true}}).mark).toMatchObject({
      state: 'pending',
      pass: 2,
      seen: 0,
      rewritten: 401,
    });
  });

  test('410 without a token ⇒ from the beginning', () => {
    const {token: _, ...rest} = markOf('secrets', running);
    expect(page({mark: running, list: failed('gone', 'expired')}).mark).toEqual({...rest, state: 'pending', seen: 0});
  });

  test.each(['gone', 'unavailable', 'denied'] as const)('%s on the first page ⇒ told, and the mark stays', (code) => {
    const outcome = page({list: failed(code, 'no')});
    expect(outcome.result).toMatchObject({ok: false, error: {code, message: 'secrets: no'}});
    expect(outcome.mark).toBeUndefined();
  });

  test('the ring has moved on ⇒ told; the page will be looked at again', () => {
    const outcome = page({replace: {code: 'conflict', message: '409'}});
    expect(outcome.result).toMatchObject({ok: false, error: {code: 'conflict'}});
  });
});
