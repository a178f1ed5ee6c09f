// Who the kube-apiservers are, beside their leases: the control-plane Nodes, and the endpoints of the `kubernetes`
// service, which every server writes for itself under its advertised address.

import {absent, type Fact, seen, unknown, unread} from '../model/fact.ts';
import type {ControlPlaneNode} from '../model/observation.ts';
import {
  controlPlaneLabel,
  endpointSliceResource,
  kubernetesNodeResource,
  serversService,
} from '../model/resource-types.ts';
import {ask, type Step, type StoredObject} from '../ports.ts';
import {listAll} from './lists.ts';

/** Nodes that carry the label; where nothing labels Nodes the list is empty, and the plan looks for other proof. */
export function* readControlPlaneNodes(): Step<Fact<readonly ControlPlaneNode[]>> {
  const list = yield* listAll({resource: kubernetesNodeResource, labelSelector: controlPlaneLabel});
  if (list.state !== 'seen') return list;
  const nodes = list.value.map((item): ControlPlaneNode => ({name: item.metadata.name, addresses: addressesOf(item)}));
  return seen(nodes.sort((a, b) => (a.name < b.name ? -1 : 1)));
}

function addressesOf({status}: StoredObject): readonly string[] {
  const addresses = (status as {addresses?: readonly {address?: string}[]} | undefined)?.addresses ?? [];
  return addresses.flatMap(({address}) => (address === undefined || address === '' ? [] : [address]));
}

/**
 * `absent` where there is no slice: servers with `--endpoint-reconciler-type=none` write none. A slice without address
 * is `unknown`, since the server that gave it stands in it.
 */
export function* readEndpoints(): Step<Fact<readonly string[]>> {
  const answer = yield* ask('store.get', {resource: endpointSliceResource, ...serversService});
  if (!answer.ok) return unread(answer.error);
  if (answer.value === undefined) return absent;
  const endpoints = (answer.value.endpoints ?? []) as readonly {readonly addresses?: readonly string[]}[];
  const addresses = endpoints.flatMap((endpoint) => endpoint.addresses ?? []);
  const {namespace, name} = serversService;
  if (addresses.length === 0)
    return unknown(`EndpointSlice ${namespace}/${name} holds no address, not even of the server that answers`);
  return seen([...new Set(addresses)].sort());
}
