// S1, readable: a server that serves has loaded every key that a live value or one in uncompacted history needs.
// Named exceptions: what a fault did to a file that the server then loaded (`TamperedFile`) is a finding; a server that
// started before any agent of its node could act (`UngatedStart`) is a finding, until it reads everything or its time
// is up; on a Standby a key that only replicated values need may lag (`LaggingKey`) for as long as the run's options
// say, and never from the moment the cluster is Active.

import {lagCheckMs, ungatedStartMs} from '../limits.ts';
import type {Cluster} from '../world/cluster.ts';
import {isNeeded, isStored, isStoredLocally, type NeedCount} from '../world/need.ts';
import type {Observer} from '../world/observer.ts';
import type {Server} from '../world/server.ts';
import {type KeyTag, unreadableTag} from '../world/stored-value.ts';
import type {OracleOptions} from './options.ts';
import {violator} from './violation.ts';

export interface Finding {
  readonly name: 'UngatedStart' | 'TamperedFile' | 'LaggingKey';
  readonly atMs: number;
  readonly node: string;
  readonly key: KeyTag;
}

const isLive = ({live}: NeedCount): boolean => live > 0;

/** Whether values in etcd, or on their way there from one of its own servers, need a key. */
const isNeededHere = (count: NeedCount): boolean => isNeeded({...count, backlog: 0});

export function watchReadable(
  cluster: Cluster,
  findings: Finding[],
  {mayLag, blindTo}: Required<OracleOptions>,
): Observer {
  const violate = violator(cluster, 'S1 readable');
  const ungated = new Map<Server, number>();
  const isJudged = blindTo.includes('history') ? isLive : isStored;
  const lagging = watchLag(cluster, findings, () => {
    for (const server of cluster.serving()) judgeAll(server);
  });
  const {scheduler} = cluster.world;
  const mayStillLag = (resource: string, key: KeyTag): boolean => {
    const count = cluster.need.of(resource).get(key);
    if (cluster.active || count === undefined || isStoredLocally(count)) return false;
    return mayLag(key, scheduler.nowMs - count.sinceMs, cluster.name);
  };
  const judge = (server: Server, resource: string, key: KeyTag): void => {
    if (key === unreadableTag || server.canRead(resource, key)) return;
    if (mayStillLag(resource, key)) {
      lagging(server, key);
      return;
    }
    const untilMs = ungated.get(server);
    const tampered = cluster.node(server.node).isTampered(server.loadedHash);
    const name = tampered ? 'TamperedFile' : 'UngatedStart';
    if (!tampered && (untilMs === undefined || scheduler.nowMs >= untilMs)) {
      violate({node: server.node, key, explanation: `a serving server has not loaded a key that ${resource} needs`});
    }
    findings.push({name, atMs: scheduler.nowMs, node: server.node, key});
  };
  const readsAll = (server: Server): boolean => {
    for (const resource of cluster.need.resources()) {
      for (const [key, count] of cluster.need.of(resource)) {
        if (isNeededHere(count) && key !== unreadableTag && !server.canRead(resource, key)) return false;
      }
    }
    return true;
  };
  const judgeAll = (server: Server): void => {
    for (const resource of cluster.need.resources()) {
      for (const [key, count] of cluster.need.of(resource)) {
        if (isJudged(count)) judge(server, resource, key);
      }
    }
  };
  return {
    onNeed(resource, key) {
      for (const server of cluster.serving()) judge(server, resource, key);
    },
    onRole() {
      for (const server of cluster.serving()) judgeAll(server);
    },
    onServer(_node, server, what) {
      if (!server.serves) return;
      if (what === 'state' && scheduler.nowMs > 0 && !readsAll(server)) {
        ungated.set(server, scheduler.nowMs + ungatedStartMs);
        scheduler.after(ungatedStartMs, `${cluster.name}/${server.node}`, () => {
          if (server.serves) judgeAll(server);
        });
      }
      if (readsAll(server)) ungated.delete(server);
      else judgeAll(server);
    },
  };
}

/** Notes each key that a server lags behind with once, and has it judged again and again for as long as one does. */
function watchLag(
  cluster: Cluster,
  findings: Finding[],
  judgeAgain: () => void,
): (server: Server, key: KeyTag) => void {
  const {scheduler} = cluster.world;
  const noted = new WeakMap<Server, Set<KeyTag>>();
  let scheduled = false;
  return (server, key) => {
    const keys = noted.get(server) ?? new Set();
    noted.set(server, keys);
    if (!keys.has(key)) {
      keys.add(key);
      findings.push({name: 'LaggingKey', atMs: scheduler.nowMs, node: server.node, key});
    }
    if (scheduled) return;
    scheduled = true;
    scheduler.after(lagCheckMs, `${cluster.name}/lag`, () => {
      scheduled = false;
      judgeAgain();
    });
  };
}
