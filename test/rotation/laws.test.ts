// Laws of the controller's plan, on random observations.

import {isDeepStrictEqual} from 'node:util';
import {
  type Action,
  type ClusterObservation,
  controllerRules,
  type Plan,
  planController,
  type Ring,
  type Rule,
  seen,
} from '@etcd-encryption/rotation';
import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {blinding, knownObservation, observation, runs} from './arbitraries.ts';
import {deepFreeze} from './fixtures.ts';

function check<T>(arbitrary: fc.Arbitrary<T>, law: (value: T) => void, small?: number): void {
  const property = fc.property(arbitrary, (value) => {
    law(value);
  });
  fc.assert(property, runs(small));
}

/** Rings do not promise an order of members; everything else is compared as it is. */
const tidy = (ring: Ring): Ring => ({...ring, members: [...ring.members].sort((a, b) => (a.node < b.node ? -1 : 1))});
const tidyAction = (action: Action): Action => ('ring' in action ? {...action, ring: tidy(action.ring)} : action);
const decision = ({actions, reasons, notes, phase, wakeAtMs}: Plan) => ({
  actions: actions.map(tidyAction),
  reasons,
  notes,
  phase,
  wakeAtMs,
});

describe('plan', () => {
  test('any frozen observation ⇒ a plan with at most one action, and it wakes within a minute', () => {
    check(
      observation,
      (o) => {
        const before = structuredClone(o);
        const plan = planController(deepFreeze(o));
        expect(o).toEqual(before);
        expect(plan.actions.length).toBeLessThanOrEqual(1);
        expect(plan.wakeAtMs - o.now.monotonicMs).toBeGreaterThanOrEqual(1_000);
        expect(plan.wakeAtMs - o.now.monotonicMs).toBeLessThanOrEqual(60_000);
        expect(plan.actions.length + plan.reasons.length).toBeGreaterThan(0);
      },
      2_000,
    );
  });

  test('the same facts twice ⇒ the same plan', () => {
    check(observation, (o) => expect(planController(o)).toEqual(planController(structuredClone(o))));
  });

  test('lists in any order ⇒ the same plan', () => {
    const shuffles = fc.tuple(observation, fc.infiniteStream(fc.nat(1000)));
    check(shuffles, ([o, stream]) => {
      const mixed = <T>(list: readonly T[]): readonly T[] =>
        list
          .map((value) => [stream.next().value as number, value] as const)
          .sort(([a], [b]) => a - b)
          .map(([, value]) => value);
      const other: ClusterObservation = {
        ...o,
        reports: o.reports.state === 'seen' ? seen(mixed(o.reports.value)) : o.reports,
        leases: o.leases.state === 'seen' ? seen(mixed(o.leases.value)) : o.leases,
        controlPlaneNodes:
          o.controlPlaneNodes.state === 'seen' ? seen(mixed(o.controlPlaneNodes.value)) : o.controlPlaneNodes,
        endpoints: o.endpoints.state === 'seen' ? seen(mixed(o.endpoints.value)) : o.endpoints,
        keyObjects: o.keyObjects.state === 'seen' ? seen(mixed(o.keyObjects.value)) : o.keyObjects,
        ring: o.ring.state === 'seen' ? seen({...o.ring.value, members: mixed(o.ring.value.members)}) : o.ring,
        compacted: mixed(o.compacted),
      };
      expect(decision(planController(other))).toEqual(decision(planController(o)));
    });
  });
});

/** Times that a plan writes down are the time it was made at. */
function withoutTimes(value: unknown, atMs: number): unknown {
  if (value === atMs) return 'now';
  if (Array.isArray(value)) return value.map((each) => withoutTimes(each, atMs));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, withoutTimes(each, atMs)]));
}

describe('time', () => {
  test('the same facts before the plan wakes ⇒ the same action', () => {
    check(fc.tuple(knownObservation, fc.nat(59_998)), ([o, offset]) => {
      const plan = planController(o);
      const laterMs = Math.min(offset, plan.wakeAtMs - o.now.monotonicMs - 2);
      const then = {wallMs: o.now.wallMs + laterMs, monotonicMs: o.now.monotonicMs + laterMs};
      const later = planController({...o, now: then});
      expect(withoutTimes(later.actions, then.wallMs)).toEqual(withoutTimes(plan.actions, o.now.wallMs));
    });
  });
});

