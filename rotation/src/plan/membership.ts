// Who counts: every node that reported and is not forgotten. Whoever else is known to be a server, by a lease, an
// endpoint, a Node or the ring, and any list that could not be read, holds every dangerous deed back and is named.

import {agentSilentMs, leaseAliveMs} from '../limits.ts';
import type {NodeReport} from '../model/node.ts';
import type {ClusterObservation} from '../model/observation.ts';
import {controlPlaneLabel} from '../model/resource-types.ts';
import type {Ring} from '../model/ring.ts';
import {sortedBy} from '../model/sorted.ts';
import {lifeOf} from './life.ts';
import {because, type Reason} from './reason.ts';

export interface Member {
  readonly node: string;
  readonly identity: string;
  readonly address: string;
  readonly report: NodeReport;
  readonly unchangedForMs: number;
}

export interface Membership {
  /** By node name. */
  readonly members: readonly Member[];
  /** What is not known of who counts. */
  readonly blockers: readonly Reason[];
  readonly notes: readonly Reason[];
}

/** What all that is said of members rests on. */
interface Sources {
  readonly observation: ClusterObservation;
  readonly ring: Ring;
  readonly members: readonly Member[];
  /** Names of nodes that an operator took out and that are not alive. */
  readonly forgotten: ReadonlySet<string>;
}

/** Members, and whatever stands against relying on them. */
export function membersOf(observation: ClusterObservation, ring: Ring): Membership {
  const lives = livesOf(observation);
  const alive = (identity: string): boolean => lives.get(identity) === 'alive';
  const forgotten = new Set(ring.forgotten.filter(({identity}) => !alive(identity)).map(({node}) => node));
  const sources = {observation, ring, forgotten, members: countingMembers(observation, forgotten)};
  return {
    members: sources.members,
    blockers: [
      ...failedReads(observation),
      ...doubtfullyForgotten(ring, lives),
      ...badReports(sources),
      ...unspokenLeases(sources),
      ...unspokenEndpoints(sources),
      ...unspokenNodes(sources),
      ...unconfirmed(sources),
      ...missingMembers(sources),
      ...(sources.members.length === 0 ? [because('NoMembers', 'no agent has reported yet')] : []),
    ],
    notes: [
      ...[...forgotten].sort().map((node) => because('NodeForgotten', `${node} no longer counts`, [node])),
      ...sources.members.flatMap((each) => silence(observation, each)),
    ],
  };
}

const reportsIn = ({reports}: ClusterObservation): readonly NodeReport[] =>
  reports.state === 'seen' ? reports.value.map(({report}) => report) : [];

const livesOf = ({leases}: ClusterObservation): ReadonlyMap<string, string> =>
  new Map((leases.state === 'seen' ? leases.value : []).map(({identity, life}) => [identity, life]));

function countingMembers({reports}: ClusterObservation, forgotten: ReadonlySet<string>): readonly Member[] {
  const counting = (reports.state === 'seen' ? reports.value : []).filter(({report}) => !forgotten.has(report.node));
  const members = counting.map(({report, unchangedForMs}): Member => {
    const {node, identity, address} = report;
    return {node, identity, address, report, unchangedForMs};
  });
  return sortedBy(members, ({node}) => node);
}

function failedReads(observation: ClusterObservation): readonly Reason[] {
  const sources = [
    [observation.reports, 'node reports'],
    [observation.leases, 'server leases'],
    [observation.controlPlaneNodes, 'control-plane Nodes'],
    [observation.endpoints, 'endpoints of the kubernetes service'],
  ] as const;
  return sources.flatMap(([fact, what]) =>
    fact.state === 'unknown' ? [because('ReadFailed', `${what}: ${fact.why}`)] : [],
  );
}

const doubtfullyForgotten = ({forgotten}: Ring, lives: ReadonlyMap<string, string>): readonly Reason[] =>
  sortedBy(forgotten, ({node}) => node)
    .filter(({identity}) => lives.get(identity) === 'unknown')
    .map(({node}) =>
      because('UnknownMember', `${node} was forgotten, and whether its server lives is not known`, [node]),
    );

const badReports = ({observation, forgotten}: Sources): readonly Reason[] =>
  Object.entries(observation.badReports)
    .sort()
    .filter(([name]) => !forgotten.has(name))
    .map(([name, detail]) => because('NewerRelease', `report of ${name}: ${detail}`, [name]));

