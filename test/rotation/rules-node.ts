// The agent's plan for its node, and what the loop names when a deed fails.

import {
  driveSync,
  failed,
  type NodeAction,
  type NodeObservation,
  newAgentMemory,
  ok,
  type PortError,
  type SyncPorts,
  seen,
  unknown,
} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {agentPeriod} from '../../rotation/src/loop/agent.ts';
import type {AgentMemory} from '../../rotation/src/observe/agent-memory.ts';
import {
  blockOf,
  clear,
  day,
  found,
  type GivenNode,
  hashOf,
  hour,
  keyObjectOf,
  layoutOf,
  minute,
  now,
  observeNode,
  ours,
  r1,
  r2,
  rendered,
  reportOf,
  restingRing,
  ringAt,
  ringOf,
} from './fixtures.ts';
import {nodePlanOf, reached} from './reached.ts';

const resting = restingRing();
const doing = (o: NodeObservation): readonly string[] => nodePlanOf(o).actions.map((action) => action.do);
const problemsOf = (o: NodeObservation): readonly string[] => nodePlanOf(o).problems.map(({reason}) => reason);

function describeEvidence(): void {
  describe('what its server has loaded', () => {
    const after = {form: 'labelled', loadedHash: undefined} as const;
    test.each([
      ['the hash of the file', {}, {state: 'known', hash: hashOf(rendered(resting))}],
      ['the hash of no file of this node', {evidence: {loadedHash: 'f00d'}}, {state: 'unknown'}],
      ['no hash, though its release shows one', {evidence: {loadedHash: undefined}}, {state: 'unknown'}],
      [
        'an older release that reloaded after the change',
        {evidence: {...after, lastReloadSuccessMs: now}},
        {state: 'known'},
      ],
      ['an older release that started after the change', {evidence: {...after, processStartMs: now}}, {state: 'known'}],
      [
        'an older release that reloaded within the second of the change',
        {evidence: {...after, lastReloadSuccessMs: now - 10 * minute + 1_000}},
        {state: 'unknown'},
      ],
      [
        'no reload metrics',
        {evidence: {...after, form: 'none'}},
        {state: 'unknown', why: 'the server shows no reload metrics'},
      ],
      [
        'another server answers',
        {evidence: {identityHashes: ['hash-n2']}},
        {state: 'unknown', why: 'its server is foreign'},
      ],
      ['nothing listens', {facts: {serverDown: 'refused'}}, {state: 'unknown', why: 'its server is down'}],
      [
        'not asked',
        {facts: {evidence: unknown('unavailable: timed out')}},
        {state: 'unknown', why: 'its server is unknown'},
      ],
    ] as const)('%s ⇒ %#', (_, given, loaded) => {
      expect(nodePlanOf(observeNode({ring: resting, ...(given as GivenNode)})).loaded).toMatchObject(loaded);
    });
  });
}

