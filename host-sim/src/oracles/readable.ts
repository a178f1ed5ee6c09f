// S1, readable: a server that serves has loaded every key that a live value or one in uncompacted history needs.
// Named exceptions: what a fault did to a file that the server then loaded (`TamperedFile`) is a finding; a server that started before any agent of its node could act (`UngatedStart`) is a finding, until
// it reads everything or its time is up.

import {ungatedStartMs} from '../limits.ts';
import type {Cluster} from '../world/cluster.ts';
import {isNeeded} from '../world/need.ts';
import type {Observer} from '../world/observer.ts';
import type {Server} from '../world/server.ts';
import {type KeyTag, unreadableTag} from '../world/stored-value.ts';
import {violator} from './violation.ts';

export interface Finding {
  readonly name: 'UngatedStart' | 'TamperedFile';
  readonly atMs: number;
  readonly node: string;
  readonly key: KeyTag;
}

export function watchReadable(cluster: Cluster, findings: Finding[]): Observer {
  const violate = violator(cluster, 'S1 readable');
  const ungated = new Map<Server, number>();
  const {scheduler} = cluster.world;
  const judge = (server: Server, resource: string, key: KeyTag): void => {
    if (key === unreadableTag || server.canRead(resource, key)) return;
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
        if (isNeeded(count) && key !== unreadableTag && !server.canRead(resource, key)) return false;
      }
    }
    return true;
  };
  const judgeAll = (server: Server): void => {
    for (const resource of cluster.need.resources()) {
      for (const [key, count] of cluster.need.of(resource)) {
        if (count.live + count.history > 0) judge(server, resource, key);
      }
    }
  };
  return {
    onNeed(resource, key) {
      for (const server of cluster.serving()) judge(server, resource, key);
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
