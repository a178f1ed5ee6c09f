// S2, write after read: whenever a server's loaded or filed write key is k, every member has k in its file and every
// serving member has loaded it. Judged for each resource at every change of a file, a server or the membership.

import type {Cluster} from '../world/cluster.ts';
import type {FileView, Transformers} from '../world/configuration.ts';
import {noTransformers} from '../world/configuration.ts';
import type {SimNode} from '../world/node.ts';
import type {Observer} from '../world/observer.ts';
import type {KeyTag} from '../world/stored-value.ts';
import {violator} from './violation.ts';

interface View {
  readonly node: string;
  readonly what: 'file' | 'loaded';
  readonly transformers: Transformers;
  /** Whether keys written elsewhere must be in it. */
  readonly mustRead: boolean;
}

export function watchWriteAfterRead(cluster: Cluster): Observer {
  const violate = violator(cluster, 'S2 write after read');
  const judge = (): void => {
    const views = cluster.nodes.filter(({settings}) => settings.member).flatMap(viewsOf);
    for (const {id} of cluster.kinds.all) {
      const writers = new Map<KeyTag, View>();
      for (const view of views) {
        const key = view.transformers.of(id)[0]?.tag;
        if (key !== undefined && !writers.has(key)) writers.set(key, view);
      }
      if (writers.size === 1 && views.every(({transformers}) => transformers === views[0]?.transformers)) continue;
      for (const [key, writer] of writers) {
        const missing = views.find(({mustRead, transformers}) => mustRead && !reads(transformers, id, key));
        if (missing === undefined) continue;
        const where = missing.what === 'file' ? 'is not in the file' : 'has not been loaded by the server';
        violate({
          node: missing.node,
          key,
          explanation: `${id} is written with it by ${writer.node} (${writer.what}), but it ${where} of ${missing.node}`,
        });
      }
    }
  };
  return {onFile: judge, onServer: judge, onMembers: judge};
}

const reads = (transformers: Transformers, resource: string, key: KeyTag): boolean =>
  transformers.of(resource).some(({tag}) => tag === key);

/**
 * What a node would write with and can read: its file, and every process of its server. What a fault put there is
 * not the engine's deed and is left out.
 */
function viewsOf(node: SimNode): readonly View[] {
  const {name, file} = node;
  const loaded = node.processes
    .filter(({mayWrite, loadedHash}) => mayWrite && !node.isTampered(loadedHash))
    .map((server): View => ({node: name, what: 'loaded', transformers: server.loaded, mustRead: server.serves}));
  const transformers = filed(file);
  const hash = file.state === 'absent' ? undefined : file.hash;
  return transformers === undefined || node.isTampered(hash)
    ? loaded
    : [{node: name, what: 'file', transformers, mustRead: true}, ...loaded];
}

function filed(file: FileView): Transformers | undefined {
  switch (file.state) {
    case 'absent':
      return noTransformers;
    case 'loadable':
      return file.transformers;
    case 'refused':
      // Its keys are unknown; S11 speaks of such a file.
      return undefined;
    default:
      return file satisfies never;
  }
}