function unspokenLeases({observation, forgotten}: Sources): readonly Reason[] {
  const spoken = new Set(reportsIn(observation).map(({identity}) => identity));
  const leases = observation.leases.state === 'seen' ? observation.leases.value : [];
  return sortedBy(leases, ({identity}) => identity)
    .filter(({identity, hostName}) => !spoken.has(identity) && !forgotten.has(hostName) && !forgotten.has(identity))
    .map(({identity, hostName}) =>
      because('UnknownMember', `server ${identity} (host ${hostName}) has no agent`, [hostName]),
    );
}

/**
 * An address is claimed by what a node reported, by what the ring remembers of it, or by a Node. A forgotten node claims
 * none: a server leaves the endpoints within seconds of its end, so whoever stands there lives, whatever its lease says.
 */
function unspokenEndpoints({observation, ring, forgotten}: Sources): readonly Reason[] {
  const {endpoints, controlPlaneNodes} = observation;
  if (endpoints.state !== 'seen') return [];
  const nodes = controlPlaneNodes.state === 'seen' ? controlPlaneNodes.value : [];
  const claimed = new Set([
    ...[...reportsIn(observation), ...ring.members]
      .filter(({node}) => !forgotten.has(node))
      .map(({address}) => address),
    ...nodes.filter(({name}) => !forgotten.has(name)).flatMap(({addresses}) => addresses),
  ]);
  return [...new Set(endpoints.value)]
    .sort()
    .filter((address) => !claimed.has(address))
    .map((address) =>
      because('UnknownMember', `server ${address} (endpoint of the kubernetes service) has no agent`, [address]),
    );
}

function unspokenNodes({observation, forgotten}: Sources): readonly Reason[] {
  const spoken = new Set(reportsIn(observation).map(({node}) => node));
  const nodes = observation.controlPlaneNodes.state === 'seen' ? observation.controlPlaneNodes.value : [];
  return sortedBy(nodes, ({name}) => name)
    .filter(({name}) => !spoken.has(name) && !forgotten.has(name))
    .map(({name}) => because('AgentMissing', `control-plane node ${name} has no agent report`, [name]));
}

/** Where no Node is labelled, each member must be known from elsewhere; its own report alone is no confirmation. */
function unconfirmed({observation, members}: Sources): readonly Reason[] {
  const {controlPlaneNodes, endpoints} = observation;
  if (controlPlaneNodes.state !== 'seen' || controlPlaneNodes.value.length > 0) return [];
  const lives = livesOf(observation);
  const addresses = endpoints.state === 'seen' ? endpoints.value : [];
  const open = members.filter(({identity, address}) => !lives.has(identity) && !addresses.includes(address));
  if (open.length === 0) return [];
  const names = open.map(({node}) => node);
  const message = `no Node is labelled ${controlPlaneLabel}, and no server lease or endpoint confirms ${names.join(', ')}`;
  return [because('ReadFailed', message, names)];
}

function missingMembers({observation, ring, forgotten}: Sources): readonly Reason[] {
  const spoken = new Set(reportsIn(observation).map(({node}) => node));
  return sortedBy(ring.members, ({node}) => node)
    .filter(({node}) => !spoken.has(node) && !forgotten.has(node))
    .map(({node}) => because('AgentMissing', `member ${node} reported before and does not now`, [node]));
}

/** Whether neither a member's agent nor its server gives a sign of life: the node is most likely down. */
export const isSilent = (observation: ClusterObservation, {identity, unchangedForMs}: Member): boolean =>
  unchangedForMs > leaseAliveMs && lifeOf(observation, [identity]) === 'silent';

/** A member whose agent has ceased to report, with or without its server. */
export function silence(observation: ClusterObservation, member: Member): readonly Reason[] {
  const {node, unchangedForMs} = member;
  if (isSilent(observation, member)) {
    const message = `${node}: its kube-apiserver does not renew its lease, and its agent does not report`;
    return [because('ServerDown', message, [node])];
  }
  if (unchangedForMs <= agentSilentMs) return [];
  return [because('AgentSilent', `${node}: its agent has not reported for ${agentSilentMs / 1_000} s`, [node])];
}
