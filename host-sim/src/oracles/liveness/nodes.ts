// L3: a new Active reads everything at once. L4: a node that is new or came back has loaded every key of the ring within
// a poll and an agent period. L6: a member whose server stays away is named.

import type {Ring} from '@etcd-encryption/rotation';
import {isStored, type NeedCount} from '../../world/need.ts';
import type {SimNode} from '../../world/node.ts';
import {unreadableTag} from '../../world/stored-value.ts';
import {tagOf} from '../own-objects.ts';
import {type PromiseWatch, type WatchedCluster, wordsOf} from './watched.ts';

/** An agent's period at rest, its start after the machine's, and their requests, ms. */
const agentMs = 30_000 + 10_000 + 5_000;
/** An agent is called silent after three periods; then the controller looks, writes, and its requests take their time, ms. */
const namedMs = 90_000 + 30_000 + 10_000;

/** At the moment that it becomes Active, and whenever it is looked at. */
export function watchNewActive(watched: WatchedCluster): PromiseWatch {
  const {cluster, role} = watched;
  const judge = (): void => {
    if (role() === 'Standby') return;
    for (const server of cluster.serving()) {
      for (const resource of cluster.need.resources()) {
        for (const [key, count] of cluster.need.of(resource)) {
          if (!isReadNow(count) || key === unreadableTag || server.canRead(resource, key)) continue;
          const explanation = `it is Active, and cannot read ${count.live + count.history} values of ${resource}`;
          watched.broke('L3 new Active', {node: server.node, key, explanation});
          return;
        }
      }
    }
  };
  cluster.observe({onRole: judge});
  return {judge};
}

const isReadNow = (count: NeedCount): boolean => isStored(count);

/** Looks at each node a while after its server began to serve, and after it ceased to. */
export function watchNodes(watched: WatchedCluster): PromiseWatch {
  const {cluster} = watched;
  const {scheduler} = cluster.world;
  const judgeCurrent = (node: SimNode, ring: Ring): void => {
    const {server} = node;
    if (server?.serves !== true || !node.settings.member || isHeldUp(watched, node)) return;
    const held = new Set(watched.ring()?.layout.keys);
    const missing = ring.layout.keys.find((id) => {
      const key = ring.keys.find((each) => each.id === id);
      return key !== undefined && held.has(id) && !server.loaded.tags.has(tagOf(key));
    });
    if (missing === undefined) return;
    const explanation = `it serves again since ${cluster.pollMs + agentMs} ms and has not loaded a key of the ring`;
    watched.broke('L4 returned node', {node: node.name, key: missing, explanation});
  };
  const judgeAway = ({name, address, server, settings}: SimNode): void => {
    if (!settings.member || server?.serves === true || cluster.serving().length === 0) return;
    if (watched.ring()?.members.some((each) => each.node === name) !== true) return;
    const status = watched.status();
    const words = `${wordsOf(status)}\n${Object.keys(deployStatusOf(status)).join()}`;
    if (words.includes(name) || words.includes(address)) return;
    watched.broke('L6 obstacle named', {node: name, explanation: 'its server is away, and no status names it'});
  };
  const begin = (node: SimNode): void => {
    const ring = watched.ring();
    if (ring === undefined) return;
    scheduler.after(cluster.pollMs + agentMs, 'liveness', () => judgeCurrent(node, ring));
  };
  const end = (node: SimNode): void => {
    const {server} = node;
    scheduler.after(namedMs, 'liveness', () => {
      if (node.server === server || node.server?.serves !== true) judgeAway(node);
    });
  };
  for (const node of cluster.nodes) {
    if (node.server?.serves === true) begin(node);
    else if (node.settings.member) end(node);
  }
  cluster.observe({
    onServer(node, server, what) {
      if (what !== 'state') return;
      if (server.serves) begin(node);
      else if (node.server?.serves !== true) end(node);
    },
  });
  return {};
}

const deployStatusOf = (status: object): Readonly<Record<string, unknown>> =>
  (status as {readonly deployStatus?: Readonly<Record<string, unknown>>}).deployStatus ?? {};

/** What is named of a node is an obstacle, and no broken promise. */
const isHeldUp = (watched: WatchedCluster, {name}: SimNode): boolean => {
  const {conditions = []} = watched.status();
  return conditions.some(
    ({type, status, message}) => type === 'Degraded' && status === 'True' && message.includes(name),
  );
};
