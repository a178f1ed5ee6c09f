// What a node's own kube-apiserver says of itself, and what the node's manifests say of it.

import {
  failed,
  type NodePlatform,
  ok,
  type Result,
  type ServerEvidence,
  type SyncPorts,
} from '@etcd-encryption/rotation';
import {identityHash} from '../world/identity.ts';
import type {SimNode} from '../world/node.ts';
import type {Server} from '../world/server.ts';

type ServerOperation = Extract<keyof SyncPorts, `server.${string}`>;

export function createServerPort(node: SimNode | undefined): Pick<SyncPorts, ServerOperation> {
  if (node === undefined) return {'server.evidence': noNode, 'server.platform': noNode};
  return {
    'server.evidence': () => {
      const {server} = node;
      if (server?.serves !== true) return failed('unavailable', 'connection refused', {reason: 'ECONNREFUSED'});
      return ok(evidenceOf(node, server));
    },
    'server.platform': () => {
      const {configPath, automaticReload, mount, fipsOnly, manifest} = node.settings;
      if (!manifest) return ok(withoutManifest(node));
      return ok({
        ...(configPath === undefined ? {} : {configPath}),
        automaticReload: automaticReload && configPath !== undefined,
        mount,
        etcdPrefix: '/registry',
        fipsOnly,
        address: node.address,
        hostName: node.hostName,
      });
    },
  };
}

const withoutManifest = ({address, hostName}: SimNode): NodePlatform => ({
  automaticReload: false,
  mount: 'unknown',
  etcdPrefix: '/registry',
  fipsOnly: false,
  address,
  hostName,
  problem: '/etc/kubernetes/manifests/kube-apiserver.yaml: not there',
});

const noNode = (): Result<never> => failed('denied', 'this program runs on no node');

/** Counters with an identity appear with the first event that they count; the plain ones of 1.28 are there at once. */
function formOf({settings: {metrics}}: SimNode, {reloadSuccesses, reloadFailures}: Server): ServerEvidence['form'] {
  return metrics === 'labelled' && reloadSuccesses + reloadFailures === 0 ? 'none' : metrics;
}

function evidenceOf(node: SimNode, server: Server): ServerEvidence {
  const hash = identityHash(node.identity);
  const form = formOf(node, server);
  const known = form !== 'none';
  const {loadedHash, lastReloadSuccessMs, lastReloadFailureMs} = server;
  return {
    identityHashes: form === 'hash' || form === 'labelled' ? [hash] : [],
    expectedIdentityHash: hash,
    expectedIdentity: node.identity,
    processStartMs: server.processStartMs,
    ...(form === 'hash' && loadedHash !== undefined ? {loadedHash} : {}),
    reloadSuccesses: known ? server.reloadSuccesses : 0,
    reloadFailures: known ? server.reloadFailures : 0,
    ...(known && lastReloadSuccessMs !== undefined ? {lastReloadSuccessMs} : {}),
    ...(known && lastReloadFailureMs !== undefined ? {lastReloadFailureMs} : {}),
    form,
    encryptions: Object.fromEntries([...server.encryptions].sort(byName)),
    decryptions: Object.fromEntries([...server.decryptions].sort(byName)),
  };
}

const byName = ([a]: readonly [string, number], [b]: readonly [string, number]): number => (a < b ? -1 : 1);
