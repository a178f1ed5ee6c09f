// What `start` prints for people and programs.
import type {ControlPlane} from './control-plane.ts';

export interface ControlPlaneSummary {
  readonly dir: string;
  /** Its end is everybody's end. */
  readonly supervisorPid: number;
  readonly etcd: ControlPlane['etcd'];
  readonly nodes: ControlPlane['nodes'];
}

export function summarize(controlPlane: ControlPlane): ControlPlaneSummary {
  const {dir, etcd, nodes} = controlPlane;
  return {dir, supervisorPid: process.pid, etcd, nodes};
}
