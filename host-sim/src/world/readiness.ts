// Whether `/readyz` of a server says ok. It answers requests before; it is ready, and stays so, from when it could list
// every resource once: a value that it cannot open keeps it from that.

import type {Need} from './need.ts';
import type {Server} from './server.ts';

export type Readiness = (server: Server) => boolean;

/** Ask when a server begins to serve, and whenever somebody wants to know. */
export function createReadiness(need: Need): Readiness {
  const ready = new WeakSet<Server>();
  return (server) => {
    if (!server.serves) return false;
    if (!ready.has(server) && canReadAll(server, need)) ready.add(server);
    return ready.has(server);
  };
}

function canReadAll(server: Server, need: Need): boolean {
  for (const resource of need.resources())
    for (const [tag, {live}] of need.of(resource)) if (live > 0 && !server.canRead(resource, tag)) return false;
  return true;
}
