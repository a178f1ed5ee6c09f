// Drop and rest: how a key leaves the files, line by line of its certificate, and what is said when nothing is due.

import {
  annotation,
  type CleanProof,
  formatTime,
  type NodeReport,
  type Ring,
  type ScanReport,
  seen,
  unknown,
} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {expectNotes, expectRing, expectWait} from './expect-plan.ts';
import {
  blockOf,
  day,
  fileOf,
  found,
  type Given,
  hour,
  layoutOf,
  loadedOf,
  markOf,
  minute,
  now,
  observe,
  r1,
  r2,
  r3,
  restingRing,
  ringAt,
  typeOf,
} from './fixtures.ts';
import {nextRingOf, notedBy, planOf, saidBy} from './reached.ts';

const spec = {retention: {revisions: 1, minAgeMs: day}};
const can: NodeReport['can'] = ['scan'];
const stoppedWriting = {[r1.id]: now - 2 * day};
const old = restingRing([r2, r1], {stoppedWriting});
const scan = {
  id: 'scan-4-69',
  resources: ['secrets', 'configmaps'],
  node: 'n1',
  deep: false,
  clears: [r1.id],
  atMs: now - minute,
};
const proofOf = (key: string, changes: Partial<CleanProof> = {}): CleanProof => ({
  key,
  by: scan.id,
  revision: '950',
  atMs: scan.atMs,
  ...changes,
});
const answer = (counts: ScanReport['counts'], completedAtMs = now): ScanReport => ({
  id: scan.id,
  startedAtMs: now,
  completedAtMs,
  revision: 950,
  // A scan names every type that it looked at.
  counts: {secrets: {}, configmaps: {}, 'deployments.apps': {}, ...counts},
});
const clean = {secrets: {[`aesgcm:${r2.name}`]: 20}, configmaps: {}};

const look = (ring: Ring, given: Omit<Given, 'ring'> = {}) => planOf(observe({ring, spec, every: {can}, ...given}));
const counted = (ring: Ring, counts: ScanReport['counts'], given: Omit<Given, 'ring'> = {}) =>
  look(ring, {...given, nodes: {n1: {can, scan: answer(counts)}}});

function describeCandidates(): void {
  describe('which keys may go', () => {
    test.each([
      ['it is among the newest to be kept', old, {spec: {retention: {revisions: 2, minAgeMs: 0}}}],
      ['it stopped writing less than the least age ago', {...old, stoppedWriting: {[r1.id]: now - day + 1}}, {}],
      ['when it stopped writing is not known', {...old, stoppedWriting: {}}, {}],
      ['a node’s history lacks it', old, {nodes: {n2: {history: [r2.id]}}}],
    ] as [string, Ring, Omit<Given, 'ring'>][])('%s ⇒ it stays', (_, ring, given) => {
      const plan = look(ring, given);
      expectWait(plan, 'Scheduled');
      expectNotes(plan);
    });

    test('a block that we do not manage reads it ⇒ it stays', () => {
      const layout = layoutOf([r2, r1], r2.id, ['secrets'], {
        kept: [{resources: ['leases'], order: [r1.id, 'identity']}],
      });
      expectWait(look({...old, layout}, {spec: {...spec, resources: ['secrets']}}), 'Scheduled');
    });

    test('requests under it may still run ⇒ said', () => {
      const ring = {...old, stoppedWriting: {[r1.id]: now - 189_999}};
      const plan = look(ring, {spec: {retention: {revisions: 1, minAgeMs: 0}}});
      expectWait(plan, 'Scheduled');
      expectNotes(plan, 'Draining');
      expect(plan.wakeAtMs).toBe(50_001_000);
    });

    test.each([
      ['a rotation is under way', ringAt('minting', {stoppedWriting}), 'Minting'],
      [
        'a trial is under way',
        {...old, trial: {id: 't', layout: layoutOf([r2, r1], r1.id), node: 'n1', startedAtMs: now}},
        'Trying',
      ],
    ] as const)('%s ⇒ nothing is dropped', (_, ring, reason) => {
      expect(saidBy(look(ring))[0]).toBe(reason);
    });

    test('a server has not loaded its file ⇒ nothing is dropped', () => {
      expectWait(look(old, {nodes: {n3: {loaded: loadedOf([blockOf(['identity'])])}}}), 'WaitingForLoad');
    });

    test('a member is not known of ⇒ nothing is dropped', () => {
      expectWait(look(old, {facts: {leases: unknown('unavailable: no')}}), 'ReadFailed');
    });

    const key1 = found('aescbc', 'key1');
    const adopted = restingRing([r2, key1], {stoppedWriting: {[key1.id]: now - 2 * day}});

    test('an adopted key ⇒ stays until an operator says its check value', () => {
      const plan = look(adopted);
      expectWait(plan, 'Scheduled');
      expectNotes(plan, 'AdoptedKeysKept');
      expect(plan.notes[0]?.message).not.toContain(key1.check);
    });

    test.each(['all', key1.check, `x, ${key1.check.slice(0, 8)}`])(
      'an adopted key and the word %s ⇒ it may go',
      (word) => {
        const plan = look(adopted, {facts: {ringAnnotations: {[annotation.dropAdopted]: word}}});
        expect(nextRingOf(plan).scan?.id).toBe('scan-4-70');
        expectNotes(plan);
      },
    );
  });
}

