// Servers before Kubernetes 1.34 show when a reload worked or failed, and never of which file: a refused file is taken
// back from them all the same.

import {type NodeObservation, newAgentMemory, type ServerEvidence, seen, unknown} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {noteLoaded} from '../../rotation/src/observe/agent-memory.ts';
import {
  day,
  type GivenNode,
  hashOf,
  minute,
  now,
  observeNode,
  rendered,
  reportOf,
  restingRing,
  ringAt,
} from './fixtures.ts';
import {nodePlanOf} from './reached.ts';

const ring = ringAt('distributed');
const before = rendered(restingRing());
const after = rendered(ring);
const older = rendered(ringAt('activated'));
const startedAtMs = now - 30 * day;
/** Its file is ten minutes old. */
const writtenAtMs = now - 10 * minute;
const failedOnce = {lastReloadFailureMs: now - minute, reloadFailures: 1};

/** A node of 1.30 with the new file in place, whose agent saw it load the one before. */
function node(
  evidence: Partial<ServerEvidence> = {},
  facts: Partial<NodeObservation> = {},
  given: Partial<GivenNode> = {},
): NodeObservation {
  const known = new Map([before, after, older].map((blocks) => [hashOf(blocks), blocks]));
  const form = {form: 'labelled', loadedHash: undefined, lastReloadSuccessMs: now - day} as const;
  return observeNode({
    ring,
    file: after,
    evidence: {...form, ...evidence},
    facts: {known, lastLoadedHash: hashOf(before), ...facts},
    ...given,
  });
}

const withoutMemory = (o: NodeObservation): NodeObservation => {
  const {lastLoadedHash: _, ...rest} = o;
  return rest;
};
const back = (blocks: typeof before) => [
  {do: 'restoreFile', hash: hashOf(blocks), why: 'its server counts a failed reload of this file', refused: true},
];
const deeds = (o: NodeObservation) => nodePlanOf(o).actions;

describe('a reload failed after the file was written', () => {
  test.each(['labelled', 'split'] as const)('metrics %s ⇒ the file before comes back', (form) => {
    expect(deeds(node({...failedOnce, form}))).toEqual(back(before));
  });

  test.each([
    ['the failure is older than the file', {lastReloadFailureMs: writtenAtMs - minute}],
    ['the failure is of the second in which the file was written', {lastReloadFailureMs: writtenAtMs + 1_000}],
    ['a reload worked afterwards', {...failedOnce, lastReloadSuccessMs: now - 1_000}],
    ['the process began afterwards', {...failedOnce, processStartMs: now - 1_000}],
    ['the file was loaded, and a later look at it failed', {...failedOnce, lastReloadSuccessMs: now - 5 * minute}],
    ['nothing failed', {}],
  ])('%s ⇒ the file stays', (_, evidence) => {
    expect(deeds(node(evidence))).toEqual([]);
  });

  test.each([
    ['its server reads another path', {}, {platform: {configPath: undefined}}],
    ['another server answers', {identityHashes: ['hash-n2']}, {}],
  ])('%s ⇒ the file stays', (_, evidence, given) => {
    expect(deeds(node({...failedOnce, ...evidence}, {}, given))).toEqual([]);
  });

  test('what was loaded before is the file itself ⇒ it stays', () => {
    expect(deeds(node(failedOnce, {lastLoadedHash: hashOf(after)}))).toEqual([]);
  });
});

describe('the agent is new and did not see what was loaded', () => {
  const report = (changes = {}) => seen(reportOf('n1', ring, {loaded: {state: 'unknown', why: ''}, ...changes}));
  const tried = {v: 1, trial: 'trial-1', file: hashOf(after), before: hashOf(older)};
  const loaded = {state: 'known', hash: hashOf(older), blocks: older};
  test.each([
    ['the file was on trial ⇒ the one before it', {tried, newestBackup: hashOf(before)}, older],
    ['its report knew ⇒ that one', {previous: report({loaded}), newestBackup: hashOf(before)}, older],
    ['only backups are left ⇒ the newest', {previous: report(), newestBackup: hashOf(before)}, before],
    ['no API and only backups ⇒ the newest', {previous: unknown('no'), newestBackup: hashOf(before)}, before],
  ] as const)('%s comes back', (_, facts, expected) => {
    expect(deeds(withoutMemory(node(failedOnce, facts as Partial<NodeObservation>)))).toEqual(back(expected));
  });

  test('a file was taken back before, and only backups are left ⇒ the file stays', () => {
    const refusedFile = {hash: 'x', blocks: before, atMs: now - 2 * day, why: ''};
    const facts = {previous: report({refusedFile}), newestBackup: hashOf(before)};
    expect(deeds(withoutMemory(node(failedOnce, facts)))).toEqual([]);
  });
});

