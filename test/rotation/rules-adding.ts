// Adopt, mint and add: what may be done eagerly, in any role, even while paused.

import {
  annotation,
  type KeyObject,
  type RenderedBlock,
  type Ring,
  type ScanReport,
  seen,
  unknown,
} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {expectNotes, expectRing, expectWait} from './expect-plan.ts';
import {
  blockOf,
  clear,
  cluster,
  day,
  fileOf,
  found,
  hour,
  layoutOf,
  loadedOf,
  type NodeChanges,
  now,
  observe,
  ours,
  r1,
  r2,
  rendered,
  restingRing,
  ringAt,
  ringOf,
} from './fixtures.ts';
import {nextRingOf, planOf, saidBy} from './reached.ts';

const first = found('aescbc', 'key1', 1);
const second = found('aescbc', 'key1', 2);
const third = found('aescbc', 'key1', 3);
const byHand = [first, second, third] as const;
/** Nodes whose files and servers are those of another ring. */
const filesAt = (ring: Ring, ...nodes: readonly string[]): NodeChanges => {
  const blocks = rendered(ring);
  return Object.fromEntries(nodes.map((node) => [node, {file: fileOf(blocks), loaded: loadedOf(blocks)}]));
};
const refOf = ({createdAtMs: _c, mintedBy: _m, ...ref}: typeof first) => ref;
const empty = ringOf({epoch: 4});

const has = (blocks: readonly RenderedBlock[], ...keys: readonly (typeof first)[]) => ({
  file: fileOf(blocks),
  loaded: loadedOf(blocks),
  held: keys.map(({id}) => id),
  history: keys.map(({id}) => id),
  found: keys.map(refOf),
});

/** Three nodes made by hand, each with a key1 of its own. */
const differing = {
  n1: has([blockOf([first.id, 'identity'])], first),
  n2: has([blockOf([second.id, 'identity'])], second),
  n3: has([blockOf([third.id, 'identity'])], third),
};