function describeCertificate(): void {
  const scanned = {...old, scan};
  const compacted = {...scanned, clean: [proofOf(r1.id, {compactedBy: 'etcd'})]};
  const gate = {id: 'drop-4-60', deed: 'drop', atMs: now - 1000} as const;

  describe('certificate', () => {
    test('no scan yet ⇒ one is asked for', () => {
      expectRing(look(old), old, {
        changes: {scan: {...scan, id: 'scan-4-70', atMs: now, written: {}}},
        reason: 'Verifying',
      });
    });

    test.each([
      ['is a check of values', {...scan, deep: true, clears: undefined}, {}],
      ['was asked for when it was not to leave yet', {...scan, clears: [r2.id]}, {}],
      ['began before the last request under it ended', {...scan, atMs: now - 2 * day + 189_999}, {}],
      ['is older than a restore', scan, {restored: {atMs: scan.atMs, merged: true}}],
    ] as [string, object, Partial<Ring>][])('the scan %s ⇒ another one is asked for', (_, asked, more) => {
      const ring = {...old, ...more, scan: asked} as Ring;
      expect(nextRingOf(counted(ring, clean)).scan?.id).toBe('scan-4-70');
    });

    test('not answered ⇒ said beside what rests', () => {
      const plan = look(scanned);
      expectWait(plan, 'Scheduled');
      expectNotes(plan, 'DropWaiting');
    });

    test('the scan is clean of it ⇒ proof, with the revision of its last page', () => {
      expectRing(counted(scanned, clean), scanned, {changes: {clean: [proofOf(r1.id)]}, reason: 'DropWaiting'});
    });

    test('a value needs it ⇒ it stays, and is looked for again after a minute', () => {
      const dirty = {secrets: {...clean.secrets, [`aesgcm:${r1.name}`]: 1}};
      const plan = counted(scanned, dirty);
      expectWait(plan, 'Scheduled');
      expectNotes(plan, 'DropWaiting');
      const later = look(scanned, {nodes: {n1: {can, scan: answer(dirty, now - minute - 1)}}});
      expect(nextRingOf(later).scan?.id).toBe('scan-4-70');
    });

    test('every line but the last ⇒ each server is asked once more', () => {
      expectRing(look(compacted), compacted, {
        changes: {gate: {id: 'drop-4-70', deed: 'drop', atMs: now}},
        reason: 'AskingServers',
      });
    });

    test('one has not answered ⇒ waits for it, awake, so that the answers do not grow old', () => {
      const plan = look({...compacted, gate}, {nodes: {n2: {can, gate: 'x'}}});
      expectWait(plan, 'AskingServers');
      expect(plan.wakeAtMs).toBe(50_001_000);
    });

    test('all answered ⇒ it leaves the files with a certificate, and that is recorded', () => {
      const asked = {...compacted, gate};
      expectRing(look(asked), asked, {
        changes: {
          keys: [r2],
          layout: layoutOf([r2], r2.id),
          gate: undefined,
          scan: undefined,
          clean: [],
          certificates: [
            {
              key: r1.id,
              check: r1.check,
              stoppedWritingAtMs: now - 2 * day,
              cleanBy: scan.id,
              cleanRevision: '950',
              compactedBy: 'etcd',
              atMs: now,
            },
          ],
        },
        reason: 'Dropping',
        record: {deed: 'drop', what: r1.name, why: 'retention', facts: [`${r1.id}: ${scan.id} at 950`]},
      });
    });

    const attesting = {spec: {retention: {...spec.retention, requireSnapshot: true as const}}};
    const attest = (ring: Ring, text: string | undefined) =>
      look(ring, {
        ...attesting,
        facts: {ringAnnotations: text === undefined ? {} : {[annotation.snapshot]: text}},
      });
    const migratedAtMs = now - hour;

    test.each([
      ['nothing', undefined, 'there is none'],
      ['a word', 'yesterday', 'it is no RFC 3339 time'],
      ['the moment in which the migration ended', formatTime(migratedAtMs), `got ${formatTime(migratedAtMs)}`],
      ['a time that is still to come', formatTime(now + 1_000), 'is in the future'],
    ])('a backup must be attested, and %s is ⇒ it stays, and why is said', (_, text, why) => {
      const plan = attest(compacted, text);
      expectNotes(plan, 'SnapshotMissing');
      expect(plan.notes[0]?.message).toContain(why);
      expect(plan.notes[0]?.message).toContain(formatTime(migratedAtMs));
      expect(plan.actions).toEqual([]);
    });

    test('a later one is attested ⇒ it leaves, and certificate and record name the backup', () => {
      const snapshotAtMs = migratedAtMs + 1_000;
      const plan = attest({...compacted, gate}, ` ${formatTime(snapshotAtMs)}\n`);
      expect(nextRingOf(plan).certificates.at(-1)).toMatchObject({key: r1.id, snapshotAtMs});
      const facts = [`${r1.id}: ${scan.id} at 950`, `backup of ${formatTime(snapshotAtMs)}`];
      expect(plan.actions).toMatchObject([{record: {deed: 'drop', facts}}]);
    });

    test('it wrote again after the last migration ⇒ the backup must be later than its last request', () => {
      const stopped = now - 2 * hour;
      const since = [{...compacted.history[0], completedAtMs: now - 3 * hour} as never];
      const ring = {...compacted, history: since, stoppedWriting: {[r1.id]: stopped}};
      const given = {spec: {retention: {revisions: 1, minAgeMs: 0, requireSnapshot: true as const}}};
      const at = (ms: number) =>
        look(ring, {...given, facts: {ringAnnotations: {[annotation.snapshot]: formatTime(ms)}}});
      expect(notedBy(at(stopped + 190_000))).toContain('SnapshotMissing');
      expect(saidBy(at(stopped + 191_000))).toEqual(['AskingServers']);
    });

    test('a server writes with it again ⇒ its proof is gone and its waiting begins anew', () => {
      const loaded = {
        ...loadedOf([blockOf([r1.id, r2.id, 'identity'])]),
        hash: fileOf([blockOf([r2.id, r1.id, 'identity'])]).hash,
      };
      const ring = {...compacted, gate};
      expectRing(look(ring, {nodes: {n2: {can, loaded}}}), ring, {
        changes: {
          stoppedWriting: {...ring.stoppedWriting, [r1.id]: now},
          clean: [],
          scan: {...scan, clears: []},
        },
        reason: 'UngatedStart',
      });
    });

    test('a scan is asked for ⇒ what was written under the key until then is noted, and told by the proof', () => {
      const encryptions = {[r1.name]: 7, [r2.name]: 90};
      const asked = nextRingOf(look(old, {every: {can, encryptions}}));
      expect(asked.scan?.written).toEqual({[`n1 ${r1.id}`]: 7, [`n2 ${r1.id}`]: 7, [`n3 ${r1.id}`]: 7});
      const ring = {...scanned, scan: {...scan, written: asked.scan?.written ?? {}}};
      const proven = nextRingOf(
        look(ring, {nodes: {n1: {can, scan: answer(clean), encryptions}}, every: {can, encryptions}}),
      );
      expect(proven.clean).toEqual([proofOf(r1.id, {written: ring.scan.written})]);
    });

    test.each<[string, Partial<Ring>]>([
      ['it was proven clean', {clean: [proofOf(r1.id, {compactedBy: 'events-410', written: {[`n2 ${r1.id}`]: 7}})]}],
      ['the scan was asked for', {clean: [], scan: {...scan, written: {[`n2 ${r1.id}`]: 7}}}],
    ])('more was written under it since %s, though no file says so any more ⇒ its waiting begins anew', (_, more) => {
      const ring = {...compacted, gate, ...more};
      const at = (count: number) => look(ring, {nodes: {n2: {can, encryptions: {[r1.name]: count}}}});
      const changes = {
        stoppedWriting: {...ring.stoppedWriting, [r1.id]: now},
        clean: [],
        scan: {...ring.scan, clears: []},
      } as never;
      expectRing(at(8), ring, {changes, reason: 'UngatedStart'});
      expect(at(7).reasons.map(({reason}) => reason)).not.toContain('UngatedStart');
    });

    test('a scan did not see every listed type ⇒ proves nothing', () => {
      const partial = {...answer(clean), counts: {secrets: clean.secrets}};
      const plan = look(scanned, {nodes: {n1: {can, scan: partial}}});
      expect(plan.actions).toEqual([]);
      expect(plan.notes.map(({reason}) => reason)).toContain('ResourceNotServed');
    });

    test('one key is clean and another is not ⇒ the clean one goes all the same', () => {
      const three = restingRing([r3, r2, r1], {
        stoppedWriting: {[r1.id]: now - 2 * day, [r2.id]: now - 2 * day},
        scan: {...scan, clears: [r2.id, r1.id]},
        clean: [proofOf(r1.id, {compactedBy: 'events-410'})],
        gate,
      });
      const plan = counted(three, {secrets: {[`aesgcm:${r2.name}`]: 1}});
      expect(nextRingOf(plan).keys).toEqual([r3, r2]);
      expect(nextRingOf(plan).certificates.map(({key}) => key)).toEqual([r1.id]);
    });
  });
}

