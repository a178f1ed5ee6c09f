// Members and forget-node: who counts, whoever else is known to be a server, and how a node is left out.

import {absent, annotation, seen, unknown} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {expectNotes, expectRing, expectWait} from './expect-plan.ts';
import {
  addressOf,
  day,
  identityOf,
  minute,
  names,
  now,
  observe,
  r1,
  r2,
  reportsOf,
  restingRing,
  ringAt,
} from './fixtures.ts';
import {nextRingOf, planOf, saidBy} from './reached.ts';

const resting = restingRing();
/** r1 is old enough to go. */
const droppable = restingRing([r2, r1], {stoppedWriting: {[r1.id]: now - 2 * day}});

export function describeMembers(): void {
  describe('members', () => {
    test('a node reports for the first time ⇒ the ring remembers it, sorted by name', () => {
      const ring = {...resting, members: resting.members.slice(1)};
      expectRing(planOf(observe({ring})), ring, {changes: {members: resting.members}, reason: 'Distributing'});
    });

    test('the spec asks for another way of writing ⇒ it is handed on in the ring', () => {
      const plan = planOf(observe({ring: resting, spec: {nodes: {writeMode: 'external'}}}));
      expectRing(plan, resting, {changes: {settings: {writeMode: 'external'}}, reason: 'Distributing'});
    });

    test('a member reports no more ⇒ it still counts, and blocks', () => {
      const reports = seen(reportsOf(resting).filter(({report}) => report.node !== 'n2'));
      const plan = planOf(observe({ring: resting, facts: {reports, controlPlaneNodes: seen([])}}));
      expectWait(plan, 'UnknownMember', 'AgentMissing');
      expect(plan.reasons.map(({nodes}) => nodes)).toEqual([['n2'], ['n2']]);
    });

    test('a control-plane Node without report ⇒ blocks and is named', () => {
      const nodes = [...names, 'n4'].map((name) => ({name, addresses: []}));
      const plan = planOf(observe({ring: resting, facts: {controlPlaneNodes: seen(nodes)}}));
      expectWait(plan, 'AgentMissing');
      expect(plan.reasons[0]?.nodes).toEqual(['n4']);
    });

    test('a server lease that no agent speaks for ⇒ blocks and is named', () => {
      const leases = [...names, 'n9'].map((hostName) => ({
        identity: identityOf(hostName),
        hostName,
        life: 'silent' as const,
      }));
      const plan = planOf(observe({ring: resting, facts: {leases: seen(leases)}}));
      expectWait(plan, 'UnknownMember');
      expect(plan.reasons[0]?.nodes).toEqual(['n9']);
    });

    test('leases, Nodes or endpoints not read ⇒ each blocks', () => {
      const facts = {leases: unknown('unavailable: no'), controlPlaneNodes: unknown('denied: no')};
      expectWait(planOf(observe({ring: resting, facts})), 'ReadFailed', 'ReadFailed');
      expectWait(planOf(observe({ring: resting, facts: {endpoints: unknown('denied: no')}})), 'ReadFailed');
    });

    test('a report of a newer release ⇒ blocks', () => {
      const plan = planOf(observe({ring: resting, facts: {badReports: {n3: 'written by a newer release (v2)'}}}));
      expectWait(plan, 'NewerRelease');
    });

    test('nobody reports ⇒ no member, nothing is decided', () => {
      const none = {...resting, members: []};
      const facts = {reports: seen([]), leases: seen([]), controlPlaneNodes: seen([]), endpoints: absent};
      expectWait(planOf(observe({ring: none, facts})), 'NoMembers');
    });

    test('an address in the endpoints of the servers that nobody claims ⇒ blocks and is named', () => {
      const endpoints = seen(['10.0.0.9', ...names.map(addressOf)]);
      const plan = planOf(observe({ring: resting, facts: {endpoints}}));
      expectWait(plan, 'UnknownMember');
      expect(plan.reasons[0]).toMatchObject({
        message: 'server 10.0.0.9 (endpoint of the kubernetes service) has no agent',
        nodes: ['10.0.0.9'],
      });
    });

    test.each([
      ['activate', ringAt('distributed')],
      ['migrate', ringAt('converged')],
      ['drop', droppable],
    ])('an unclaimed address or unread endpoints before %s ⇒ it waits', (_, ring) => {
      const given = {ring, spec: {retention: {revisions: 1, minAgeMs: 0}}};
      expect(planOf(observe(given)).actions).not.toEqual([]);
      expectWait(planOf(observe({...given, facts: {endpoints: seen(['10.0.0.9'])}})), 'UnknownMember');
      expectWait(planOf(observe({...given, facts: {endpoints: unknown('denied: no')}})), 'ReadFailed');
    });

    test('an address that only a Node or the ring knows ⇒ the node is named once, not its address too', () => {
      const reports = seen(reportsOf(resting).filter(({report}) => report.node !== 'n2'));
      const leases = seen(
        ['n1', 'n3'].map((node) => ({identity: identityOf(node), hostName: node, life: 'alive' as const})),
      );
      const facts = {reports, leases};
      const unlisted = seen([{name: 'n1', addresses: []}]);
      expectWait(planOf(observe({ring: resting, facts: {...facts, controlPlaneNodes: unlisted}})), 'AgentMissing');
      const ring = {...resting, members: resting.members.filter(({node}) => node !== 'n2')};
      expectWait(planOf(observe({ring, facts})), 'AgentMissing');
    });

    test('servers write no endpoints ⇒ nothing is missing', () => {
      expectWait(planOf(observe({ring: resting, facts: {endpoints: absent}})), 'Scheduled');
    });

    test('no Node is labelled, each member has a lease or an endpoint ⇒ nothing is missing', () => {
      const leases = seen([{identity: identityOf('n1'), hostName: 'n1', life: 'alive' as const}]);
      const endpoints = seen(['n2', 'n3'].map(addressOf));
      const facts = {controlPlaneNodes: seen([]), leases, endpoints};
      expectWait(planOf(observe({ring: resting, facts})), 'Scheduled');
    });

    test('no Node is labelled, and a member has neither lease nor endpoint ⇒ blocks and is named', () => {
      const leases = seen(
        ['n1', 'n3'].map((node) => ({identity: identityOf(node), hostName: node, life: 'alive' as const})),
      );
      const facts = {controlPlaneNodes: seen([]), leases, endpoints: seen(['10.0.0.1'])};
      const plan = planOf(observe({ring: resting, facts}));
      expectWait(plan, 'ReadFailed');
      expect(plan.reasons[0]).toMatchObject({
        message:
          'no Node is labelled node-role.kubernetes.io/control-plane, and no server lease or endpoint confirms n2',
        nodes: ['n2'],
      });
    });
  });

  describe('forget-node', () => {
    const silent = (life: 'alive' | 'silent' | 'unknown') =>
      seen(names.map((node) => ({identity: identityOf(node), hostName: node, life: node === 'n2' ? life : 'alive'})));
    const annotated = (text: string) => ({[annotation.forgetNode]: text});

    test('its lease is silent ⇒ the node no longer counts', () => {
      const text = 'n2 2025-06-15';
      const plan = planOf(
        observe({ring: resting, facts: {leases: silent('silent'), ringAnnotations: annotated(text)}}),
      );
      expectRing(plan, resting, {
        changes: {
          members: resting.members.filter(({node}) => node !== 'n2'),
          forgotten: [{node: 'n2', identity: identityOf('n2'), atMs: now}],
          handledForget: text,
        },
        reason: 'NodeForgotten',
      });
    });

    test('its lease is alive ⇒ refused for good', () => {
      const facts = {leases: silent('alive'), ringAnnotations: annotated('n2')};
      expectRing(planOf(observe({ring: resting, facts})), resting, {
        changes: {refusedForget: 'n2'},
        reason: 'ForgetRefused',
      });
    });

    test('a request that was refused still stands when the node is silent ⇒ said, and not carried out', () => {
      const ring = {...resting, refusedForget: 'n2'};
      const facts = {leases: silent('silent'), ringAnnotations: annotated('n2')};
      const plan = planOf(observe({ring, facts}));
      expect(plan.actions).toEqual([]);
      expectNotes(plan, 'ForgetRefused');
    });

    test('whether it lives is not known yet ⇒ not carried out', () => {
      const facts = {leases: silent('unknown'), ringAnnotations: annotated('n2')};
      const plan = planOf(observe({ring: resting, facts}));
      expectWait(plan, 'Scheduled');
      expectNotes(plan, 'ForgetRefused');
      expect(plan.wakeAtMs, 'asked again').toBe(50_001_000);
    });

    const left = seen(
      ['n1', 'n3'].map((node) => ({identity: identityOf(node), hostName: node, life: 'alive' as const})),
    );
    const gone = (goneForMs: number) => ({
      watchedForMs: 10 * minute,
      gone: [{identity: identityOf('n2'), hostName: 'n2', goneForMs}],
    });

    test.each([
      ['its lease has been gone for 39 s', gone(39_999)],
      ['it has no lease, and the controller has looked for 39 s', {watchedForMs: 39_999, gone: []}],
    ])('%s, as after a clean end ⇒ not known yet, asked again', (_, leaseWatch) => {
      const facts = {leases: left, leaseWatch, ringAnnotations: annotated('n2')};
      const plan = planOf(observe({ring: resting, facts}));
      expectWait(plan, 'Scheduled');
      expectNotes(plan, 'ForgetRefused');
      expect(plan.notes[0]?.message).toBe('n2: whether its server lives is not known yet');
      expect(plan.wakeAtMs).toBe(50_001_000);
    });

    test.each([
      ['its lease has been gone for 40 s', gone(40_000)],
      ['it has no lease, and the controller has looked for 40 s', {watchedForMs: 40_000, gone: []}],
    ])('%s ⇒ the node no longer counts', (_, leaseWatch) => {
      const facts = {leases: left, leaseWatch, ringAnnotations: annotated('n2')};
      const next = nextRingOf(planOf(observe({ring: resting, facts})));
      expect(next.forgotten).toEqual([{node: 'n2', identity: identityOf('n2'), atMs: now}]);
    });

    test('the lease of an unknown server, named by its host, was taken away just now ⇒ not known yet', () => {
      const leaseWatch = {
        watchedForMs: 10 * minute,
        gone: [{identity: 'apiserver-9', hostName: 'n9', goneForMs: 1_000}],
      };
      const plan = planOf(observe({ring: resting, facts: {leaseWatch, ringAnnotations: annotated('n9')}}));
      expectWait(plan, 'Scheduled');
      expectNotes(plan, 'ForgetRefused');
    });

    test('leases not read ⇒ refused', () => {
      const facts = {leases: unknown('unavailable: no'), ringAnnotations: annotated('n2')};
      const plan = planOf(observe({ring: resting, facts}));
      expectWait(plan, 'ReadFailed');
      expectNotes(plan, 'ForgetRefused');
    });

    test('said before ⇒ is not carried out again', () => {
      const ring = {...resting, handledForget: 'n2'};
      const facts = {leases: silent('silent'), ringAnnotations: annotated('n2')};
      expectWait(planOf(observe({ring, facts})), 'Scheduled');
    });

    const forgotten = {
      ...resting,
      members: resting.members.filter(({node}) => node !== 'n2'),
      forgotten: [{node: 'n2', identity: identityOf('n2'), atMs: now - 1000}],
    };

    const endpoints = seen([addressOf('n1'), addressOf('n3')]);

    test('a forgotten node that is silent ⇒ is left out and named', () => {
      const plan = planOf(observe({ring: forgotten, facts: {endpoints, leases: silent('silent')}}));
      expectWait(plan, 'Scheduled');
      expectNotes(plan, 'NodeForgotten');
      expect(plan.view?.members.map(({node}) => node)).toEqual(['n1', 'n3']);
    });

    test('a forgotten node whose lease is silent stands in the endpoints ⇒ its server lives, and blocks', () => {
      const plan = planOf(observe({ring: forgotten, facts: {leases: silent('silent')}}));
      expectWait(plan, 'UnknownMember');
      expect(plan.reasons[0]?.nodes).toEqual([addressOf('n2')]);
    });

    test('what a forgotten node left behind cannot be read ⇒ it does not block', () => {
      const facts = {endpoints, leases: silent('silent'), badReports: {n2: 'written by a newer release (v2)'}};
      const reports = seen(reportsOf(forgotten).filter(({report}) => report.node !== 'n2'));
      expectWait(planOf(observe({ring: forgotten, facts: {...facts, reports}})), 'Scheduled');
      const plan = planOf(observe({ring: forgotten, facts: {...facts, reports, ownEpoch: 3}}));
      expect(saidBy(plan)).toEqual(['EpochRaised']);
    });

    test('a report that cannot be read ⇒ no epoch begins beside it', () => {
      const facts = {badReports: {n2: 'written by a newer release (v2)'}, ownEpoch: 3};
      expectWait(planOf(observe({ring: resting, facts})), 'ReadFailed');
    });

    test('a forgotten node whose lease was not watched long enough ⇒ blocks until it is known to be silent', () => {
      const plan = planOf(observe({ring: forgotten, facts: {endpoints, leases: silent('unknown')}}));
      expectWait(plan, 'UnknownMember');
      expect(plan.reasons[0]?.nodes).toEqual(['n2']);
    });

    test('a forgotten node renews its lease again ⇒ it counts again', () => {
      const plan = planOf(observe({ring: forgotten}));
      expectRing(plan, forgotten, {changes: {forgotten: []}, reason: 'Distributing'});
    });
  });
}
