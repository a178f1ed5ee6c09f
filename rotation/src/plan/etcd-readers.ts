// Nodes that read etcd. One that sees only a part of what is encrypted proves nothing, so it counts as one that reads none.

import type {NodeReport} from '../model/node.ts';
import type {Member} from './membership.ts';
import type {View} from './view.ts';

/** Lists that hold `events`, the one resource that may lie in another etcd than the one a node reads. */
const eventLists: ReadonlySet<string> = new Set(['events', 'events.events.k8s.io', '*.events.k8s.io', '*.', '*.*']);

/** Members that can count prefixes or open values of all that is listed, by node. */
export function etcdReaders(view: View, how: NodeReport['can'][number]): readonly Member[] {
  const listed = [...view.spec.resources, ...view.ring.layout.resources.map(({resource}) => resource)];
  const withEvents = listed.some((resource) => eventLists.has(resource));
  return view.members.filter(
    ({report}) => report.can.includes(how) && !(withEvents && (report.etcdOverrides ?? []).length > 0),
  );
}