function describeCompaction(): void {
  const proven = {...old, scan, clean: [proofOf(r1.id)]};
  const told = (gone: boolean, changes = {}): Partial<NodeReport> => ({
    can,
    compaction: [{by: scan.id, revision: '950', gone, ...changes}],
  });
  const blind = (ring: Ring, given: Omit<Given, 'ring'> = {}) => planOf(observe({ring, spec, ...given}));
  const api = {facts: {compacted: ['950']}};
  const noted = (by: string) => ({changes: {clean: [proofOf(r1.id, {compactedBy: by})]}, reason: 'Dropping'}) as const;

  describe('compaction past the clean proof', () => {
    test('a node that reads etcd tells it ⇒ noted in the proof', () => {
      expectRing(look(proven, {nodes: {n2: told(true)}}), proven, noted('etcd'));
    });

    test.each([
      ['etcd says that history is there', {n2: told(false)}],
      ['no node has asked etcd yet', {}],
      ['etcd spoke of another proof', {n2: told(true, {by: 'scan-3-9'})}],
      ['etcd spoke of another revision', {n2: told(true, {revision: '949'})}],
      ['a node that reads no etcd tells it', {n2: {...told(true), can: []}}],
    ] as const)('%s, while the API calls it gone ⇒ it stays, and the API is not asked', (_, nodes) => {
      const plan = look(proven, {nodes, ...api});
      expectWait(plan, 'Scheduled');
      expectNotes(plan, 'DropWaiting');
    });

    test('etcd is not compacted for an hour ⇒ warns', () => {
      const plan = look({...proven, clean: [proofOf(r1.id, {atMs: now - hour - 1})]}, {nodes: {n2: told(false)}});
      expectNotes(plan, 'HistoryNotCompacted');
    });

    test('no node reads etcd ⇒ the API is asked, and an hour later warns', () => {
      expect(blind(proven).actions).toEqual([{do: 'askCompaction', revisions: ['950']}]);
      expect(saidBy(blind(proven))).toEqual(['DropWaiting']);
      const waiting = {...proven, clean: [proofOf(r1.id, {atMs: now - hour - 1})]};
      expect(saidBy(blind(waiting))).toEqual(['HistoryNotCompacted']);
      expectRing(blind(proven, api), proven, noted('events-410'));
    });

    test('the API calls another revision gone ⇒ asks again', () => {
      const plan = blind(proven, {facts: {compacted: ['949']}});
      expect(plan.actions).toEqual([{do: 'askCompaction', revisions: ['950']}]);
    });

    test.each(['/events', '/secrets'])('a server keeps %s in another etcd ⇒ the API proves nothing', (resource) => {
      const plan = blind(proven, {nodes: {n3: {etcdOverrides: [resource]}}, ...api});
      expectWait(plan, 'Scheduled');
      expectNotes(plan, 'HistoryNotCompacted');
      expect(plan.notes[0]?.nodes).toEqual(['n3']);
    });

    test('servers keep events in another etcd, and one node reads the main one ⇒ it is believed', () => {
      const given = {every: {can, etcdOverrides: ['/events']}, nodes: {n2: told(true)}};
      expectRing(look(proven, given), proven, noted('etcd'));
    });

    test('one server keeps secrets in another etcd by now ⇒ no node that reads the main one is asked or believed', () => {
      const nodes = {n2: told(true), n3: {can, etcdOverrides: ['/secrets']}};
      expectNotes(look(proven, {nodes}), 'HistoryNotCompacted');
      expect(nextRingOf(look(old, {nodes})).proof?.keys).toEqual([r1.id]);
    });

    test('servers keep events in another etcd, and events are encrypted ⇒ no scan of one etcd proves anything', () => {
      const layout = layoutOf([r2, r1], r2.id, ['secrets', 'events']);
      const ring = {...old, layout, accepted: ['events', 'secrets']};
      const types = {secrets: seen([typeOf('secrets')]), events: seen([typeOf('events')])};
      const plan = look(ring, {
        spec: {...spec, resources: ['secrets', 'events']},
        every: {can, etcdOverrides: ['/events']},
        facts: {types},
      });
      expect(nextRingOf(plan).proof?.keys).toEqual([r1.id]);
    });
  });
}