function describeKeys(): void {
  describe('keys on the node', () => {
    test('all is well ⇒ nothing to do', () => {
      expect(nodePlanOf(observeNode({ring: resting}))).toMatchObject({actions: [], problems: []});
    });

    test('no identity yet ⇒ one is made', () => {
      expect(doing(observeNode({ring: resting, facts: {recipient: {state: 'absent'}}}))).toEqual(['makeIdentity']);
    });

    test('files that are not ours ⇒ moved aside before anything is appended', () => {
      const facts = {foreignFiles: ['/a', '/b'], history: seen({keys: [], damaged: 0, foreign: true, newer: false})};
      expect(nodePlanOf(observeNode({ring: resting, facts})).actions).toEqual([
        {do: 'moveAside', path: '/a'},
        {do: 'moveAside', path: '/b'},
      ]);
    });

    test('keys are held that the history lacks ⇒ appended, sorted', () => {
      const o = observeNode({ring: resting, keys: [r2, r1], facts: {history: {state: 'absent'}}});
      expect(nodePlanOf(o).actions).toEqual([{do: 'appendHistory', keys: [r1.id, r2.id].sort()}]);
    });

    test('the history cannot be read ⇒ named, and no file is written', () => {
      const o = observeNode({ring: ringAt('distributed'), file: clear, facts: {history: unknown('unavailable: EIO')}});
      expect(problemsOf(o)).toEqual(['HistoryNotWritable']);
      expect(doing(o)).toEqual([]);
    });

    test('lines of the history are damaged, or of a newer release ⇒ named', () => {
      const facts = {history: seen({keys: [r1.id], damaged: 2, foreign: false, newer: true})};
      expect(problemsOf(observeNode({ring: resting, facts}))).toEqual(['NewerRelease', 'HistoryDamaged']);
    });

    test('a key of the ring is not held ⇒ opened', () => {
      const o = observeNode({ring: ringAt('minted'), keys: [r1]});
      expect(nodePlanOf(o).actions).toEqual(
        [
          {do: 'writeState', state: {v: 1, clusterId: 'c1', epoch: 4, generation: 0, bundle: '', revision: 2}},
          {do: 'openKey', object: 'r2'},
        ].slice(1),
      );
    });

    test('several keys that vouch for each other are not held ⇒ each is opened once, the oldest first', () => {
      const chain = [1, 2, 3, 4].map((revision) => ours(revision));
      const objects = chain.map((key, at) => ({
        ...keyObjectOf(key),
        ...(at === 0 ? {} : {voucher: {key: chain[at - 1]?.id ?? '', mac: 'mac'}}),
      }));
      const ring = restingRing([...chain].reverse());
      const o = observeNode({ring, keys: [], facts: {keyObjects: seen(objects)}});
      const opened = nodePlanOf(o).actions.flatMap((action) => (action.do === 'openKey' ? [action.object] : []));
      expect(opened).toEqual(['r1', 'r2', 'r3', 'r4']);
    });

    test('a key of the ring is not held and no object has it ⇒ named', () => {
      const o = observeNode({ring: ringAt('minted'), keys: [r1], facts: {keyObjects: seen([keyObjectOf(r1)])}});
      expect(problemsOf(o)).toContain('KeyNotHeld');
    });

    test('a held key has no object ⇒ sealed', () => {
      expect(nodePlanOf(observeNode({ring: resting, facts: {keyObjects: seen([])}})).actions).toEqual([
        {do: 'sealKey', key: r1.id},
      ]);
    });

    test('an object lacks a recipient that is genuine ⇒ sealed again', () => {
      const o = observeNode({ring: resting, facts: {keyObjects: seen([keyObjectOf(r1, ['age1n1', 'age1n2'])])}});
      expect(nodePlanOf(o).actions).toEqual([{do: 'reseal', object: 'r1'}]);
    });

    test('a recipient is no control-plane node ⇒ nothing is sealed for it', () => {
      const recipients = seen([{node: 'n8', recipient: 'age1n8', genuine: false}]);
      const o = observeNode({ring: resting, facts: {recipients, keyObjects: seen([keyObjectOf(r1, ['age1n1'])])}});
      expect(doing(o)).toEqual([]);
    });

    test('this node shall mint and has not ⇒ mints; its report says so ⇒ does not', () => {
      const ring = ringAt('minting');
      expect(nodePlanOf(observeNode({ring})).actions).toEqual([{do: 'mint', id: 'mint-r2-4-60', revision: 2}]);
      const minted = {id: 'mint-r2-4-60', revision: 2, name: r2.name, check: r2.check};
      expect(doing(observeNode({ring, facts: {previous: seen(reportOf('n1', ring, {minted}))}}))).toEqual([]);
      expect(doing(observeNode({ring, facts: {node: 'n2'}}))).toEqual([]);
    });

    test('the ring has a higher epoch or revision than the state ⇒ written down', () => {
      const o = observeNode({
        ring: {...resting, epoch: 6},
        facts: {state: seen({v: 1, clusterId: 'c1', epoch: 4, generation: 3, bundle: 'b', revision: 9})},
      });
      expect(nodePlanOf(o).actions).toEqual([
        {do: 'writeState', state: {v: 1, clusterId: 'c1', epoch: 6, generation: 3, bundle: 'b', revision: 9}},
      ]);
    });

    test.each([
      ['ring not read', {ring: unknown('unavailable: no')}, ['ReadFailed']],
      ['cluster id not read', {clusterId: unknown('unavailable: no')}, ['ReadFailed']],
      ['ring of another cluster', {clusterId: seen('c2')}, ['ForeignRing']],
      [
        'node of another cluster',
        {state: seen({v: 1, clusterId: 'c2', epoch: 1, generation: 0, bundle: '', revision: 1})},
        ['ForeignRing'],
      ],
      [
        'ring of a lower epoch',
        {state: seen({v: 1, clusterId: 'c1', epoch: 5, generation: 0, bundle: '', revision: 1})},
        ['GuardRefused'],
      ],
    ] as const)('%s ⇒ named, and nothing of the ring is done', (_, facts, problems) => {
      const o = observeNode({
        ring: ringAt('activated'),
        file: rendered(ringAt('distributed')),
        facts: facts as Partial<NodeObservation>,
      });
      expect(problemsOf(o)).toEqual(problems);
      expect(doing(o)).toEqual([]);
    });
  });
}

