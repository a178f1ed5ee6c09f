// What a status says of nodes: conditions by type, and whether one names a reason and what it is about.

import type {ConfigStatusView, RotationCluster} from './rotation-cluster.ts';

export const conditionOf = (status: ConfigStatusView, type: string) =>
  status.conditions?.find((condition) => condition.type === type);

/** `NodesConverged` is False for this reason, and its message has every word. */
export const isHeldBack = (status: ConfigStatusView, reason: string, ...words: readonly string[]): boolean =>
  isSaid(status, {type: 'NodesConverged', status: 'False'}, [reason, ...words]);

/** `Degraded` is True for this reason, and its message has every word. */
export const isDegraded = (status: ConfigStatusView, reason: string, ...words: readonly string[]): boolean =>
  isSaid(status, {type: 'Degraded', status: 'True'}, [reason, ...words]);

function isSaid(
  status: ConfigStatusView,
  wanted: {readonly type: string; readonly status: string},
  [reason, ...words]: readonly string[],
): boolean {
  const found = conditionOf(status, wanted.type);
  if (found?.status !== wanted.status || found.reason !== reason) return false;
  return words.every((word) => found.message.includes(word));
}

/** Looks for a while whether something stays as it is. @throws Error with what it was instead */
export async function stays<T>(value: () => Promise<T>, expected: T, ms = 4_000): Promise<void> {
  const end = performance.now() + ms;
  while (performance.now() < end) {
    const now = await value();
    if (now !== expected) throw new Error(`expected ${String(expected)} for ${ms} ms, got ${String(now)}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Key names that write secrets in the nodes' files, sorted, each once. */
export async function writeKeys(cluster: RotationCluster): Promise<string> {
  const orders = await Promise.all(
    cluster.plane.nodes.map(async ({name}) =>
      (await cluster.file(name)).find(({resources}) => resources.includes('secrets'))?.order.at(0),
    ),
  );
  return [...new Set(orders)].sort().join(' ');
}
