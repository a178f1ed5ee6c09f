// What is said of a node whose server does not see its file, or that has fallen silent.

import {type NodeReport, planController, type ReasonName, seen} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {clear, identityOf, loadedOf, names, now, observe, reportOf, restingRing, ringAt} from './fixtures.ts';

const waiting = ringAt('distributed');
const late = {loaded: loadedOf(clear), fileWrittenAtMs: now - 20_000};

function said(
  changes: Partial<NodeReport>,
  given: Parameters<typeof observe>[0] = {},
): readonly (readonly [ReasonName, string])[] {
  const {reasons, notes} = planController(observe({ring: waiting, ...given, nodes: {n2: {...late, ...changes}}}));
  return [...reasons, ...notes]
    .filter(({nodes}) => nodes?.includes('n2'))
    .map(({reason, message}) => [reason, message]);
}

const wordsOf = (pairs: readonly (readonly [ReasonName, string])[]) => pairs.map(([reason]) => reason);

describe('a file that a server has not loaded', () => {
  test.each<[string, Partial<NodeReport>, ReasonName]>([
    ['just written', {}, 'WaitingForLoad'],
    ['automatic reload is off', {automaticReload: false}, 'ReloadDisabled'],
    ['mounted singly', {mount: 'single-file'}, 'SingleFileMount'],
    ['written three minutes ago', {fileWrittenAtMs: now - 181_000}, 'NotLoaded'],
  ])('%s ⇒ its cause is named', (_, changes, reason) => {
    expect(wordsOf(said(changes))).toContain(reason);
  });

  test('a shorter deadline is set ⇒ it counts', () => {
    expect(wordsOf(said({}, {facts: {reloadDeadlineMs: 10_000}}))).toContain('NotLoaded');
  });

  test('mounted singly where files are written in place ⇒ it is waited for, and later a restart is advised', () => {
    const given = {
      ring: {...waiting, settings: {writeMode: 'inPlace'}},
      spec: {nodes: {writeMode: 'inPlace'}},
    } as const;
    expect(wordsOf(said({mount: 'single-file'}, given))).toContain('WaitingForLoad');
    expect(wordsOf(said({mount: 'single-file'}, given))).not.toContain('SingleFileMount');
    const [found] = said({mount: 'single-file', fileWrittenAtMs: now - 181_000}, given);
    expect(found).toEqual(['NotLoaded', expect.stringContaining('a restart mounts the present file')]);
  });
});

describe('a node that does not report', () => {
  const ring = restingRing();
  const silent = (unchangedForMs: number, life: 'alive' | 'silent') => {
    const reports = seen(
      names.map((node) => ({report: reportOf(node, ring), unchangedForMs: node === 'n2' ? unchangedForMs : 0})),
    );
    const leases = seen(
      names.map((node) => ({
        identity: identityOf(node),
        hostName: node,
        life: node === 'n2' ? life : ('alive' as const),
      })),
    );
    return planController(observe({ring, facts: {reports, leases}})).notes.map(({reason}) => reason);
  };

  test('its lease is silent too ⇒ it is called down once both have been so for 40 s', () => {
    expect(silent(39_000, 'silent')).not.toContain('ServerDown');
    expect(silent(41_000, 'silent')).toContain('ServerDown');
  });

  test('its lease was taken away, as by a clean end ⇒ the same, once it has been gone for 40 s', () => {
    const without = (goneForMs: number) => {
      const reports = seen(
        names.map((node) => ({report: reportOf(node, ring), unchangedForMs: node === 'n2' ? 41_000 : 0})),
      );
      const leases = seen(
        ['n1', 'n3'].map((node) => ({identity: identityOf(node), hostName: node, life: 'alive' as const})),
      );
      const leaseWatch = {watchedForMs: 600_000, gone: [{identity: identityOf('n2'), hostName: 'n2', goneForMs}]};
      return planController(observe({ring, facts: {reports, leases, leaseWatch}})).notes.map(({reason}) => reason);
    };
    expect(without(39_000)).not.toContain('ServerDown');
    expect(without(40_000)).toContain('ServerDown');
  });

  test('its server renews its lease ⇒ its agent is named after three periods', () => {
    expect(silent(89_000, 'alive')).not.toContain('AgentSilent');
    expect(silent(91_000, 'alive')).toContain('AgentSilent');
  });
});
