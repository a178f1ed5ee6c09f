// The model's pure parts: texts of time, the spec, layouts as files, records.

import {
  brokenLine,
  emptyLayout,
  formatDuration,
  formatTime,
  isKey,
  keysOf,
  layoutKinds,
  orderOf,
  parseDuration,
  type Ring,
  readNodeReport,
  readRing,
  readSpec,
  renderLayout,
  resourceProblem,
  ringKeys,
  type StoredObject,
  writeEntries,
} from '@etcd-encryption/rotation';
import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {addRecord} from '../../rotation/src/act/record.ts';
import {same} from '../../rotation/src/model/same.ts';
import {parseTime} from '../../rotation/src/model/time-text.ts';
import {layout as anyLayout, runs} from './arbitraries.ts';
import {blockOf, day, found, layoutOf, now, ours, r1, r2, reportOf, restingRing, ringOf} from './fixtures.ts';

describe('durations', () => {
  test.each([
    ['0', 0],
    ['168h', 604_800_000],
    ['168h0m0s', 604_800_000],
    ['1.5h', 5_400_000],
    ['1h30m', 5_400_000],
    ['300ms', 300],
    ['1500us', 2],
    ['.5s', 500],
    ['1.s', 1_000],
    ['1s1ns', 1_000],
  ])('%s ⇒ %i ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each(['', '1', 'h', '1d', '-1h', '+1h', '1h ', ' 1h', '1 h', '1e3s', '1hour', `${'1h'.repeat(40)}`])(
    '%o ⇒ none',
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );

  test('any number of milliseconds written and read ⇒ the same', () => {
    fc.assert(
      fc.property(fc.integer({min: 0, max: 400 * day}), (ms) => {
        expect(parseDuration(formatDuration(ms))).toBe(ms);
      }),
      runs(),
    );
  });
});

test('any time from year 0 to 9999 ⇒ as the platform writes it', () => {
  const times = fc.integer({min: Date.UTC(0) - 62_135_596_800_000, max: 253_402_300_799_999});
  fc.assert(
    fc.property(fc.oneof(times, fc.integer({min: -1000, max: 1000}), fc.constant(-62_167_219_200_000)), (ms) => {
      if (ms < -62_167_219_200_000) return;
      expect(formatTime(ms, true)).toBe(new Date(ms).toISOString());
      expect(formatTime(ms)).toBe(`${new Date(ms).toISOString().slice(0, 19)}Z`);
    }),
    runs(2_000),
  );
});

const config = (spec: unknown, annotations: Record<string, string> = {}): StoredObject => ({
  metadata: {name: 'default', uid: 'u', generation: 7, annotations},
  spec,
});
const problemsOf = (spec: unknown): readonly string[] => {
  const read = readSpec(config(spec));
  return read.outcome === 'invalid' ? read.problems : [];
};

