// Whom a key may be sealed for: the nodes that report a recipient, and which of them are control-plane nodes.

import {type Fact, seen} from '../model/fact.ts';
import {readNodeReport} from '../model/node.ts';
import type {Recipient} from '../model/node-observation.ts';
import {
  controlPlaneLabel,
  kubernetesNodeResource,
  leaseResource,
  nodeReportResource,
  ourNamespace,
  serverLeaseSelector,
} from '../model/resource-types.ts';
import type {Step} from '../ports.ts';
import {listAll} from './lists.ts';

/**
 * A recipient is genuine when there is a control-plane Node of its name, or the identity lease of a server on a host of
 * that name. Who may write these reports is for the API's policies to hold: names are no secrets.
 */
export function* readRecipients(): Step<Fact<readonly Recipient[]>> {
  const reports = yield* listAll({resource: nodeReportResource, namespace: ourNamespace});
  if (reports.state !== 'seen') return reports;
  const nodes = yield* listAll({
    resource: kubernetesNodeResource,
    labelSelector: controlPlaneLabel,
    metadataOnly: true,
  });
  if (nodes.state !== 'seen') return nodes;
  const leases = yield* listAll({
    resource: leaseResource,
    namespace: ourNamespace,
    labelSelector: serverLeaseSelector,
    metadataOnly: true,
  });
  if (leases.state !== 'seen') return leases;
  const names = new Set(nodes.value.map(({metadata}) => metadata.name));
  const hosts = new Map(leases.value.map(({metadata}) => [metadata.name, metadata.labels?.['kubernetes.io/hostname']]));
  const recipients: Recipient[] = [];
  for (const item of reports.value) {
    const read = readNodeReport(item);
    if (read.outcome !== 'ok' || read.report.node !== item.metadata.name) continue;
    const {node, recipient, identity} = read.report;
    recipients.push({node, recipient, genuine: names.has(node) || hosts.get(identity) === node});
  }
  return seen(recipients);
}