function describeWithoutEtcd(): void {
  const look1 = (ring: Ring) => planOf(observe({ring, spec}));
  const proof = {id: 'pass-4-60', keys: [r1.id], migration: [markOf('configmaps'), markOf('secrets')]};
  const done = (changes: object) => ({
    ...old,
    proof: {
      ...proof,
      migration: [
        markOf('configmaps', {state: 'done', revision: '999', completedAtMs: now - 1000}),
        markOf('secrets', {state: 'done', revision: '1000', completedAtMs: now - 1000, ...changes}),
      ],
    },
  });

  describe('certificate without etcd', () => {
    test('no proof pass yet ⇒ one is begun over everything', () => {
      const migration = [markOf('configmaps', {startedAtMs: now}), markOf('secrets', {startedAtMs: now})];
      expectRing(look1(old), old, {
        changes: {proof: {id: 'pass-4-70', keys: [r1.id], migration, written: {}}},
        reason: 'DropWaiting',
      });
    });

    test('types not read ⇒ none is begun', () => {
      const plan = planOf(observe({ring: old, spec, facts: {types: {}}}));
      expectWait(plan, 'Scheduled');
      expectNotes(plan, 'ReadFailed');
    });

    test('begun ⇒ page by page', () => {
      expect(look1({...old, proof}).actions).toEqual([{do: 'migratePage', of: 'proof'}]);
    });

    test('it changed nothing ⇒ clean since it began, at the highest of its revisions', () => {
      const ring = done({});
      expectRing(look1(ring), ring, {
        changes: {
          proof: undefined,
          clean: [{key: r1.id, by: 'pass-4-60', revision: '1000', atMs: now - 5 * minute}],
        },
        reason: 'DropWaiting',
      });
    });

    test('a revision that is no number ⇒ no proof, and no failure', () => {
      expect(look1(done({revision: 'opaque'})).actions.length).toBe(1);
    });

    test('it changed an object ⇒ begun again', () => {
      const ring = done({rewritten: 1});
      expectRing(look1(ring), ring, {changes: {proof: undefined}, reason: 'DropWaiting'});
    });

    test('objects are blocked ⇒ named, and not all objects are written again before an hour has passed', () => {
      const blocked = {state: 'blocked', blockedCount: 1, blocked: [{namespace: 'a', name: 'b', reason: 'Forbidden'}]};
      const plan = look1(done(blocked));
      expectWait(plan, 'Scheduled');
      expectNotes(plan, 'DropWaiting', 'MigrationBlocked');
      expect(look1(done({...blocked, completedAtMs: now - hour})).actions.length).toBe(1);
    });
  });
}