export function describeAdopt(): void {
  const sorted = [...byHand].sort((a, b) => (a.id < b.id ? -1 : 1));
  const adopted = sorted.map((key) => ({...refOf(key), createdAtMs: now}));

  describe('adopt', () => {
    test('three files with a key1 of their own ⇒ three keys in the ring, known by check value', () => {
      const plan = planOf(observe({ring: empty, nodes: differing}));
      expectRing(plan, empty, {changes: {keys: adopted}, reason: 'Adopting'});
    });

    test('a present file that cannot be read ⇒ nothing is planned from the others', () => {
      const nodes = {...differing, n2: {file: {state: 'unknown', why: 'EIO'} as const}};
      expectWait(planOf(observe({ring: empty, nodes})), 'ReadFailed');
    });

    test('files differ and all keys are in the ring ⇒ said, and the union waits for every node to hold it', () => {
      const ring = {...empty, keys: adopted};
      const plan = planOf(observe({ring, nodes: differing}));
      expectWait(plan, 'KeyNotHeld', 'KeyNotHeld', 'KeyNotHeld');
      expectNotes(plan, 'ValuesNotChecked', 'NodesDiffer');
    });

    test('a file that does not load ⇒ is named', () => {
      const nodes = {n2: {file: {state: 'refused', hash: 'x', problems: ['resources: missing']}} as const};
      expectNotes(planOf(observe({ring: empty, nodes})), 'ValuesNotChecked', 'FileInvalid');
    });

    test('a restore was seen and every node answered since ⇒ all that histories hold is merged, once', () => {
      const restored = {atMs: now - 1000, merged: false};
      const ring = restingRing([r1], {restored});
      const plan = planOf(observe({ring, nodes: {n3: {found: [refOf(r1), refOf(r2)]}}}));
      expectRing(plan, ring, {
        changes: {keys: [{...refOf(r2), createdAtMs: now}, r1], restored: {...restored, merged: true}},
        reason: 'Adopting',
      });
    });

    const restored = {atMs: now - 1000, merged: false};
    const gone = {reason: 'schedule', startedAtMs: now, activatedAtMs: now, migration: []} as const;

    test('a restore took the ring back to before an activation ⇒ what every file and server writes with is its write key', () => {
      const nodes = filesAt(ringAt('activated'), 'n1', 'n2', 'n3');
      const ring = restingRing([r1], {keys: [r2, r1], restored});
      expectRing(planOf(observe({ring, nodes})), ring, {
        changes: {
          restored: {...restored, merged: true},
          layout: layoutOf([r2, r1], r2.id),
          rotation: {...gone, revision: 2, key: r2.id},
        },
        reason: 'Adopting',
      });
    });

    test('a restore took the ring back to before the first activation ⇒ nothing starts again in clear', () => {
      const nodes = filesAt(restingRing([r1]), 'n1', 'n2', 'n3');
      const ring = restingRing([r1], {restored, layout: layoutOf([r1], 'identity'), history: []});
      expectRing(planOf(observe({ring, nodes})), ring, {
        changes: {
          restored: {...restored, merged: true},
          layout: layoutOf([r1], r1.id),
          rotation: {...gone, reason: 'first', revision: 1, key: r1.id},
        },
        reason: 'Adopting',
      });
    });

    test('a restore took the ring back, and one file lacks the key that the others write with ⇒ the ring’s stays', () => {
      const nodes = filesAt(ringAt('activated'), 'n1', 'n2');
      const ring = restingRing([r1], {keys: [r2, r1], restored});
      expectRing(planOf(observe({ring, nodes})), ring, {
        changes: {restored: {...restored, merged: true}},
        reason: 'Adopting',
      });
    });

    test('a restore took the ring back to before its first layout ⇒ none is made before every node answered since', () => {
      const ring = restingRing([r1], {restored, layout: layoutOf([], 'identity', []), history: []});
      const plan = planOf(observe({ring, nodes: {n2: {ring: {epoch: 3, version: 1}}}}));
      expectWait(plan, 'RestoreSeen');
    });

    test('a restore was seen, one report is older than the new epoch ⇒ not merged yet', () => {
      const ring = restingRing([r1], {restored: {atMs: now - 1000, merged: false}});
      const plan = planOf(observe({ring, nodes: {n2: {ring: {epoch: 3, version: 1}}, n3: {found: [refOf(r2)]}}}));
      expectWait(plan, 'FileNotWritten');
    });

    test('a stored value needs a key that only a history holds ⇒ it comes back, its certificate goes', () => {
      const certificate = {
        key: r1.id,
        check: r1.check,
        stoppedWritingAtMs: now - 9 * day,
        cleanBy: 'scan-1',
        cleanRevision: '5',
        compactedBy: 'etcd',
        atMs: now - day,
      };
      const ring = restingRing([r2], {certificates: [certificate]});
      const scan: ScanReport = {
        id: 'scan-2',
        startedAtMs: now,
        completedAtMs: now,
        revision: 9,
        counts: {secrets: {[`aesgcm:${r1.name}`]: 1}},
      };
      const plan = planOf(observe({ring, nodes: {n1: {scan, found: [refOf(r1), refOf(r2)]}}}));
      expectRing(plan, ring, {
        changes: {keys: [r2, {...refOf(r1), createdAtMs: now}], certificates: []},
        reason: 'Adopting',
      });
    });
  });

  describe('keys that share a name', () => {
    const every = {held: byHand.map(({id}) => id), history: byHand.map(({id}) => id), found: byHand.map(refOf)};
    const nodes: NodeChanges = {
      n1: {...differing.n1, ...every},
      n2: {...differing.n2, ...every},
      n3: {...differing.n3, ...every},
    };
    const ring = {...empty, keys: adopted, proven: ['aescbc/32', 'resource/configmaps', 'resource/secrets']};
    const values = (unreadable: readonly {diagnosis: 'ambiguous' | 'unknown-key'}[]) => ({
      id: 'values-1',
      completedAtMs: now,
      opened: 40,
      unreadableCount: unreadable.length,
      unreadable: unreadable.map(({diagnosis}) => ({
        etcdKey: '/registry/secrets/a/b',
        keyName: 'key1',
        diagnosis,
        detail: 'another key of this name opens it',
      })),
    });
    const scan = {id: 'values-1', resources: ['secrets', 'configmaps'], node: 'n1', deep: true, atMs: now - 1000};
    const union = layoutOf(adopted, 'own');

    test('no node can open every value ⇒ the union waits for a word', () => {
      expectWait(planOf(observe({ring, nodes})), 'AdoptedNamesCollide');
    });

    test('a node can ⇒ it opens every value first', () => {
      const able: NodeChanges = {...nodes, n1: {...nodes.n1, can: ['scan', 'values']}};
      const plan = planOf(observe({ring, nodes: able}));
      expectRing(plan, ring, {
        changes: {scan: {...scan, id: 'values-4-70', atMs: now}, checked: undefined},
        reason: 'CheckingValues',
      });
    });

    test('values would be misread ⇒ they are named and it waits', () => {
      const checked = {...ring, checked: 'values-1'};
      const answered: NodeChanges = {
        ...nodes,
        n1: {...nodes.n1, can: ['values'], values: values([{diagnosis: 'ambiguous'}])},
      };
      const plan = planOf(observe({ring: checked, nodes: answered}));
      expectWait(plan, 'AdoptedNamesCollide');
      expect(plan.reasons[0]?.message).toContain('/registry/secrets/a/b');
    });

    test('values would be misread and an operator accepts it ⇒ the union is distributed', () => {
      const facts = {ringAnnotations: {[annotation.acceptAmbiguous]: 'yes'}};
      const plan = planOf(observe({ring, nodes, facts}));
      expectRing(plan, ring, {changes: {layout: union, accepted: ['configmaps', 'secrets']}, reason: 'Distributing'});
    });

    test('every value opens under one key alone ⇒ the union is distributed, each node writes what it wrote', () => {
      const checked = {...ring, checked: 'values-1'};
      const answered: NodeChanges = {...nodes, n1: {...nodes.n1, can: ['values'], values: values([])}};
      const plan = planOf(observe({ring: checked, nodes: answered}));
      expectRing(plan, checked, {
        changes: {layout: union, accepted: ['configmaps', 'secrets']},
        reason: 'Distributing',
      });
    });
  });
}

