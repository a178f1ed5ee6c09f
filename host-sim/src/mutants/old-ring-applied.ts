// An agent that was late writes what the ring said when it last looked.

import {type NodeObservation, type NodePlan, planNode, type Ring, renderLayout} from '@etcd-encryption/rotation';
import type {Mutant} from './mutant.ts';
import {unguardedAct, withNodePlan} from './parts.ts';

export const oldRingApplied: Mutant = {
  name: 'late agent applies an old ring',
  what: 'now and then a file is rendered from the ring of two minutes ago, as it was, and the guard is not asked',
  diesBy: ['S3 drop after need', 'S1 readable'],
  parts: () => {
    const memory = new Map<string, Seen[]>();
    return withNodePlan((o) => lateFile(o, remember(o, memory)) ?? planNode(o), unguardedAct);
  },
};

interface Seen {
  readonly ring: Ring;
  readonly atMs: number;
}

const latenessMs = 120_000;
/** One look in so many is late. */
const lateEach = 20;

/** The oldest ring of the last two minutes, at each twentieth look. */
function remember({node, ring, now}: NodeObservation, memory: Map<string, Seen[]>): Ring | undefined {
  if (ring.state !== 'seen') return undefined;
  const seen = [...(memory.get(node) ?? []), {ring: ring.value, atMs: now.wallMs}].slice(-lateEach);
  memory.set(node, seen);
  const [oldest] = seen;
  if (seen.length < lateEach || oldest === undefined) return undefined;
  memory.delete(node);
  return now.wallMs - oldest.atMs <= latenessMs ? oldest.ring : undefined;
}

function lateFile(o: NodeObservation, ring: Ring | undefined): NodePlan | undefined {
  if (ring === undefined || ring.layout.resources.length === 0) return undefined;
  const keys = new Map(ring.keys.map((key) => [key.id, key]));
  if (ring.keys.some(({id}) => !o.held.has(id))) return undefined;
  const blocks = renderLayout(ring.layout, keys, () => undefined);
  return {...planNode(o), actions: [{do: 'writeFile', blocks}]};
}