function describeFile(): void {
  const distributed = ringAt('distributed');
  const activated = ringAt('activated');
  const written = (o: NodeObservation) =>
    nodePlanOf(o).actions.flatMap((action) => (action.do === 'writeFile' ? [action.blocks] : []));

  describe('file on the node', () => {
    test('the ring has one more read key ⇒ it is added behind the write key', () => {
      const o = observeNode({ring: distributed, file: rendered(resting)});
      expect(written(o)).toEqual([[blockOf([r1.id, r2.id, 'identity'])]]);
    });

    test('the ring has a new write key and its server has it loaded ⇒ it is put in front', () => {
      expect(written(observeNode({ring: activated, file: rendered(distributed)}))).toEqual([
        [blockOf([r2.id, r1.id, 'identity'])],
      ]);
    });

    test('the ring has a new write key that its server has not loaded ⇒ added only', () => {
      const o = observeNode({ring: activated, file: rendered(resting)});
      expect(written(o)).toEqual([[blockOf([r1.id, r2.id, 'identity'])]]);
    });

    test.each([
      ['up', {}],
      ['down', {serverDown: 'refused'}],
    ] as const)(
      'etcd was restored, histories are not in the ring yet, the server is %s ⇒ the file goes on writing with its key',
      (_, facts) => {
        const restored = (merged: boolean) => ({...distributed, restored: {atMs: now, merged}});
        const file = rendered(activated);
        expect(written(observeNode({ring: restored(false), file, facts}))).toEqual([]);
        expect(written(observeNode({ring: restored(true), file, facts}))).toEqual([
          [blockOf([r1.id, r2.id, 'identity'])],
        ]);
      },
    );

    test('no server runs here ⇒ the whole ring in its order', () => {
      const o = observeNode({ring: activated, file: rendered(resting), facts: {serverDown: 'refused'}});
      expect(written(o)).toEqual([[blockOf([r2.id, r1.id, 'identity'])]]);
    });

    test('no file and no server ⇒ the whole ring', () => {
      const o = observeNode({
        ring: activated,
        facts: {file: {state: 'absent'}, known: new Map(), serverDown: 'refused'},
      });
      expect(written(o)).toEqual([[blockOf([r2.id, r1.id, 'identity'])]]);
    });

    test('somebody added a key by hand ⇒ it is kept', () => {
      const extra = found('aescbc', 'key1');
      const o = observeNode({ring: resting, file: [blockOf([r1.id, extra.id, 'identity'])], keys: [r1, extra]});
      expect(doing(o)).toEqual([]);
      const moved = observeNode({ring: resting, file: [blockOf([extra.id, r1.id, 'identity'])], keys: [r1, extra]});
      expect(written(moved)).toEqual([[blockOf([r1.id, extra.id, 'identity'])]]);
    });

    test('somebody took a key out by hand ⇒ it comes back', () => {
      expect(written(observeNode({ring: distributed, file: rendered(resting)}))[0]?.[0]?.order).toContain(r2.id);
    });

    test('a key has a certificate ⇒ it leaves the file', () => {
      const certificate = {
        key: r1.id,
        check: r1.check,
        stoppedWritingAtMs: 0,
        cleanBy: 's',
        cleanRevision: '1',
        compactedBy: 'etcd',
        atMs: now,
      };
      const ring = restingRing([r2], {certificates: [certificate]});
      const o = observeNode({ring, file: [blockOf([r2.id, r1.id, 'identity'])], keys: [r2, r1]});
      expect(written(o)).toEqual([[blockOf([r2.id, 'identity'])]]);
    });

    test('the node was away and writes with a key that has a certificate by now ⇒ add, load, reorder, load, drop', () => {
      const certificate = {
        key: r1.id,
        check: r1.check,
        stoppedWritingAtMs: 0,
        cleanBy: 's',
        cleanRevision: '1',
        compactedBy: 'etcd',
        atMs: now,
      };
      const ring = restingRing([r2], {certificates: [certificate]});
      const first = [blockOf([r1.id, 'identity'])];
      const added = [blockOf([r1.id, r2.id, 'identity'])];
      const reordered = [blockOf([r2.id, r1.id, 'identity'])];
      const keys = [r2, r1];
      expect(written(observeNode({ring, keys, file: first}))).toEqual([added]);
      expect(doing(observeNode({ring, keys, file: added, loaded: first}))).toEqual([]);
      expect(written(observeNode({ring, keys, file: added}))).toEqual([reordered]);
      expect(doing(observeNode({ring, keys, file: reordered, loaded: added}))).toEqual([]);
      expect(written(observeNode({ring, keys, file: reordered}))).toEqual([[blockOf([r2.id, 'identity'])]]);
    });

    test('a key of the ring is not held ⇒ the file waits', () => {
      const o = observeNode({ring: distributed, file: rendered(resting), keys: [r1]});
      expect(doing(o)).toEqual(['openKey']);
      expect(problemsOf(o)).toEqual(['KeyNotHeld']);
    });

    test('the guard refuses ⇒ named, nothing is written', () => {
      const o = observeNode({ring: activated, file: rendered(distributed), facts: {ringReadAtMs: 50_000_000 - 10_001}});
      expect(problemsOf(o)).toEqual(['GuardRefused']);
      expect(doing(o)).toEqual([]);
    });

    test('a trial is on this node ⇒ its layout; on another ⇒ the ring’s', () => {
      const trial = {id: 'trial-4-69', layout: layoutOf([r1], 'identity'), node: 'n1', startedAtMs: now};
      const ring = ringOf({keys: [r1], trial});
      expect(written(observeNode({ring, file: clear}))).toEqual([[blockOf(['identity', r1.id])]]);
      expect(doing(observeNode({ring, file: clear, facts: {node: 'n2'}}))).toEqual([]);
      const refusedFile = {trial: trial.id, hash: 'x', blocks: [], atMs: now, why: 'no'};
      expect(
        doing(observeNode({ring, file: clear, facts: {previous: seen(reportOf('n1', ring, {refusedFile}))}})),
      ).toEqual([]);
    });

    test('its server refused these blocks ⇒ named, not written again before it is another process or an hour passed', () => {
      const blocks = rendered(distributed);
      const startedAtMs = now - 30 * day;
      const given = (atMs: number, serverStartedAtMs: number) => {
        const refusedFile = {hash: 'x', blocks, atMs, serverStartedAtMs, why: 'no'};
        const previous = seen(reportOf('n1', distributed, {refusedFile}));
        return observeNode({ring: distributed, file: rendered(resting), facts: {previous}});
      };
      const held = given(now - minute, startedAtMs - 900);
      expect(problemsOf(held)).toEqual(['FileRefused']);
      expect(doing(held)).toEqual([]);
      expect(written(given(now - minute, startedAtMs - minute))).toEqual([blocks]);
      expect(written(given(now - 61 * minute, startedAtMs))).toEqual([blocks]);
      // The clock was set back: nothing is held back for years.
      expect(written(given(now + 365 * day, startedAtMs))).toEqual([blocks]);
    });

    test('the server reads its configuration elsewhere ⇒ named, nothing is written', () => {
      const o = observeNode({ring: distributed, file: rendered(resting), platform: {configPath: '/etc/other.yaml'}});
      expect(problemsOf(o)).toEqual(['ConfigurationPathDiffers']);
      expect(doing(o)).toEqual([]);
    });

    test('the flag is missing, or the manifest cannot be read ⇒ named', () => {
      expect(problemsOf(observeNode({ring: resting, platform: {configPath: undefined}}))).toEqual([
        'EncryptionFlagMissing',
      ]);
      expect(problemsOf(observeNode({ring: resting, platform: {problem: 'not there'}}))).toEqual(['ReadFailed']);
    });

    test('the present file cannot be read ⇒ named, nothing is written', () => {
      const o = observeNode({ring: distributed, facts: {file: {state: 'unknown', why: 'EIO'}}});
      expect(problemsOf(o)).toEqual(['CannotWriteFile']);
      expect(doing(o)).toEqual([]);
    });
  });

  describe('take-back and repair', () => {
    const before = rendered(resting);
    const after = rendered(distributed);
    const refusedByServer = {lastReloadFailureMs: now - minute, reloadFailures: 1};

    test('its server counts a failure after the file changed ⇒ what it has loaded comes back', () => {
      const o = observeNode({ring: distributed, file: after, loaded: before, evidence: refusedByServer});
      expect(nodePlanOf(o).actions).toEqual([
        {do: 'restoreFile', hash: hashOf(before), why: 'its server counts a failed reload of this file', refused: true},
      ]);
    });

    test('the failure is older than the file ⇒ it stays', () => {
      const evidence = {lastReloadFailureMs: now - 11 * minute};
      expect(doing(observeNode({ring: distributed, file: after, loaded: before, evidence}))).toEqual([]);
    });

    test('the file was refused before ⇒ it is not written again within an hour, unless its server restarted', () => {
      const refused = (atMs: number) => ({hash: 'x', blocks: after, atMs, why: 'it was refused'});
      const o = (atMs: number, evidence = {}) =>
        observeNode({
          ring: distributed,
          file: before,
          evidence,
          facts: {previous: seen(reportOf('n1', distributed, {refusedFile: refused(atMs)}))},
        });
      expect(problemsOf(o(now - minute))).toEqual(['FileRefused']);
      expect(doing(o(now - minute))).toEqual([]);
      expect(doing(o(now - hour))).toEqual(['writeFile']);
      expect(doing(o(now - minute, {processStartMs: now - 1000}))).toEqual(['writeFile']);
    });

    test('its server does not start with a file on trial ⇒ the last loaded one comes back after 15 s', () => {
      const trial = {id: 't', layout: distributed.layout, node: 'n1', startedAtMs: now};
      const down = (sinceMs: number, ring = {...distributed, trial}) =>
        observeNode({
          ring,
          file: after,
          loaded: before,
          facts: {serverDown: 'refused', downSinceMs: 50_000_000 - sinceMs, lastLoadedHash: hashOf(before)},
        });
      expect(doing(down(14_999))).toEqual([]);
      expect(nodePlanOf(down(15_000)).actions).toMatchObject([
        {do: 'restoreFile', hash: hashOf(before), refused: true},
      ]);
      expect(doing(down(15_000, distributed as never))).toEqual([]);
    });

    test('the file does not load ⇒ written again with what it had', () => {
      const file = {state: 'refused', hash: 'x', problems: ['resources: missing']} as const;
      const o = observeNode({ring: resting, facts: {file}});
      expect(written(o)).toEqual([before]);
      expect(problemsOf(o)).toEqual(['FileInvalid', 'FileRepaired']);
    });

    test.each([0o000, 0o040, 0o200])('the owner cannot read the file, mode %o ⇒ written again as it is', (fileMode) => {
      const o = observeNode({ring: resting, file: before, facts: {fileMode}});
      expect(nodePlanOf(o).actions).toMatchObject([{do: 'restoreFile', hash: hashOf(before), refused: false}]);
      expect(problemsOf(o)).toEqual(['FileRepaired']);
    });

    test.each([
      ['a failure after the file changed, lately', {lastReloadFailureMs: now - minute}, ['ReloadFailing']],
      ['a failure long ago', {lastReloadFailureMs: now - 4 * minute}, []],
      ['a reload that worked afterwards', {lastReloadFailureMs: now - minute, lastReloadSuccessMs: now - 1_000}, []],
    ])('its server has loaded the file, and counts %s ⇒ %o problems', (_, evidence, expected) => {
      const o = observeNode({ring: resting, file: before, loaded: before, evidence});
      expect(problemsOf(o)).toEqual(expected);
      expect(doing(o)).toEqual([]);
    });

    test('the file does not load and no ring is known ⇒ what is loaded comes back', () => {
      const file = {state: 'refused', hash: 'x', problems: ['resources: missing']} as const;
      const o = observeNode({file: before, keys: [r1], facts: {file, known: new Map([[hashOf(before), before]])}});
      expect(nodePlanOf(o).actions).toMatchObject([{do: 'restoreFile', hash: hashOf(before), refused: false}]);
      expect(problemsOf(o)).toEqual(['FileInvalid', 'FileRepaired']);
    });

    test('the file is gone, nothing is known of what is loaded ⇒ the newest backup comes back', () => {
      const facts = {
        file: {state: 'absent'},
        newestBackup: hashOf(before),
        evidence: unknown('unavailable: no'),
      } as const;
      expect(nodePlanOf(observeNode({file: before, keys: [r1], facts})).actions).toMatchObject([
        {do: 'restoreFile', hash: hashOf(before)},
      ]);
    });

    test('the file is gone and nothing else is at hand ⇒ nothing is made up', () => {
      const facts = {file: {state: 'absent'}, known: new Map(), evidence: unknown('unavailable: no')} as const;
      expect(doing(observeNode({facts}))).toEqual([]);
    });
  });
}