describe('spec', () => {
  test('only resources ⇒ every default', () => {
    expect(readSpec(config({resources: ['secrets']}))).toEqual({
      outcome: 'ok',
      spec: {
        resources: ['secrets'],
        rotationIntervalMs: 604_800_000,
        keyStrategy: 'random',
        mode: 'rotate',
        retention: {revisions: 8, minAgeMs: day},
        migration: {maxInFlight: 64},
        nodes: {writeMode: 'rename'},
        adoption: {replaceKMS: false},
        windows: [],
        generation: 7,
        uid: 'u',
      },
    });
  });

  test('windows ⇒ each with its duration and zone, UTC where none is given', () => {
    const windows = [{action: 'deny', cron: '0 8 * * 1-5', duration: '10h'}];
    const read = readSpec(config({resources: ['secrets'], windows}));
    expect(read.outcome === 'ok' && read.spec.windows).toEqual([
      {action: 'deny', cron: '0 8 * * 1-5', durationMs: 36_000_000, timeZone: 'UTC'},
    ]);
  });

  test('a window with every field wrong ⇒ each is named, with what was expected', () => {
    const windows = [{action: 'perhaps', cron: '', duration: '59s', timeZone: 1}];
    const read = readSpec(config({resources: ['secrets'], windows}));
    expect(read.outcome === 'invalid' && read.problems).toEqual([
      'spec.windows[0].action: expected allow or deny',
      'spec.windows[0].cron: expected five fields, such as 0 2 * * 6',
      'spec.windows[0].timeZone: expected an IANA name, such as Europe/Berlin',
      'spec.windows[0].duration: expected at least 1m, got 59000ms',
    ]);
  });

  test('annotations ⇒ request and pause; an empty request is none, an empty pause is one', () => {
    const read = readSpec(
      config(
        {resources: ['secrets']},
        {'etcd-encryption.alauda.io/rotate': 'x', 'etcd-encryption.alauda.io/pause': ''},
      ),
    );
    expect(read).toMatchObject({spec: {rotateRequest: 'x', pause: ''}});
    const empty = readSpec(config({resources: ['secrets']}, {'etcd-encryption.alauda.io/rotate': ''}));
    expect(empty.outcome === 'ok' && 'rotateRequest' in empty.spec).toBe(false);
  });

  test('every field wrong at once ⇒ every field is named', () => {
    const spec = {
      resources: ['Secrets'],
      rotationInterval: '1 week',
      type: 'aescbc',
      keyStrategy: 'derived',
      mode: 'off',
      nodes: {writeMode: 'copy'},
      retention: {revisions: 0, minAge: 5},
      migration: {maxInFlight: 65},
    };
    const fields = [
      'resources[0]',
      'rotationInterval',
      'type',
      'keyStrategy',
      'mode',
      'nodes.writeMode',
      'retention.revisions',
      'retention.minAge',
      'migration.maxInFlight',
    ];
    const problems = problemsOf(spec);
    for (const field of fields)
      expect(problems.filter((each) => each.startsWith(`spec.${field}`)).length, field).toBe(1);
  });

  test.each([undefined, null, 7, 'x', [], {resources: []}, {resources: 'secrets'}, {resources: [7]}])(
    '%o ⇒ invalid, never a throw',
    (spec) => {
      expect(problemsOf(spec).length).toBeGreaterThan(0);
    },
  );

  test('an interval below a second ⇒ refused', () => {
    expect(problemsOf({resources: ['secrets'], rotationInterval: '999ms'})).toEqual([
      'spec.rotationInterval: expected at least 1s, got 999ms',
    ]);
  });

  test('a resource twice, or covered by a wider one ⇒ refused', () => {
    expect(problemsOf({resources: ['secrets', 'secrets']})).toEqual(['spec.resources[1]: "secrets" stands twice']);
    expect(problemsOf({resources: ['deployments.apps', '*.apps']})).toEqual([
      'spec.resources: "deployments.apps" is already covered by "*.apps"',
    ]);
    expect(problemsOf({resources: ['secrets', '*.']})).toEqual([
      'spec.resources: "secrets" is already covered by "*."',
    ]);
    expect(problemsOf({resources: ['*.*', '*.apps', 'secrets']}).length).toBe(2);
    expect(problemsOf({resources: ['deployments.apps', '*.extra.apps', '*.']})).toEqual([]);
  });

  test.each(['secrets', 'configmaps', '*.', '*.*', '*.apps', 'widgets.example.com', 'events', 'a1-b.c'])(
    'resource %s ⇒ accepted',
    (resource) => {
      expect(resourceProblem(resource)).toBeUndefined();
    },
  );

  test.each([
    '',
    '*',
    'secrets.*',
    'Secrets',
    'secrets/status',
    'secrets.',
    '.apps',
    'a b',
    'a..b',
    'x'.repeat(254),
    'events.events.k8s.io',
    'deployments.extensions',
    'apiserveripinfo',
    'serviceipallocations',
    'servicenodeportallocations',
    'etcdencryptionrings.cluster.alauda.io',
    '*.cluster.alauda.io',
    '*.extensions',
  ])('resource %o ⇒ refused', (resource) => {
    expect(resourceProblem(resource)).toBeTypeOf('string');
  });

  test('the rest of the object ⇒ changes nothing of what is read', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (status) => {
        const object = config({resources: ['secrets']});
        expect(readSpec({...object, status})).toEqual(readSpec(object));
      }),
      runs(),
    );
  });
});

