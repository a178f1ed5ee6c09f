// One line for each event of a run that changed a fact: when, on which cluster and node, what.

import type {RunEvent} from '@etcd-encryption/host-sim';
import {cleanLine, type Paint, type Tone} from '../table.ts';
import {clockTime} from '../time-words.ts';

const tones: Readonly<Record<RunEvent['kind'], Tone>> = {deed: 'good', fault: 'warn', fact: 'plain', verdict: 'bad'};

/** Room for a time of up to 9,999 hours. */
const timeWidth = '9999:00:00.0'.length;

/** @param names of the clusters and nodes that lines may name, so that columns stand below each other */
export function createEventLines(
  clusters: readonly {readonly name: string; readonly nodes: readonly string[]}[],
  paint: Paint,
): (event: RunEvent) => string {
  const clusterWidth = Math.max(...clusters.map(({name}) => name.length));
  const nodeWidth = Math.max(...clusters.flatMap(({nodes}) => nodes.map((node) => node.length)));
  return ({atMs, cluster = '', node = '', what, kind}) =>
    [
      paint('dim', clockTime(atMs).padStart(timeWidth)),
      cluster.padEnd(clusterWidth),
      node.padEnd(nodeWidth),
      paint(tones[kind], cleanLine(what)),
    ].join('  ');
}