/** Ports of a node where nothing answers but the clock. */
const silent: Partial<SyncPorts> = {
  'clock.now': () => ok({wallMs: now, monotonicMs: 1}),
  'trace.event': () => ok(undefined),
};

function failuresOf(action: NodeAction, error: Omit<PortError, 'message'> & {message?: string}): readonly string[] {
  const memory: AgentMemory = newAgentMemory('n1', [], []);
  const {code, message = 'no', ...more} = error;
  const engine = {
    plan: (o: NodeObservation) => ({...nodePlanOf(o), actions: [action]}),
    act: function* () {
      yield {op: 'clock.now', args: {}} as const;
      return failed(code, message, more);
    },
  };
  driveSync(agentPeriod(memory, engine), silent);
  for (const {reason} of memory.failures) reached.add(reason);
  return memory.failures.map(({reason}) => reason);
}

function describeFailures(): void {
  describe('a deed fails', () => {
    test.each([
      [{do: 'makeIdentity'}, {code: 'unavailable'}, 'CannotWriteFile'],
      [{do: 'moveAside', path: '/a'}, {code: 'denied'}, 'HistoryNotWritable'],
      [{do: 'appendHistory', keys: []}, {code: 'unavailable'}, 'HistoryNotWritable'],
      [{do: 'openKey', object: 'r1'}, {code: 'invalid'}, 'KeyMismatch'],
      [{do: 'openKey', object: 'r1'}, {code: 'denied'}, 'ForeignKeyObject'],
      [{do: 'openKey', object: 'r1'}, {code: 'unavailable'}, 'KeyNotHeld'],
      [{do: 'sealKey', key: 'r1'}, {code: 'denied'}, 'KeyNotSealed'],
      [{do: 'reseal', object: 'r1'}, {code: 'denied'}, 'KeyNotSealed'],
      [{do: 'mint', id: 'm', revision: 2}, {code: 'denied'}, 'ForeignKeyObject'],
      [{do: 'mint', id: 'm', revision: 2}, {code: 'unavailable'}, 'Minting'],
      [{do: 'writeFile', blocks: []}, {code: 'conflict', reason: 'EBUSY'}, 'SingleFileMount'],
      [{do: 'writeFile', blocks: []}, {code: 'denied', message: 'guard: no certificate'}, 'GuardRefused'],
      [{do: 'writeFile', blocks: []}, {code: 'unavailable', reason: 'ENOSPC'}, 'CannotWriteFile'],
      [{do: 'restoreFile', hash: 'x', why: '', refused: false}, {code: 'unavailable'}, 'CannotWriteFile'],
      [
        {do: 'writeState', state: {v: 1, clusterId: '', epoch: 1, generation: 0, bundle: '', revision: 1}},
        {code: 'denied'},
        'CannotWriteFile',
      ],
    ] as [NodeAction, PortError, string][])('%o with %o ⇒ %s', (action, error, reason) => {
      expect(failuresOf(action, error)).toEqual([reason]);
    });
  });
}