describe('layout', () => {
  const cbc = found('aescbc', 'key1');
  const box = found('secretbox', 'box');
  const keys = ringKeys(ringOf({keys: [r2, r1, cbc, box]}));
  const render = (layout: Parameters<typeof renderLayout>[0], own: Record<string, string> = {}) =>
    renderLayout(layout, keys, (resource) => own[resource]);

  test('resources that are written alike ⇒ one block, in the layout’s order', () => {
    const layout = {
      ...layoutOf([r2, r1], r2.id),
      resources: [
        {resource: 'secrets', write: r2.id},
        {resource: 'events', write: 'identity'},
        {resource: 'configmaps', write: r2.id},
      ],
    };
    expect(render(layout)).toEqual([
      blockOf([r2.id, r1.id, 'identity'], ['secrets', 'configmaps']),
      blockOf(['identity', r2.id, r1.id], ['events']),
    ]);
  });

  test('several providers ⇒ those of the write key first, so that neighbours share one', () => {
    expect(render(layoutOf([r2, r1, cbc, box], cbc.id))).toEqual([blockOf([cbc.id, r2.id, r1.id, box.id, 'identity'])]);
    expect(render(layoutOf([r2, cbc, r1, box], r1.id))).toEqual([blockOf([r1.id, r2.id, cbc.id, box.id, 'identity'])]);
  });

  test('everything is encrypted ⇒ a first block leaves our own group in clear', () => {
    expect(render(layoutOf([r1], r1.id, ['*.*']))).toEqual([
      blockOf(['identity'], ['*.cluster.alauda.io']),
      blockOf([r1.id, 'identity'], ['*.*']),
    ]);
  });

  test('own ⇒ what the node writes now; nothing known ⇒ the first adopted key, and in clear only where none is', () => {
    const layout = layoutOf([r1, cbc], 'own');
    expect(render(layout, {secrets: 'identity'})).toEqual([
      blockOf(['identity', r1.id, cbc.id], ['secrets']),
      blockOf([cbc.id, r1.id, 'identity'], ['configmaps']),
    ]);
    expect(render(layoutOf([r1], 'own'), {})).toEqual([blockOf(['identity', r1.id])]);
    expect(render({...layout, kms: ['kms:{}']}, {secrets: 'kms:{}', configmaps: 'kms:{}'})).toEqual([
      blockOf(['kms:{}', r1.id, cbc.id, 'identity']),
    ]);
  });

  test('kept blocks ⇒ behind ours, word for word', () => {
    const kept = [{resources: ['leases'], order: [cbc.id, 'kms:{}', 'identity']}];
    expect(render({...layoutOf([r1], r1.id), kept}).at(-1)).toEqual({
      resources: ['leases'],
      order: [cbc.id, 'kms:{}', 'identity'],
    });
  });

  test('any layout ⇒ every managed resource once, read through every key and in clear', () => {
    fc.assert(
      fc.property(anyLayout, (layout) => {
        const blocks = renderLayout(layout, ringKeys(ringOf({keys: [ours(4), ours(3), r2, r1]})), () => undefined);
        for (const {resource, write} of layout.resources) {
          const order = orderOf(blocks, resource) ?? [];
          expect(order.filter((entry) => entry === 'identity').length).toBe(1);
          expect(layout.keys.filter((key) => !order.includes(key))).toEqual([]);
          expect(new Set(order).size).toBe(order.length);
          expect(writeEntries(blocks).get(resource)).toBe(write === 'own' ? 'identity' : write);
        }
      }),
      runs(),
    );
  });

  test('kinds ⇒ providers with lengths, resources, kms', () => {
    const layout = {
      ...layoutOf([r1, cbc], r1.id, ['secrets']),
      kms: ['kms:{}'],
      kept: [{resources: ['leases'], order: ['identity']}],
    };
    expect(layoutKinds(layout, keys)).toEqual(['aescbc/32', 'aesgcm/32', 'kms', 'resource/leases', 'resource/secrets']);
    expect(layoutKinds(emptyLayout, keys)).toEqual([]);
  });

  test('keys of a file ⇒ each once, neither identity nor kms', () => {
    expect([...keysOf([blockOf([r1.id, 'identity', 'kms:{}']), blockOf([r1.id, r2.id])])]).toEqual([r1.id, r2.id]);
    expect(isKey('identity') || isKey('kms:{}')).toBe(false);
  });
});

describe('record', () => {
  const line = (what: string) => ({deed: 'activate' as const, what, why: 'schedule', facts: ['n1: x']});
  const chain = ['r1', 'r2', 'r3', 'r4'].reduce<Ring>(
    (ring, what, at) => addRecord(ring, line(what), now + at),
    restingRing(),
  );
  const record = chain.record ?? [];

  test('lines one after the other ⇒ each holds the hash of the one before', () => {
    expect(record.map(({previous}) => previous)).toEqual(['', ...record.slice(0, 3).map(({hash}) => hash)]);
    expect(brokenLine(record)).toBe(-1);
    expect(brokenLine([])).toBe(-1);
  });

  test.each(['what', 'why', 'deed', 'atMs', 'facts', 'hash', 'previous'] as const)(
    '%s of a line is changed ⇒ shows at that line or the next',
    (field) => {
      for (let at = 0; at < record.length; at++) {
        const changed = record.map((each, index) =>
          index === at ? {...each, [field]: field === 'facts' ? [] : field === 'atMs' ? 1 : 'x'} : each,
        );
        const broken = brokenLine(changed as never);
        expect([at, at + 1]).toContain(broken);
      }
    },
  );

  test('a line is taken out of the middle ⇒ shows', () => {
    expect(brokenLine(record.filter((_, index) => index !== 1))).toBe(1);
  });

  test('many lines ⇒ the newest 64 stay and still hold together', () => {
    let ring = restingRing();
    for (let at = 0; at < 70; at++) ring = addRecord(ring, line(`r${at}`), now + at);
    expect(ring.record?.length).toBe(64);
    expect(ring.record?.at(-1)?.what).toBe('r69');
    expect(brokenLine(ring.record ?? [])).toBe(-1);
  });
});

