// What can be seen happening in a cluster. Oracles and programs' wake-ups listen here; nothing acts through it.

import type {FileView} from './configuration.ts';
import type {DiskActor} from './disk.ts';
import type {Commit} from './etcd.ts';
import type {Kind} from './kinds.ts';
import type {SimNode} from './node.ts';
import type {Server} from './server.ts';
import type {KeyTag} from './stored-value.ts';

export interface Observer {
  /** A write reached etcd. */
  readonly onCommit?: (commit: Commit, kind: Kind | undefined) => void;
  /** A key became needed for a resource. */
  readonly onNeed?: (resource: string, tag: KeyTag) => void;
  /** A server loaded another configuration, or began or ceased to serve. */
  readonly onServer?: (node: SimNode, server: Server, what: 'loaded' | 'state') => void;
  /** The bytes at the configured path of a node are others. */
  readonly onFile?: (node: SimNode, before: FileView, actor: DiskActor) => void;
  /** What is at that path, or would be there after a power loss, changed. */
  readonly onDisk?: (node: SimNode, actor: DiskActor) => void;
  /** A node became a member or ceased to be one. */
  readonly onMembers?: () => void;
}
