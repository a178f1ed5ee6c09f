// The engine as a host starts it. Rules and deeds can be replaced one by one, which is how the simulator plants bugs;
// product code never does.

import {type AgentEngine, type AgentSettings, agentEngine, agentLoop} from './loop/agent.ts';
import {type ControllerEngine, type ControllerSettings, controllerEngine, controllerLoop} from './loop/controller.ts';
import {type ScannerSettings, scannerLoop} from './loop/scanner.ts';
import {controllerRules, planController} from './plan/controller.ts';
import type {Rule} from './plan/plan.ts';
import type {Step} from './ports.ts';

export interface EngineParts {
  readonly rules?: {
    /** The controller's rules in their order. */
    readonly controller?: readonly Rule[];
    readonly node?: AgentEngine['plan'];
  };
  readonly deeds?: {readonly controller?: ControllerEngine['act']; readonly node?: AgentEngine['act']};
}

export interface Engine {
  readonly controller: (settings: ControllerSettings) => Step<void>;
  readonly agent: (settings: AgentSettings) => Step<void>;
  readonly scanner: (settings: ScannerSettings) => Step<void>;
}

/** The shipped engine, with the given parts in place of its own. */
export function createEngine({rules = {}, deeds = {}}: EngineParts = {}): Engine {
  const controllers = rules.controller ?? controllerRules;
  const controllerPart: ControllerEngine = {
    plan: (observation) => planController(observation, controllers),
    act: deeds.controller ?? controllerEngine.act,
  };
  const agentPart: AgentEngine = {plan: rules.node ?? agentEngine.plan, act: deeds.node ?? agentEngine.act};
  return {
    controller: (settings) => controllerLoop(settings, controllerPart),
    agent: (settings) => agentLoop(settings, agentPart),
    scanner: scannerLoop,
  };
}
