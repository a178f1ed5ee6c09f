// How a part of the engine is changed without touching it: one rule or deed is wrapped, all others are the shipped ones.

import {
  changeRing,
  controllerRules,
  type DropCertificate,
  doNodeAction,
  type EngineParts,
  type KeyId,
  type NodeAction,
  type NodeDeed,
  type NodeObservation,
  type NodePlan,
  type Outcome,
  type PortRequest,
  planNode,
  type RenderedBlock,
  type Result,
  type Rule,
  type Step,
  type View,
} from '@etcd-encryption/rotation';

type Apply = Rule['apply'];
type Act = (deed: NodeDeed, action: NodeAction) => Step<Result<unknown>>;

/** The engine with one rule changed. @throws RangeError if there is no rule of this name */
export function withRule(name: string, change: (apply: Apply) => Apply): EngineParts {
  if (!controllerRules.some((rule) => rule.name === name))
    throw new RangeError(`rule: expected one of the controller's, got ${name}`);
  const controller = controllerRules.map((rule) => (rule.name === name ? {...rule, apply: change(rule.apply)} : rule));
  return {rules: {controller}};
}

/** The engine whose rules all see another view. */
export const withView = (change: (view: View) => View): EngineParts => ({
  rules: {controller: controllerRules.map((rule) => ({...rule, apply: (view) => rule.apply(change(view))}))},
});

/** The engine whose agents see something else, or whose plan is changed afterwards. */
export const withNodePlan = (plan: (o: NodeObservation) => NodePlan, node?: Act): EngineParts => ({
  rules: {node: plan},
  ...(node === undefined ? {} : {deeds: {node}}),
});

/** The shipped plan with its actions changed. */
export const changedActions =
  (change: (action: NodeAction, o: NodeObservation) => NodeAction | undefined) =>
  (o: NodeObservation): NodePlan => {
    const plan = planNode(o);
    const actions = plan.actions.map((action) => change(action, o)).filter((action) => action !== undefined);
    return {...plan, actions};
  };

/** What stands in for a request: steps of its own, or `undefined` where the request goes through. */
export type Instead = (request: PortRequest) => Step<Result<unknown>> | undefined;

/** The shipped deed, some of whose requests are something else. */
export const changedRequests =
  (instead: (action: NodeAction) => Instead): Act =>
  (deed, action) =>
    answered(doNodeAction(deed, action), instead(action));

/** A program some of whose requests are something else. */
export function* answered<T>(step: Step<T>, instead: Instead): Step<T> {
  let turn = step.next({ok: true, value: undefined});
  while (turn.done !== true) {
    const other = instead(turn.value);
    const answer: Result<unknown> = other === undefined ? yield turn.value : yield* other;
    turn = step.next(answer);
  }
  return turn.value;
}

/** A deed whose guard takes the new file for the one in place, and so sees no change. */
const unguarded = (deed: NodeDeed, blocks: readonly RenderedBlock[]): NodeDeed => {
  const {file} = deed.observation;
  if (file.state !== 'loadable') return deed;
  return {...deed, observation: {...deed.observation, file: {...file, blocks}}};
};

/** Writes files past the guard. */
export const unguardedAct: Act = (deed, action) =>
  doNodeAction(action.do === 'writeFile' ? unguarded(deed, action.blocks) : deed, action);

/** A deed in front of which the program stands still for as long as it is told, ms. */
export const sleepingBefore = <D, A>(
  act: (deed: D, action: A) => Step<Result<unknown>>,
  pauseMs: () => number,
): ((deed: D, action: A) => Step<Result<unknown>>) =>
  function* late(deed, action) {
    const ms = pauseMs();
    if (ms > 0) yield {op: 'clock.sleep', args: {ms}};
    return yield* act(deed, action);
  };

/** Makes the rotation's key the write key, whatever servers have loaded; `undefined` while there is none to activate. */
export function activateNow({ring, observation}: View): Outcome | undefined {
  const {layout, rotation} = ring;
  const key = rotation?.key;
  if (rotation === undefined || key === undefined) return undefined;
  if (rotation.activatedAtMs !== undefined || !layout.keys.includes(key)) return undefined;
  const resources = layout.resources.map(({resource}) => ({resource, write: key}));
  const next = {...rotation, activatedAtMs: observation.now.wallMs};
  const reason = {reason: 'Activating', message: 'it is activated'} as const;
  return changeRing(ring, {layout: {...layout, resources}, rotation: next, gate: undefined}, reason);
}

/** Takes keys out of the files, with certificates that nothing stands behind; `undefined` when there are none to drop. */
export function dropNow({ring, keys, observation}: View, ids: readonly KeyId[]): Outcome | undefined {
  if (ids.length === 0) return undefined;
  const atMs = observation.now.wallMs;
  const certificates = ids.map((key): DropCertificate => {
    const check = keys.get(key)?.check ?? '';
    return {key, check, stoppedWritingAtMs: atMs, cleanBy: '', cleanRevision: '', compactedBy: '', atMs};
  });
  return changeRing(
    ring,
    {
      keys: ring.keys.filter(({id}) => !ids.includes(id)),
      layout: {...ring.layout, keys: ring.layout.keys.filter((id) => !ids.includes(id))},
      certificates: [...ring.certificates, ...certificates],
    },
    {reason: 'Dropping', message: 'they are dropped'},
  );
}

/** No rotation is under way and one is complete. */
export const isAtRest = ({ring}: View): boolean =>
  ring.rotation === undefined && ring.trial === undefined && ring.history.length > 0;
