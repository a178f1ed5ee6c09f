// Loopback addresses and ports that are free now. Each control plane takes a 127.A.B.0/24 of its own by chance, so
// that many run on one machine; connections within the machine start from 127.0.0.1 and do not take these ports.
import {randomInt} from 'node:crypto';
import {createServer} from 'node:net';
import {defer} from './deferred.ts';

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** A.B with A from 64 to 127, away from the 127.0.x.x that resolvers and tools use. */
export function chooseNetwork(): string {
  return `127.${randomInt(64, 128)}.${randomInt(0, 256)}`;
}

/** Node N has NETWORK.(10+N), etcd NETWORK.10. */
export function nodeAddress(network: string, index: number): string {
  return `${network}.${11 + index}`;
}

export function etcdAddress(network: string): string {
  return `${network}.10`;
}

/** Ports that nothing listens on at that address, all different. */
export async function findFreePorts(address: string, count: number): Promise<readonly number[]> {
  const servers = await Promise.all(Array.from({length: count}, () => listenAnywhere(address)));
  const ports = servers.map(({port}) => port);
  await Promise.all(servers.map(({close}) => close()));
  return ports;
}

interface Listener {
  readonly port: number;
  readonly close: () => Promise<void>;
}

function listenAnywhere(address: string): Promise<Listener> {
  const {promise, resolve, reject} = defer<Listener>();
  const server = createServer();
  server.once('error', reject);
  server.listen(0, address, () => {
    const bound = server.address();
    if (bound === null || typeof bound === 'string') throw new TypeError('address: want an internet address');
    const close = () => new Promise<void>((closed) => server.close(() => closed()));
    resolve({port: bound.port, close});
  });
  return promise;
}