function describeLeaving(): void {
  describe('a resource on its way out', () => {
    const layout = layoutOf([r1], r1.id, ['secrets']);
    const out = (resource: string): Ring =>
      restingRing([r1], {
        layout: {...layout, resources: [...layout.resources, {resource, write: 'identity', leaving: true}]},
        scan: {...scan, clears: [`resource/${resource}`]},
      });
    const secretsOnly = {retention: spec.retention, resources: ['secrets']};
    const types = {
      secrets: seen([typeOf('secrets')]),
      configmaps: seen([typeOf('configmaps')]),
      '*.apps': seen([typeOf('deployments.apps')]),
    };
    const given = {spec: secretsOnly, facts: {types}};

    test('all in clear ⇒ proof, and in the end the block goes without a certificate of a key', () => {
      const plan = counted(out('configmaps'), {configmaps: {clear: 7}}, given);
      expect(nextRingOf(plan).clean).toEqual([proofOf('resource/configmaps')]);
      const gate = {id: 'drop-4-60', deed: 'drop', atMs: now - 1000} as const;
      const clean = [proofOf('resource/configmaps', {compactedBy: 'etcd'})];
      const dropped = nextRingOf(counted({...out('configmaps'), gate, clean}, {}, given));
      expect(dropped.layout).toEqual(layout);
      expect(dropped.certificates).toEqual([]);
      expect(dropped.keys).toEqual([r1]);
    });

    test('a value is still under a key ⇒ the block stays', () => {
      const plan = counted(out('configmaps'), {configmaps: {clear: 7, [`aesgcm:${r1.name}`]: 1}}, given);
      expectWait(plan, 'Scheduled');
      expectNotes(plan, 'DropWaiting');
    });

    test('a value of one of its types is still under a key ⇒ the wildcard stays', () => {
      const plan = counted(out('*.apps'), {'deployments.apps': {[`aesgcm:${r1.name}`]: 1}}, given);
      expectWait(plan, 'Scheduled');
      expect(notedBy(plan)).toEqual(['DropWaiting']);
      expect(nextRingOf(counted(out('*.apps'), {'deployments.apps': {clear: 1}}, given)).clean).toEqual([
        proofOf('resource/*.apps'),
      ]);
    });

    test('its types are not known ⇒ the block stays', () => {
      const unread = {...given, facts: {types: {...types, configmaps: unknown('unavailable: no')}}};
      expectWait(counted(out('configmaps'), {configmaps: {clear: 7}}, unread), 'Scheduled');
    });

    test('it is listed again ⇒ it enters again', () => {
      const plan = counted(out('configmaps'), {configmaps: {clear: 7}}, {facts: {types}});
      expect(nextRingOf(plan).rotation).toMatchObject({reason: 'resources', adding: ['configmaps']});
    });
  });
}

