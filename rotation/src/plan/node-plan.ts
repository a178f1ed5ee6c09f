// What an agent's plan for its node is: deeds in their order, and what people should know.

import type {PublishRequest} from '../model/bundle.ts';
import type {KeyId} from '../model/key.ts';
import type {RenderedBlock} from '../model/layout.ts';
import type {LoadedReport, Problem, ServerReport} from '../model/node.ts';
import type {NodeState} from '../model/node-observation.ts';
import type {ReasonName} from './reason.ts';

export type NodeAction =
  | {readonly do: 'makeIdentity'}
  | {readonly do: 'moveAside'; readonly path: string}
  | {readonly do: 'appendHistory'; readonly keys: readonly KeyId[]}
  | {readonly do: 'openKey'; readonly object: string}
  | {readonly do: 'sealKey'; readonly key: KeyId}
  | {readonly do: 'reseal'; readonly object: string}
  | {readonly do: 'mint'; readonly id: string; readonly revision: number}
  /** Makes the bundle that the ring asks for; it is kept and told, not published. */
  | {readonly do: 'prepareBundle'; readonly request: PublishRequest}
  | {readonly do: 'writeFile'; readonly blocks: readonly RenderedBlock[]}
  /** Puts back a configuration whose bytes are at hand, with more keys to read with where `add` names some. */
  | {
      readonly do: 'restoreFile';
      readonly hash: string;
      readonly add?: readonly KeyId[];
      readonly why: string;
      readonly refused: boolean;
    }
  | {readonly do: 'writeState'; readonly state: NodeState}
  /** The file on trial is loaded, or no longer in place. */
  | {readonly do: 'endTrial'};

export interface NodePlan {
  readonly actions: readonly NodeAction[];
  readonly problems: readonly Problem[];
  readonly server: ServerReport;
  readonly loaded: LoadedReport;
}

export const problem = (reason: ReasonName, message: string): Problem => ({reason, message});
