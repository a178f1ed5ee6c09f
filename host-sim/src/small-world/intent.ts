// What a program has in mind while it carries out a plan: noted by standing between its loop and its deeds.

import {
  type Action,
  doControllerAction,
  doNodeAction,
  type EngineParts,
  type NodeAction,
  type NodeDeed,
  ok,
  planNode,
  type Result,
  type Step,
} from '@etcd-encryption/rotation';

export interface Intent {
  /** Of the plan that is being carried out, from the present action on. */
  left: readonly (Action | NodeAction)[];
  /** Actions of it that failed, with why. */
  failed: readonly string[];
  /** An agent's memory, from its first period on. */
  agent: NodeDeed['memory'] | undefined;
}

export const newIntent = (): Intent => ({left: [], failed: [], agent: undefined});

/**
 * A new period begins: nothing is left of the plan of the last one, and an agent tells at once what it would tell within
 * a minute, so that nothing depends on when it did so last. It may still be late, as it may not go on for long.
 */
export function forget(intent: Intent): void {
  intent.left = [];
  intent.failed = [];
  if (intent.agent !== undefined) intent.agent.lastReportAtMs = Number.NEGATIVE_INFINITY;
}

/** Does nothing: an agent's first action where it has none, so that its memory is seen. */
const greeting: NodeAction = {do: 'makeIdentity'};

/** The same parts of the engine, which note what they are about to do. */
export function noted(parts: EngineParts | undefined, intent: Intent): EngineParts {
  const {node = doNodeAction, controller = doControllerAction} = parts?.deeds ?? {};
  const plan = parts?.rules?.node ?? planNode;
  return {
    ...parts,
    rules: {
      ...parts?.rules,
      node: (observation) => {
        const planned = plan(observation);
        return intent.agent !== undefined || planned.actions.length > 0 ? planned : {...planned, actions: [greeting]};
      },
    },
    deeds: {
      *node(deed, action) {
        intent.agent = deed.memory;
        if (action === greeting) return ok(undefined);
        return yield* note(intent, {actions: deed.plan.actions, action}, node(deed, action));
      },
      *controller(deed, action) {
        return yield* note(intent, {actions: deed.plan.actions, action}, controller(deed, action));
      },
    },
  };
}

interface Noted {
  readonly actions: Intent['left'];
  readonly action: Action | NodeAction;
}

function* note(intent: Intent, {actions, action}: Noted, deed: Step<Result<unknown>>): Step<Result<unknown>> {
  const at = actions.indexOf(action);
  intent.left = actions.slice(at);
  const result = yield* deed;
  intent.left = actions.slice(at + 1);
  if (!result.ok) intent.failed = [...intent.failed, `${action.do} ${result.error.code}`];
  return result;
}