export function describeDrop(): void {
  describeCandidates();
  describeCertificate();
  describeCompaction();
  describeWithoutEtcd();
  describeLeaving();
}

export function describeRest(): void {
  describe('rest', () => {
    test('the next rotation is far away ⇒ says when, looks again in half a minute', () => {
      const plan = planOf(observe({ring: restingRing(), spec: {rotationIntervalMs: 2 * hour}}));
      expect(plan.reasons).toEqual([{reason: 'Scheduled', message: 'next rotation at 2025-06-15T16:06:40Z'}]);
      expect(plan.wakeAtMs).toBe(50_030_000);
      expect(plan.phase).toBe('Idle');
    });

    test('the last rotation took longer than the interval ⇒ stretched and said', () => {
      const [last] = restingRing().history;
      const slow = {...last, startedAtMs: now - 3 * hour} as NonNullable<typeof last>;
      const plan = planOf(observe({ring: restingRing([r1], {history: [slow]}), spec: {rotationIntervalMs: minute}}));
      expectWait(plan, 'Scheduled', 'IntervalStretched');
    });

    test('most of the write budget is used ⇒ warns with the part', () => {
      const plan = planOf(
        observe({ring: restingRing(), spec: {writeBudget: 300}, every: {encryptions: {[r1.name]: 80}}}),
      );
      expectWait(plan, 'Scheduled', 'WriteBudgetLow');
      expect(plan.reasons[1]?.message).toBe('80 % of the write budget is used');
    });

    test('a file is written in place ⇒ said', () => {
      const problems = [{reason: 'FileNotAtomic', message: 'written in place'}];
      expectNotes(planOf(observe({ring: restingRing(), nodes: {n2: {problems}}})), 'FileNotAtomic');
    });

    test('an agent has long not reported ⇒ said', () => {
      const reports = observe({ring: restingRing()}).reports;
      const silent =
        reports.state === 'seen' ? reports.value.map((each) => ({...each, unchangedForMs: 10 * minute})) : [];
      expectNotes(
        planOf(observe({ring: restingRing(), facts: {reports: seen(silent)}})),
        'AgentSilent',
        'AgentSilent',
        'AgentSilent',
      );
    });
  });
}