const objectOf = (changes: Partial<KeyObject> = {}): KeyObject => ({
  name: 'r2',
  key: refOf(r2),
  clusterId: cluster,
  recipients: ['age1n1'],
  sealed: 'sealed',
  createdAtMs: now - 900,
  createdBy: 'n1',
  resourceVersion: '5',
  ...changes,
});

export function describeMint(): void {
  describe('mint', () => {
    const ring = ringAt('minting');
    const minted = {id: 'mint-r2-4-60', revision: 2, name: r2.name, check: r2.check};

    test('nothing made yet ⇒ waits for the named node', () => {
      const plan = planOf(observe({ring}));
      expectWait(plan, 'Minting');
      expect(plan.reasons[0]?.nodes).toEqual(['n1']);
    });

    test('an object without the node’s word ⇒ waits', () => {
      expectWait(planOf(observe({ring, facts: {keyObjects: seen([objectOf()])}})), 'Minting');
    });

    test('an object that the node refuses stands in the way ⇒ it is left alone, and the next number is made', () => {
      const problems = [{reason: 'ForeignKeyObject', message: 'mint: r2: no earlier key vouches for it'}];
      const plan = planOf(observe({ring, nodes: {n1: {problems}}, facts: {keyObjects: seen([objectOf()])}}));
      expectRing(plan, ring, {
        changes: {
          rotation: {...ring.rotation, revision: 3} as Ring['rotation'],
          minting: {revision: 3, node: 'n1', id: `mint-r3-${ring.epoch}-${ring.version}`},
        },
        reason: 'ForeignKeyObject',
      });
    });

    test('object and report agree ⇒ the ring takes the key', () => {
      const plan = planOf(observe({ring, nodes: {n1: {minted}}, facts: {keyObjects: seen([objectOf()])}}));
      expectRing(plan, ring, {
        changes: {
          keys: [{...refOf(r2), createdAtMs: now - 900, mintedBy: 'n1'}, r1],
          rotation: {...ring.rotation, key: r2.id} as Ring['rotation'],
          minting: undefined,
        },
        reason: 'Distributing',
      });
    });

    test('the ring has taken it over already, from a node’s files ⇒ it stands there once', () => {
      const holding = {...ring, keys: [{...refOf(r2), createdAtMs: now - 5_000}, ...ring.keys]};
      const plan = planOf(observe({ring: holding, nodes: {n1: {minted}}, facts: {keyObjects: seen([objectOf()])}}));
      expectRing(plan, holding, {
        changes: {rotation: {...ring.rotation, key: r2.id} as Ring['rotation'], minting: undefined},
        reason: 'Distributing',
      });
    });

    test.each([
      ['check values differ', {key: {...refOf(r2), check: ours(2, 7).check}}],
      ['the object is another cluster’s', {clusterId: 'c2'}],
    ] as const)('%s ⇒ the ring does not take it', (_, changes) => {
      const facts = {keyObjects: seen([objectOf(changes)])};
      expectWait(planOf(observe({ring, nodes: {n1: {minted}}, facts})), 'KeyMismatch');
    });

    test('the minting node left ⇒ another one makes the key', () => {
      const moved = {...ring, minting: {revision: 2, node: 'n9', id: 'mint-r2-4-60'}};
      expectRing(planOf(observe({ring: moved})), moved, {
        changes: {minting: {revision: 2, node: 'n1', id: 'mint-r2-4-60'}},
        reason: 'Minting',
      });
    });

    test('key objects not read ⇒ waits', () => {
      expectWait(planOf(observe({ring, facts: {keyObjects: unknown('unavailable: no')}})), 'ReadFailed');
    });
  });
}