function describeOnlookers(): void {
  describe('observe mode and strangers', () => {
    test('spec.mode is observe ⇒ nothing is done on the node, whatever is missing', () => {
      const ring = restingRing([r1, r2]);
      const given = {ring, file: clear, facts: {observing: true, recipient: {state: 'absent'} as const}};
      expect(nodePlanOf(observeNode(given)).actions).toEqual([]);
      expect(nodePlanOf(observeNode({...given, facts: {...given.facts, observing: false}})).actions).not.toEqual([]);
    });

    test('a report of no control-plane node asks for keys ⇒ named; one that was forgotten is not', () => {
      const recipients = seen([
        {node: 'n1', recipient: 'age1n1', genuine: true},
        {node: 'planted', recipient: 'age1planted', genuine: false},
        {node: 'gone', recipient: 'age1gone', genuine: false},
      ]);
      const ring = restingRing([r1], {forgotten: [{node: 'gone', identity: 'apiserver-gone', atMs: now}]});
      const {problems} = nodePlanOf(observeNode({ring, facts: {recipients}}));
      expect(problems.map(({reason}) => reason)).toEqual(['UnknownRecipient']);
      expect(problems[0]?.message).toContain('planted');
    });
  });
}

export function describeNode(): void {
  describeOnlookers();
  describeEvidence();
  describeKeys();
  describeFile();
  describeFailures();
}
