// Nodes that read etcd. One that sees only a part of what is encrypted proves nothing, so it counts as one that reads none.

import type {NodeReport} from '../model/node.ts';
import type {Member} from './membership.ts';
import type {View} from './view.ts';

/** Lists that hold `events`, the one resource that may lie in another etcd than the one a node reads. */
const eventLists: ReadonlySet<string> = new Set(['events', 'events.events.k8s.io', '*.events.k8s.io', '*.', '*.*']);

/** How `--etcd-servers-overrides` names them. */
const eventOverrides: ReadonlySet<string> = new Set(['/events', 'events.k8s.io/events']);

/** Members that can count prefixes or open values of all that is listed, by node. */
export function etcdReaders(view: View, how: NodeReport['can'][number]): readonly Member[] {
  const listed = [...view.spec.resources, ...view.ring.layout.resources.map(({resource}) => resource)];
  const withEvents = listed.some((resource) => eventLists.has(resource));
  const elsewhere = view.members.flatMap(({report}) => report.etcdOverrides ?? []);
  // One server is enough: what it writes into another etcd is in no scan of this one.
  if (elsewhere.some((resource) => withEvents || !eventOverrides.has(resource))) return [];
  return view.members.filter(({report}) => report.can.includes(how));
}