describe('what its server was seen to load', () => {
  const inForce = {hash: hashOf(after), startedAtMs, reloadSuccesses: 4};
  const loadedOf = (evidence: Partial<ServerEvidence>, given = inForce) =>
    nodePlanOf(node({reloadSuccesses: 4, ...evidence}, {inForce: given})).loaded;

  test('the file is there again, and there was no reload since ⇒ loaded, whatever failed in between', () => {
    expect(loadedOf({})).toMatchObject({state: 'known', hash: hashOf(after)});
    expect(loadedOf(failedOnce)).toMatchObject({state: 'known', hash: hashOf(after)});
  });

  test('a younger file waits in its place ⇒ the earlier one is loaded', () => {
    expect(loadedOf({}, {...inForce, hash: hashOf(before)})).toEqual({
      state: 'known',
      hash: hashOf(before),
      blocks: before,
    });
  });

  test('a younger file was loaded ⇒ that one', () => {
    const reloaded = {lastReloadSuccessMs: now - 1_000, reloadSuccesses: 5};
    expect(loadedOf(reloaded, {...inForce, hash: hashOf(before)})).toMatchObject({hash: hashOf(after)});
  });

  test('the file changed between the two looks that made it known ⇒ its time is believed', () => {
    const reloaded = {lastReloadSuccessMs: now - 1_000};
    expect(loadedOf(reloaded, {...inForce, hash: hashOf(before)})).toMatchObject({hash: hashOf(after)});
  });

  test.each([
    ['another process', {processStartMs: startedAtMs - minute}],
    ['another reload worked since', {reloadSuccesses: 5}],
    ['the server shows no counters', {form: 'none'}],
  ] as const)('%s ⇒ not known', (_, evidence) => {
    expect(loadedOf(evidence)).toEqual(expect.objectContaining({state: 'unknown'}));
  });

  describe('a poll within a second after its agent put the file there', () => {
    const atOnce = {lastReloadSuccessMs: writtenAtMs + 300, reloadSuccesses: 5};
    const replaced = {file: hashOf(after), before: hashOf(before)};
    const stateOf = (evidence: Partial<ServerEvidence>, facts: Partial<NodeObservation> = {}) =>
      nodePlanOf(node({...atOnce, ...evidence}, {inForce: {...inForce, hash: hashOf(before)}, replaced, ...facts}))
        .loaded;

    test('what was there before was in force, and counts as no success ⇒ the file is loaded', () => {
      expect(stateOf({})).toMatchObject({state: 'known', hash: hashOf(after)});
    });

    test.each([
      ['the reload is older than the file', {lastReloadSuccessMs: writtenAtMs - 1}, {}],
      ['two reloads worked', {reloadSuccesses: 6}, {}],
      ['it is another process', {processStartMs: startedAtMs - minute}, {}],
      ['its start is not told', {processStartMs: undefined}, {}],
      ['another file had been in between', {}, {replaced: {...replaced, before: hashOf(older)}}],
      ['the file is not the one that was put there', {}, {replaced: {...replaced, file: hashOf(older)}}],
    ])('%s ⇒ not known', (_, evidence, facts) => {
      expect(stateOf(evidence as Partial<ServerEvidence>, facts).state).toBe('unknown');
    });
  });

  test('the server does not tell its start ⇒ nothing is remembered of it', () => {
    const memory = newAgentMemory('n1', [], []);
    const noted = (start: Partial<ServerEvidence>) => {
      noteLoaded(memory, node({lastReloadSuccessMs: now - 1_000, ...start}), {
        state: 'known',
        hash: hashOf(after),
        blocks: after,
      });
      return memory.inForce;
    };
    expect(noted({})).toEqual(inForce);
    expect(noted({processStartMs: undefined} as unknown as Partial<ServerEvidence>)).toBeUndefined();
  });

  test('its bytes are not at hand ⇒ not known', () => {
    expect(loadedOf({}, {...inForce, hash: 'f00d'}).state).toBe('unknown');
  });

  test('it refuses the file in place ⇒ what it was seen to load comes back, not what is remembered otherwise', () => {
    const facts = {inForce: {...inForce, hash: hashOf(before)}, lastLoadedHash: hashOf(older)};
    expect(deeds(node({...failedOnce, reloadSuccesses: 4}, facts))).toEqual(back(before));
  });

  test('it is loaded, and a later look at it failed ⇒ named, since the next start would fail', () => {
    const {problems} = nodePlanOf(node({...failedOnce, reloadSuccesses: 4}, {inForce}));
    expect(problems.map(({reason}) => reason)).toEqual(['ReloadFailing']);
  });
});
