// The smallest careful rotation, as one program with the disks of all nodes in hand: history, distribute, activate,
// migrate, drop. It exercises the world; the engine's own loops have their tests elsewhere.

import type {DataKey} from '@etcd-encryption/crypto';
import {sha256Hex} from '@etcd-encryption/crypto/sha256';
import {configMapResource, secretResource} from '@etcd-encryption/host-sim';
import {
  answerSync,
  ask,
  configurationPath,
  demand,
  type ListPage,
  ok,
  type PortRequest,
  type Result,
  type Step,
  type SyncPorts,
} from '@etcd-encryption/rotation';
import {type Entry, file, historyLine} from './files.ts';

const directory = '/etc/kubernetes';
const historyFile = `${directory}/encryption-provider-history.bak`;

export interface SmallRotation {
  /** Ports of one program on each node. */
  readonly nodes: readonly Partial<SyncPorts>[];
  readonly from: readonly Entry[];
  readonly key: DataKey;
  /** Entries afterwards. */
  readonly to: readonly Entry[];
}

/** Asks a node's ports, as its agent would; the time it takes is this program's. */
function* onNode<K extends PortRequest['op']>(
  ports: Partial<SyncPorts>,
  op: K,
  args: Extract<PortRequest, {op: K}>['args'],
): Step<Result<unknown>> {
  yield* demand('clock.sleep', {ms: 5});
  return answerSync({op, args} as PortRequest, ports);
}

function* must(ports: Partial<SyncPorts>, op: PortRequest['op'], args: never): Step<unknown> {
  const answer = yield* onNode(ports, op, args);
  if (!answer.ok) throw new Error(`${op}: ${answer.error.code} ${answer.error.message}`);
  return answer.value;
}

function* replaceFile(ports: Partial<SyncPorts>, bytes: Uint8Array): Step<void> {
  const path = `${directory}/.new`;
  yield* must(ports, 'files.create', {path, mode: 0o640} as never);
  yield* must(ports, 'files.write', {path, bytes, append: false} as never);
  yield* must(ports, 'files.sync', {path} as never);
  yield* must(ports, 'files.rename', {from: path, to: configurationPath} as never);
  yield* must(ports, 'files.syncDirectory', {path: directory} as never);
}

function* keepHistory(ports: Partial<SyncPorts>, key: DataKey): Step<void> {
  yield* onNode(ports, 'files.create', {path: historyFile, mode: 0o600});
  yield* must(ports, 'files.write', {path: historyFile, bytes: historyLine(key), append: true} as never);
  yield* must(ports, 'files.sync', {path: historyFile} as never);
  yield* must(ports, 'files.syncDirectory', {path: directory} as never);
}

/** Writes one file to every node, then waits until every server has loaded it. */
function* distribute(nodes: readonly Partial<SyncPorts>[], entries: readonly Entry[]): Step<void> {
  const bytes = file(entries);
  for (const ports of nodes) yield* replaceFile(ports, bytes);
  for (const ports of nodes) {
    for (;;) {
      const evidence = yield* onNode(ports, 'server.evidence', {});
      if (evidence.ok && (evidence.value as {loadedHash?: string}).loadedHash === sha256Hex(bytes)) break;
      yield* demand('clock.sleep', {ms: 1_000});
    }
  }
}

/** Rewrites every object, page by page. */
function* migrate(): Step<number> {
  let rewritten = 0;
  for (const resource of [secretResource, configMapResource]) {
    let token: {continue?: string} = {};
    do {
      const page = yield* ask('store.list', {resource, limit: 10, metadataOnly: true, ...token});
      if (!page.ok) {
        if (page.error.continue === undefined) throw new Error(page.error.message);
        token = {continue: page.error.continue};
        continue;
      }
      rewritten += yield* rewritePage(resource, page.value);
      token = page.value.continue === undefined ? {} : {continue: page.value.continue};
    } while (token.continue !== undefined);
  }
  return rewritten;
}

function* rewritePage(resource: typeof secretResource, {items}: ListPage): Step<number> {
  const requests = items.map(({metadata: {name, namespace = '', uid = '', resourceVersion = ''}}): PortRequest => {
    return {op: 'store.rewrite', args: {resource, namespace, name, uid, resourceVersion}};
  });
  const answers = yield* demand('all', {requests, maxInFlight: 4});
  return answers.filter(({ok: done}) => done).length;
}

/** Whether every stored value begins with one of the prefixes, past every server. */
function* isClean(ports: Partial<SyncPorts>, prefix: string): Step<boolean> {
  for (const path of ['/registry/secrets/', '/registry/configmaps/']) {
    const page = (yield* must(ports, 'etcd.scan', {prefix: path, limit: 10_000, headBytes: 64} as never)) as {
      entries: readonly {head: Uint8Array}[];
    };
    for (const {head} of page.entries) if (!new TextDecoder().decode(head).startsWith(prefix)) return false;
  }
  return true;
}

export function* smallRotation({nodes, from, key, to}: SmallRotation): Step<Result<number>> {
  const [write, ...rest] = from;
  if (write === undefined) throw new Error('from: expected an entry');
  for (const ports of nodes) yield* keepHistory(ports, key);
  yield* distribute(nodes, [write, key, ...rest]);
  yield* distribute(nodes, [key, write, ...rest]);
  let rewritten = 0;
  const [first] = nodes;
  if (first === undefined) throw new Error('nodes: expected one');
  do rewritten += yield* migrate();
  while (!(yield* isClean(first, `k8s:enc:aesgcm:v1:${key.name}:`)));
  // Two compactions later no history holds a value of the old key.
  for (let minute = 0; minute < 11; minute++) yield* demand('clock.sleep', {ms: 60_000});
  yield* distribute(nodes, to);
  return ok(rewritten);
}