/** What each rule that is not behind one that waits has a mind to do; earlier ones may have been done by then. */
function inclinations(o: ClusterObservation): readonly Action[] {
  const wanted: Action[] = [];
  for (let from = 0; from < controllerRules.length; from++) {
    const passed: Rule[] = controllerRules.slice(0, from).map(({name, apply}) => ({
      name,
      apply: (view) => {
        const outcome = apply(view);
        return outcome.kind === 'act' ? {kind: 'pass'} : outcome;
      },
    }));
    wanted.push(...planController(o, [...passed, ...controllerRules.slice(from)]).actions);
  }
  return wanted;
}

/** A ring with whichever node was chosen left out: one node is as good as another. */
function withoutChoice({minting, trial, scan, publishing, ...ring}: Ring): unknown {
  const chosen = <T extends {node: string}>(each: T | undefined): unknown =>
    each === undefined ? undefined : {...each, node: 'any'};
  return {...ring, minting: chosen(minting), trial: chosen(trial), scan: chosen(scan), publishing: chosen(publishing)};
}

/** The same action, for another node, or taking over, or noting the writing of, fewer of the same keys. */
function isPartOf(action: Action, wanted: Action): boolean {
  if (action.do !== 'replaceRing' || wanted.do !== 'replaceRing') return isDeepStrictEqual(action, wanted);
  const more = new Map(wanted.ring.keys.map((key) => [key.id, key]));
  if (!action.ring.keys.every((key) => isDeepStrictEqual(more.get(key.id), key))) return false;
  const {keys, certificates, stoppedWriting} = wanted.ring;
  const isNoted = ([id, atMs]: [string, number]): boolean => (stoppedWriting[id] ?? 0) >= atMs;
  if (!Object.entries(action.ring.stoppedWriting).every(isNoted)) return false;
  const bare = {...action.ring, keys, certificates, stoppedWriting};
  return (
    isDeepStrictEqual(action.record, wanted.record) &&
    isDeepStrictEqual(withoutChoice(bare), withoutChoice(wanted.ring))
  );
}

/** Whether a plan makes a new epoch: a restore that is not seen cannot be answered yet. */
const makesEpoch = ({ring}: ClusterObservation, action: Action | undefined): boolean =>
  action?.do === 'replaceRing' && ring.state === 'seen' && action.ring.epoch !== ring.value.epoch;

const said = ({actions, reasons}: Plan): string => JSON.stringify([reasons, actions]);

/** The observation once the list of members is settled, as far as it was about to change. */
function withMembersSettled(o: ClusterObservation): ClusterObservation {
  if (o.ring.state !== 'seen') return o;
  const [action] = planController(o, controllerRules.slice(0, 1)).actions;
  if (action?.do !== 'replaceRing' || action.ring.epoch !== o.ring.value.epoch) return o;
  return withMembersSettled({...o, ring: seen({...action.ring, version: o.ring.value.version}, o.ring.version)});
}

/** Activation, drop and migration; everything else adds, asks or takes note. */
const isDangerous = (action: Action): boolean =>
  action.do === 'migratePage' || (action.do === 'replaceRing' && action.record !== undefined);

describe('unknown facts', () => {
  test('a fact is not known ⇒ no action that no rule had a mind to with the fact known', () => {
    check(
      fc.tuple(knownObservation.map(withMembersSettled), blinding),
      ([o, {what, blind}]) => {
        const [action] = planController(blind(o)).actions;
        if (action === undefined || inclinations(o).some((each) => isPartOf(action, each))) return;
        if (!isDangerous(action) && makesEpoch(o, planController(o).actions[0])) return;
        expect(`${what} unknown: ${said(planController(blind(o)))}`).toBe(`known: ${said(planController(o))}`);
      },
      3_000,
    );
  });

  test('a fact is not known ⇒ no dangerous deed that was not the plan with the fact known', () => {
    check(
      fc.tuple(knownObservation, blinding),
      ([o, {blind}]) => {
        const [action] = planController(blind(o)).actions;
        if (action !== undefined && isDangerous(action)) expect(planController(o).actions).toEqual([action]);
      },
      3_000,
    );
  });
});
