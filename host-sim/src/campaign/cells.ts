// What a campaign has to hit: every fault class in every phase of a rotation and in every role of the cluster that it
// strikes, but for the cells that cannot be, each with its reason.

import {type FaultClass, faultClasses, type Phase, phases} from '../rehearsal/model.ts';
import type {ClusterRole} from '../rehearsal/result.ts';

export interface Cell {
  readonly fault: FaultClass;
  readonly phase: Phase;
  readonly role: ClusterRole;
}

const clusterRoles: readonly ClusterRole[] = ['Active', 'Standby', 'single'];

/** All of them, in one fixed order. */
export const cells: readonly Cell[] = faultClasses.flatMap((fault) =>
  phases.flatMap((phase) => clusterRoles.map((role): Cell => ({fault, phase, role}))),
);

/** Cells that cannot be: those that agree with all that a rule names. */
interface Rule {
  readonly faults?: readonly FaultClass[];
  readonly phases?: readonly Phase[];
  readonly roles?: readonly ClusterRole[];
  /** One sentence. */
  readonly reason: string;
}

const rules: readonly Rule[] = [
  {
    phases: ['Mint'],
    roles: ['Active', 'Standby'],
    reason: 'Keys of a pair are derived on both sides; none is ever minted.',
  },
  {faults: ['rootSwap'], phases: ['Mint'], reason: 'Where keys are minted, none comes from a root.'},
  {phases: ['Publish'], roles: ['Standby'], reason: 'A Standby publishes nothing.'},
  {
    faults: ['stall', 'resync', 'lostDelete', 'surplusKey', 'failover'],
    roles: ['single'],
    reason: 'Nothing is copied to or from a cluster that has no other side.',
  },
  {faults: ['surplusKey'], roles: ['Active'], reason: 'A surplus key is one that the Standby alone has.'},
];

/** Why a cell cannot be, in one sentence; `undefined` where it can. */
export const impossible = (cell: Cell): string | undefined => rules.find((rule) => covers(rule, cell))?.reason;

/** Every cell that a campaign aims at and has to hit. */
export const possibleCells: readonly Cell[] = cells.filter((cell) => impossible(cell) === undefined);

function covers({faults, phases: within, roles}: Rule, {fault, phase, role}: Cell): boolean {
  return (faults?.includes(fault) ?? true) && (within?.includes(phase) ?? true) && (roles?.includes(role) ?? true);
}