describe('what other releases wrote', () => {
  const ring = restingRing();
  const report = reportOf('n1', ring);

  test('a ring or report of the present version ⇒ read', () => {
    expect(readRing({metadata: {name: 'default'}, spec: ring})).toEqual({outcome: 'ok', ring});
    expect(readNodeReport({metadata: {name: 'n1'}, status: report})).toEqual({outcome: 'ok', report});
  });

  test('a higher version ⇒ refused as newer', () => {
    expect(readRing({metadata: {name: 'default'}, spec: {...ring, v: 2}})).toEqual({outcome: 'newer', v: 2});
    expect(readNodeReport({metadata: {name: 'n1'}, status: {...report, v: 2}})).toEqual({outcome: 'newer', v: 2});
  });

  test('any JSON, or any field taken out ⇒ an outcome, never a throw', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(readRing({metadata: {name: 'x'}, spec: value}).outcome).not.toBe('ok');
        expect(readNodeReport({metadata: {name: 'x'}, status: value}).outcome).not.toBe('ok');
      }),
      runs(),
    );
    for (const field of [
      'v',
      'clusterId',
      'epoch',
      'version',
      'keys',
      'layout',
      'history',
      'members',
      'forgotten',
      'accepted',
      'proven',
      'certificates',
      'clean',
      'stoppedWriting',
      'refusals',
      'settings',
    ] as const) {
      const {[field]: _, ...rest} = ring;
      expect(readRing({metadata: {name: 'x'}, spec: rest}).outcome, field).toBe('malformed');
      expect(readRing({metadata: {name: 'x'}, spec: {...ring, [field]: null}}).outcome, field).toBe('malformed');
    }
    for (const field of [
      'v',
      'node',
      'clusterId',
      'recipient',
      'identity',
      'address',
      'ring',
      'server',
      'file',
      'loaded',
      'history',
      'held',
      'found',
      'highest',
      'problems',
      'encryptions',
      'can',
    ] as const) {
      const {[field]: _, ...rest} = report;
      expect(readNodeReport({metadata: {name: 'x'}, status: rest}).outcome, field).toBe('malformed');
      expect(readNodeReport({metadata: {name: 'x'}, status: {...report, [field]: null}}).outcome, field).toBe(
        'malformed',
      );
    }
  });
});

test('equality ⇒ of content; members in any order, lists in theirs, absent as undefined', () => {
  expect(same({a: 1, b: [1, {c: 2}]}, {b: [1, {c: 2}], a: 1})).toBe(true);
  expect(same({a: undefined}, {})).toBe(true);
  expect(same([1, 2], [2, 1])).toBe(false);
  expect(same([], {})).toBe(false);
  expect(same({a: null}, {})).toBe(false);
  expect(same([1], [1, 2])).toBe(false);
});

describe('times that people write', () => {
  test('what is written is read again, whatever the zone', () => {
    fc.assert(
      fc.property(
        fc.integer({min: -62_135_596_800_000, max: 253_402_300_799_999}),
        fc.integer({min: -840, max: 840}),
        (ms, zone) => {
          expect(parseTime(formatTime(ms, true))).toBe(ms);
          const local = ms + zone * 60_000;
          if (local < -62_135_596_800_000 || local > 253_402_300_799_999) return;
          const [hours, minutes] = [Math.floor(Math.abs(zone) / 60), Math.abs(zone) % 60];
          const offset = `${zone < 0 ? '-' : '+'}${String(hours).padStart(2, '0')}:${String(minutes).padStart(2, '0')}`;
          expect(parseTime(`${formatTime(local, true).slice(0, -1)}${offset}`)).toBe(ms);
        },
      ),
    );
  });

  test.each([
    ['2026-11-25T17:00:00Z', Date.UTC(2026, 10, 25, 17)],
    ['2026-11-25t17:00:00.1239z', Date.UTC(2026, 10, 25, 17, 0, 0, 123)],
    ['2024-02-29T00:00:00+01:00', Date.UTC(2024, 1, 28, 23)],
    ['2025-02-29T00:00:00Z', undefined],
    ['2026-13-01T00:00:00Z', undefined],
    ['2026-11-25T24:00:00Z', undefined],
    ['2026-11-25T17:00:00+24:00', undefined],
    ['2026-11-25 17:00:00Z', undefined],
    ['2026-11-25T17:00:00', undefined],
    ['1764090000', undefined],
  ])('%s ⇒ %s', (text, ms) => {
    expect(parseTime(text)).toBe(ms);
  });
});