export function describeAdd(): void {
  describe('add', () => {
    const ring = ringAt('minted');
    const next = layoutOf([r2, r1], r1.id);

    test('a key of a kind that servers here have loaded ⇒ into every file at once, as a read key', () => {
      expectRing(planOf(observe({ring})), ring, {
        changes: {layout: next, accepted: ['configmaps', 'secrets'], refusals: []},
        reason: 'Distributing',
      });
    });

    test('a node does not hold it ⇒ waits for that node', () => {
      const plan = planOf(observe({ring, nodes: {n3: {held: [r1.id]}}}));
      expectWait(plan, 'KeyNotHeld');
      expect(plan.reasons[0]?.nodes).toEqual(['n3']);
    });

    test('a node whose server is down does not hold it ⇒ the others get it', () => {
      const nodes = {n3: {held: [r1.id], server: {state: 'down', why: 'refused'} as const}};
      expect(saidBy(planOf(observe({ring, nodes})))).toEqual(['Distributing']);
    });

    test('FIPS-only cryptography on a node ⇒ it is not sent anywhere', () => {
      const plan = planOf(observe({ring, nodes: {n2: {fipsOnly: true}}}));
      expectWait(plan, 'FipsRefusesAesgcm');
    });

    test('a resource that no file listed ⇒ one node tries it, in clear and with every key', () => {
      const resting = restingRing();
      const plan = planOf(observe({ring: resting, spec: {resources: ['secrets', 'configmaps', 'events']}}));
      const layout = {
        ...resting.layout,
        resources: [...resting.layout.resources, {resource: 'events', write: 'identity'}],
      };
      expectRing(plan, resting, {
        changes: {trial: {id: 'trial-4-70', layout, node: 'n1', startedAtMs: now}, refusals: []},
        reason: 'Trying',
      });
    });

    test('a resource that a file encrypts already ⇒ each node goes on writing what it writes', () => {
      const resting = restingRing();
      const blocks = [blockOf([r1.id, 'identity'], ['secrets', 'configmaps', 'events'])];
      const plan = planOf(
        observe({
          ring: resting,
          spec: {resources: ['secrets', 'configmaps', 'events']},
          nodes: {n2: {file: fileOf(blocks)}},
        }),
      );
      expect(nextRingOf(plan).trial?.layout.resources.at(-1)).toEqual({resource: 'events', write: 'own'});
    });

    test('a resource that an unread file may encrypt ⇒ waits for it', () => {
      const nodes = {n2: {file: {state: 'unknown', why: 'EIO'} as const}};
      const plan = planOf(
        observe({ring: restingRing(), spec: {resources: ['secrets', 'configmaps', 'events']}, nodes}),
      );
      expectWait(plan, 'ReadFailed');
    });

    test('blocks of resources that the spec does not list ⇒ are kept word for word', () => {
      const blocks = [
        blockOf([first.id, 'identity'], ['secrets']),
        blockOf([first.id, 'kms:{"name":"a"}', 'identity'], ['leases']),
      ];
      const keys = [{...refOf(first), createdAtMs: now}];
      const start = {
        ...empty,
        keys,
        proven: ['aescbc/32', 'kms', 'resource/leases', 'resource/secrets', 'resource/configmaps'],
      };
      const plan = planOf(observe({ring: start, every: has(blocks, first)}));
      expect(nextRingOf(plan).layout).toEqual({
        keys: [first.id],
        resources: [
          {resource: 'secrets', write: 'own'},
          {resource: 'configmaps', write: 'identity'},
        ],
        kept: [{resources: ['leases'], order: [first.id, 'kms:{"name":"a"}', 'identity']}],
        kms: ['kms:{"name":"a"}'],
      });
    });

    test('a new kind of file and no server runs ⇒ waits for one', () => {
      const every = {server: {state: 'down', why: 'refused'} as const};
      expectWait(planOf(observe({ring: {...ring, proven: []}, every})), 'ServerDown');
    });

    test('a server refused this kind of file ⇒ it is not sent again', () => {
      const refusal = {node: 'n1', hash: 'x', kinds: ['aesgcm/32'], why: 'it counts a failed reload', atMs: now - 5000};
      const refused = {...ring, proven: ['resource/configmaps', 'resource/secrets'], refusals: [refusal]};
      expectWait(planOf(observe({ring: refused})), 'FileRefused');
    });

    test('the clock of that node is a minute ahead ⇒ it is not sent again', () => {
      const refusal = {node: 'n1', hash: 'x', kinds: ['aesgcm/32'], why: 'no', atMs: now + 60_000};
      const refused = {...ring, proven: ['resource/configmaps', 'resource/secrets'], refusals: [refusal]};
      expectWait(planOf(observe({ring: refused})), 'FileRefused');
    });

    test('its process seems to have started later, within what Linux rounds a start by ⇒ it is not sent again', () => {
      const refusal = {
        node: 'n1',
        hash: 'x',
        kinds: ['aesgcm/32'],
        why: 'no',
        atMs: now - 1,
        serverStartedAtMs: now - 9,
      };
      const refused = {...ring, proven: ['resource/configmaps', 'resource/secrets'], refusals: [refusal]};
      const nodes = {n1: {server: {state: 'up', startedAtMs: now + 991}}} as const;
      expectWait(planOf(observe({ring: refused, nodes})), 'FileRefused');
    });

    const started = (startedAtMs: number) => ({n1: {server: {state: 'up', startedAtMs}}}) as const;
    test.each([
      ['its server started again', started(now - 1000), {atMs: now - 5000}],
      // A start is told up to a second too early.
      ['its server started again at once', started(now - 5060), {atMs: now - 5000, serverStartedAtMs: now - 90_000}],
      ['an hour passed', {}, {atMs: now - hour - 1}],
      ['the clock was set back by years', {}, {atMs: now + 8_760 * hour}],
    ] as const)('a server refused this kind of file and %s ⇒ it is tried once more', (_, nodes, when) => {
      const refusal = {node: 'n1', hash: 'x', kinds: ['aesgcm/32'], why: 'no', ...when};
      const refused = {...ring, proven: ['resource/configmaps', 'resource/secrets'], refusals: [refusal]};
      const plan = planOf(observe({ring: refused, nodes}));
      expectRing(plan, refused, {
        changes: {trial: {id: 'trial-4-70', layout: next, node: 'n1', startedAtMs: now}, refusals: []},
        reason: 'Trying',
      });
    });
  });

  describe('trial', () => {
    const layout = layoutOf([r1], 'identity');
    const trial = {id: 'trial-4-69', layout, node: 'n1', startedAtMs: now - 5000};
    const ring = ringOf({keys: [r1], trial});
    const blocks = [blockOf(['identity', r1.id])];
    const others: NodeChanges = {n2: has(clear, r1), n3: has(clear, r1)};

    test('not written yet ⇒ waits for that node', () => {
      expectWait(planOf(observe({ring})), 'Trying', 'FileNotWritten');
    });

    test('written, not loaded ⇒ waits for its server', () => {
      const nodes = {...others, n1: {file: fileOf(blocks), loaded: loadedOf(clear)}};
      expectWait(planOf(observe({ring, nodes})), 'Trying', 'WaitingForLoad');
    });

    test('loaded ⇒ it goes to every node, and its kinds are known to load', () => {
      const plan = planOf(observe({ring, nodes: {...others, n1: has(blocks, r1)}}));
      expectRing(plan, ring, {
        changes: {
          layout,
          trial: undefined,
          proven: ['aesgcm/32', 'resource/configmaps', 'resource/secrets'],
          accepted: ['configmaps', 'secrets'],
        },
        reason: 'Distributing',
      });
    });

    test('its server refused the file ⇒ nobody else gets it', () => {
      const refusedFile = {
        trial: trial.id,
        hash: 'h',
        blocks,
        atMs: now - 100,
        serverStartedAtMs: now - hour,
        why: 'its server counts a failed reload',
      };
      const plan = planOf(observe({ring, nodes: {n1: {refusedFile}}}));
      expectRing(plan, ring, {
        changes: {
          trial: undefined,
          refusals: [
            {
              node: 'n1',
              hash: 'h',
              kinds: ['aesgcm/32', 'resource/configmaps', 'resource/secrets'],
              why: 'its server counts a failed reload',
              atMs: now - 100,
              serverStartedAtMs: now - hour,
            },
          ],
        },
        reason: 'FileRefused',
      });
    });

    test('another trial’s file was refused ⇒ this one goes on', () => {
      const refusedFile = {trial: 'trial-4-1', hash: 'h', blocks, atMs: now - 100, why: 'no'};
      expect(saidBy(planOf(observe({ring, nodes: {n1: {refusedFile}}})))[0]).toBe('Trying');
    });

    test('the node left ⇒ another one tries', () => {
      const gone = {...ring, trial: {...trial, node: 'n9'}};
      expectRing(planOf(observe({ring: gone})), gone, {changes: {trial: undefined}, reason: 'Trying'});
    });
  });

  describe('what keeps a node from having loaded the ring', () => {
    const ring = ringAt('distributed');
    const older = fileOf(clear);
    const late = {loaded: loadedOf(clear), fileWrittenAtMs: now - 181_000};
    test.each([
      ['FileNotWritten', {file: older}],
      ['FileNotWritten', {ring: {epoch: 3, version: 9}}],
      ['FileInvalid', {file: {state: 'refused', hash: 'x', problems: ['no']}}],
      ['KeyNotHeld', {file: older, held: [r1.id]}],
      ['CannotWriteFile', {file: older, problems: [{reason: 'CannotWriteFile', message: 'ENOSPC'}]}],
      ['HistoryNotWritable', {file: older, problems: [{reason: 'HistoryNotWritable', message: 'ENOSPC'}]}],
      ['SingleFileMount', {file: older, problems: [{reason: 'SingleFileMount', message: 'EBUSY'}]}],
      ['GuardRefused', {file: older, problems: [{reason: 'GuardRefused', message: 'no certificate'}]}],
      ['ConfigurationPathDiffers', {file: older, problems: [{reason: 'ConfigurationPathDiffers', message: '/x'}]}],
      ['KeyNotSealed', {file: older, problems: [{reason: 'KeyNotSealed', message: 'denied'}]}],
      ['ReadFailed', {file: older, problems: [{reason: 'SomethingNewer', message: 'x'}]}],
      ['FipsRefusesAesgcm', {file: older, fipsOnly: true}],
      ['ServerDown', {server: {state: 'down', why: 'refused'}}],
      ['ForeignServer', {server: {state: 'foreign', why: 'another identity'}}],
      ['WaitingForLoad', {loaded: loadedOf(clear)}],
      ['NoLoadEvidence', {loaded: {state: 'unknown', why: 'no reload metrics'}}],
      ['ReloadDisabled', {loaded: loadedOf(clear), automaticReload: false}],
      ['SingleFileMount', {loaded: loadedOf(clear), mount: 'single-file'}],
      ['NotLoaded', late],
      ['NotLoaded', {...late, configPath: ''}],
      ['NotLoaded', {...late, mount: 'unknown'}],
      ['NotLoaded', {...late, reloadFailures: 2}],
    ] as const)('%s ⇒ the key is not activated, and the node is named', (reason, changes) => {
      const plan = planOf(observe({ring, nodes: {n2: changes}}));
      expectWait(plan, 'Distributing', reason);
      expect(plan.reasons[1]?.nodes).toEqual(['n2']);
    });

    test('three polls to the millisecond ⇒ still waiting, not late', () => {
      const nodes = {n2: {...late, fileWrittenAtMs: now - 180_000}};
      expectWait(planOf(observe({ring, nodes})), 'Distributing', 'WaitingForLoad');
    });
  });
}
