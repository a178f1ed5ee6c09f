// What happens on a real cluster, told from the programs' logs, the nodes' reports and the resource's status.

import {open} from 'node:fs/promises';
import {type NodeReport, orderOf, type RenderedBlock} from '@etcd-encryption/rotation';
import {type Narrator, tellOnce} from './narrator.ts';
import type {RealCluster, RealUsers} from './real-modules.ts';
import type {Status} from './stage.ts';
import {eventSentence, orderText} from './words.ts';

export interface ClusterWatch {
  readonly status: Status | undefined;
  readonly look: () => Promise<void>;
}

/** Tells what the programs write to their logs and what nodes report; a read that fails is tried at the next look. */
export function watchCluster(cluster: RealCluster, users: RealUsers, narrator: Narrator): ClusterWatch {
  const logs = [cluster.controller, ...cluster.agents.values()].map(({logPath}) => followLog(logPath));
  const files = new Map<string, string>();
  const loads = new Map<string, string>();
  const tell = tellOnce(narrator, 'users');
  const watch: {status: Status | undefined; look: () => Promise<void>} = {
    status: undefined,
    async look() {
      for (const log of logs) for (const line of await log()) tellEvent(narrator, line);
      for (const report of await cluster.reports().catch(() => [])) tellReport(narrator, report, {files, loads});
      watch.status = await cluster.status().catch(() => watch.status);
      tell(users.counts.failures);
    },
  };
  return watch;
}

/** New lines of a growing file, those that are complete. */
function followLog(path: string): () => Promise<readonly string[]> {
  let offset = 0;
  let rest = '';
  return async () => {
    const file = await open(path).catch(() => undefined);
    if (file === undefined) return [];
    try {
      const {size} = await file.stat();
      const {buffer} = await file.read({buffer: Buffer.alloc(size - offset), position: offset});
      offset = size;
      const lines = `${rest}${buffer.toString()}`.split('\n');
      rest = lines.pop() ?? '';
      return lines;
    } finally {
      await file.close();
    }
  };
}

function tellEvent(narrator: Narrator, line: string): void {
  const fields = readLine(line);
  if (fields === undefined) {
    narrator.line('demo', line, 'bad');
    return;
  }
  const {event = '', program = '', node} = fields;
  const sentence = eventSentence(event, line);
  if (sentence !== undefined) {
    narrator.line(node === undefined ? program : `agent ${node}`, sentence.text, sentence.failed ? 'bad' : 'work');
  }
}

function readLine(line: string): Readonly<Record<string, string>> | undefined {
  try {
    return JSON.parse(line) as Readonly<Record<string, string>>;
  } catch {
    return undefined;
  }
}

interface Reported {
  readonly files: Map<string, string>;
  readonly loads: Map<string, string>;
}

function tellReport(narrator: Narrator, {node, file, loaded}: NodeReport, {files, loads}: Reported): void {
  if (file.state === 'loadable' && files.get(node) !== file.hash) {
    if (files.has(node))
      narrator.line(`agent ${node}`, `has put a new file in place: ${orderText(secretsOrder(file.blocks))}`);
    files.set(node, file.hash);
  }
  if (loaded.state === 'known' && loads.get(node) !== loaded.hash) {
    if (loads.has(node))
      narrator.line(`server ${node}`, `has loaded its file: ${orderText(secretsOrder(loaded.blocks))}`);
    loads.set(node, loaded.hash);
  }
}

const secretsOrder = (blocks: readonly RenderedBlock[]): readonly string[] => orderOf(blocks, 'secrets') ?? [];
