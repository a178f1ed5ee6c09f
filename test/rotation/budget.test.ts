// The write budget of a key: what counts, whose word it is, and what a forgotten node, a restored etcd or a small rotation
// must not take away from it.

import {utf8} from '@etcd-encryption/crypto';
import {
  annotation,
  type CompletedRotation,
  makeStatus,
  newAgentMemory,
  planController,
  planNode,
  type Ring,
  type RingKey,
  type ScanReport,
  seen,
} from '@etcd-encryption/rotation';
import {expect, test} from 'vitest';
import {makeReport} from '../../rotation/src/act/report.ts';
import {readState} from '../../rotation/src/observe/node-state.ts';
import {
  day,
  type Given,
  identityOf,
  names,
  now,
  observe,
  observeNode,
  ours,
  r1,
  reportOf,
  restingRing,
} from './fixtures.ts';
import {nextRingOf, planOf} from './reached.ts';

const bound = 2 ** 31;
const [last] = restingRing().history as readonly [CompletedRotation];
const dayOld = {...last, completedAtMs: now - day};
const resting = (changes: Partial<Ring> = {}, keys: readonly RingKey[] = [r1]): Ring =>
  restingRing([...keys], {history: [dayOld], ...changes});

/** Why a rotation begins; `undefined` when none does. */
const begins = (given: Given) => {
  const [action] = planOf(observe(given)).actions;
  return action?.do === 'replaceRing' ? action.ring.rotation?.reason : undefined;
};
const budgetOf = (given: Given) => {
  const o = observe(given);
  const found = makeStatus(planController(o), o, undefined).conditions.find(({type}) => type === 'WriteBudgetOK');
  return `${found?.status}: ${found?.message}`;
};
const each = (count: number, key = r1) => ({encryptions: {[key.name]: count}});

test.each([
  ['four fifths of 2^31', Math.ceil((0.8 * bound) / 3), 'budget'],
  ['a little less', Math.ceil((0.8 * bound) / 3) - 1, undefined],
])('%s by three nodes, however high spec.writeBudget is ⇒ %s: %s', (_, count, reason) => {
  expect(begins({ring: resting(), spec: {writeBudget: 2 ** 40}, every: each(count)})).toBe(reason);
});

test('a budget above 2^31 is asked for ⇒ the part is that of 2^31', () => {
  const given = {ring: resting(), spec: {writeBudget: 2 ** 40}, nodes: {n1: each(bound / 2)}};
  expect(budgetOf(given)).toBe('True: 50 % of the write budget is used');
});

test('a node is forgotten ⇒ what it encrypted counts on', () => {
  const lives = names.map((node) => ({
    identity: identityOf(node),
    hostName: node,
    life: node === 'n2' ? ('silent' as const) : ('alive' as const),
  }));
  const facts = {leases: seen(lives), ringAnnotations: {[annotation.forgetNode]: 'n2'}};
  const nodes = {n2: each(160_000)};
  const next = nextRingOf(planOf(observe({ring: resting(), facts, nodes})));
  expect(next.spent).toEqual({[`n2 ${r1.id}`]: 160_000});
  const without = names.filter((node) => node !== 'n2');
  const given = {ring: {...next, counted: {}}, names: without};
  expect(budgetOf(given)).toBe('False: 80 % of the write budget is used');
});

test('it is forgotten again, or comes back with or without its report ⇒ it counts once, with the higher number', () => {
  const ring = resting({spent: {[`n2 ${r1.id}`]: 100_000, 'n9 r9-00000000': 5}});
  expect(budgetOf({ring})).toBe('True: 50 % of the write budget is used');
  expect(budgetOf({ring, nodes: {n2: each(90_000)}})).toBe('True: 50 % of the write budget is used');
  expect(budgetOf({ring, nodes: {n2: each(120_000)}})).toBe('True: 60 % of the write budget is used');
});

test('a rotation of few objects for a new resource ⇒ the budget is that of all objects', () => {
  const history = [
    {...last, reason: 'resources' as const, rewritten: 5, completedAtMs: now - day},
    {...dayOld, rewritten: 100_000},
  ];
  expect(budgetOf({ring: resting({history}), every: each(100_000)})).toBe('True: 30 % of the write budget is used');
});

test('the values that were counted last are more than a rotation rewrote ⇒ the budget is that of all values', () => {
  const counts = {secrets: {[`aesgcm:${r1.name}`]: 40_000}, configmaps: {clear: 10_000}};
  const scan: ScanReport = {id: 's', startedAtMs: now - 2, completedAtMs: now - 1, revision: 7, counts};
  const given = {ring: resting(), every: each(50_000), nodes: {n1: {...each(50_000), scan}}};
  expect(budgetOf(given)).toBe('True: 30 % of the write budget is used');
});

test('the write key of a rotation that cannot end nears its budget ⇒ said', () => {
  const r2 = ours(2);
  const ring = restingRing([r2, r1], {history: [dayOld]});
  const layout = {...ring.layout, resources: ring.layout.resources.map((entry) => ({...entry, write: r2.id}))};
  expect(budgetOf({ring: {...ring, layout}, every: each(60_000, r2)})).toBe('False: 90 % of the write budget is used');
});

const many = 2 ** 24;
const state = {v: 1, clusterId: 'c1', epoch: 4, generation: 0, bundle: '', revision: 1};

test.each([
  ['fewer than sixteen million', many - 1, undefined],
  ['sixteen million', many, many],
  ['within a sixteenth of it', many + many / 16 - 1, undefined],
  ['a sixteenth more', many + many / 16, many + many / 16],
])('an agent’s server encrypted %s times ⇒ its disk gets the number once, in steps', (_, count, written) => {
  const kept = written === many + many / 16 || count > many ? {encryptions: {[r1.name]: many}} : {};
  const o = observeNode({
    ring: restingRing(),
    facts: {previous: seen(reportOf('n1', restingRing(), each(count))), state: seen({...state, ...kept})},
  });
  const [action] = planNode(o).actions;
  const expected =
    written === undefined ? undefined : {do: 'writeState', state: {...state, encryptions: {[r1.name]: written}}};
  expect(action).toEqual(expected);
});

test('etcd was restored with a report of before, and agent and server began anew ⇒ the disk’s number goes on', () => {
  const ring = restingRing();
  const memory = newAgentMemory('n1', [], []);
  memory.lastReport = reportOf('n1', ring, {...each(100), counters: {startedAtMs: 1, byName: {}}});
  const o = observeNode({
    ring,
    evidence: {encryptions: {[r1.name]: 7}},
    facts: {state: seen({...state, encryptions: {[r1.name]: many}})},
  });
  expect(makeReport(memory, o, planNode(o)).encryptions).toEqual({[r1.name]: many + 7});
});

test('the state file is read ⇒ with its counts', () => {
  const reading = readState();
  reading.next();
  const bytes = utf8(JSON.stringify({...state, encryptions: {[r1.name]: many}}));
  const {value} = reading.next({ok: true, value: {bytes}} as never);
  expect(value).toMatchObject({state: 'seen', value: {encryptions: {[r1.name]: many}}});
});
