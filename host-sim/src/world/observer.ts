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
  /** A key became needed for a resource, or became needed by a value that is not replicated. */
  readonly onNeed?: (resource: string, tag: KeyTag) => void;
  /** A value under a key is on its way from the other cluster of a pair, and none was before. */
  readonly onBacklog?: (resource: string, tag: KeyTag) => void;
  /** A server encrypted a value; `total` = encryptions under this key by all servers of the cluster so far. */
  readonly onEncryption?: (server: Server, tag: KeyTag, total: number) => void;
  /** A server loaded another configuration, or began or ceased to serve. */
  readonly onServer?: (node: SimNode, server: Server, what: 'loaded' | 'state') => void;
  /** The bytes at the configured path of a node are others. */
  readonly onFile?: (node: SimNode, before: FileView, actor: DiskActor) => void;
  /** What is at that path, or would be there after a power loss, changed. */
  readonly onDisk?: (node: SimNode, actor: DiskActor) => void;
  /** What a node's history would be after a power loss changed. */
  readonly onHistory?: (node: SimNode, actor: DiskActor) => void;
  /** The cluster became Active or ceased to be. */
  readonly onRole?: () => void;
  /** A node became a member or ceased to be one. */
  readonly onMembers?: () => void;
}
