// What every deed of an agent is given.

import type {NodeObservation} from '../model/node-observation.ts';
import type {AgentMemory} from '../observe/agent-memory.ts';
import type {NodePlan} from '../plan/node-plan.ts';

export interface NodeDeed {
  readonly memory: AgentMemory;
  readonly observation: NodeObservation;
  readonly plan: NodePlan;
}
