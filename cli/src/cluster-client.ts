// The cluster as a verb sees it: the store, a clock whose sleep a change cuts short, and plain requests. Where the
// cluster is follows kubectl's order; the pod's service account comes last.

import {existsSync} from 'node:fs';
import {homedir} from 'node:os';
import {delimiter, join, resolve} from 'node:path';
import {
  type ApiTransport,
  type ClockPorts,
  createClock,
  createStorePorts,
  type StorePorts,
  type Watch,
  watchHints,
} from '@etcd-encryption/host-k8s';
import {
  configResource,
  type ListRequest,
  nodeReportResource,
  ourGroup,
  ourNamespace,
  type Result,
  ringResource,
  type StoredObject,
} from '@etcd-encryption/rotation';
import {version} from './release.ts';
import {optionalText, UnreachableError, UsageError, type VerbInput, type VerbOption} from './verb.ts';

export interface ClusterClient {
  readonly store: StorePorts;
  readonly clock: ClockPorts;
  readonly request: ApiTransport['request'];
  /** From now on a change of our objects cuts sleeps short. */
  readonly watch: () => void;
  readonly close: () => Promise<void>;
}

/** How a verb comes to its cluster; a test hands in a simulated one. */
export type OpenCluster = (input: VerbInput) => ClusterClient;

export const kubeconfigOption: VerbOption = {
  type: 'string',
  help: 'kubeconfig FILE; $KUBECONFIG, ~/.kube/config or the pod’s service account unless given',
};

/** Pages of our own kinds; a list that does not end is refused rather than cut. */
const [pageSize, maxPages] = [500, 200];

/** Where the kubeconfig is; `undefined` = the pod's service account. @throws UsageError for a named file that is not there */
export function findKubeconfig(
  named: string | undefined,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string | undefined {
  if (named !== undefined) {
    if (!existsSync(named)) throw new UsageError(`--kubeconfig: there is no file ${named}`);
    return resolve(named);
  }
  const listed = (environment.KUBECONFIG ?? '').split(delimiter).filter((path) => path !== '');
  if (listed.length > 1)
    throw new UsageError(`KUBECONFIG: expected one file, got ${listed.length}; name one with --kubeconfig`);
  const [only] = listed;
  if (only !== undefined) {
    if (!existsSync(only)) throw new UsageError(`KUBECONFIG: there is no file ${only}`);
    return resolve(only);
  }
  const usual = join(environment.HOME ?? homedir(), '.kube', 'config');
  return existsSync(usual) ? usual : undefined;
}

/** Opens no connection before the first question. @throws UnreachableError when nothing says where the cluster is */
export const openCluster: OpenCluster = (input) => {
  const kubeconfig = findKubeconfig(optionalText(input, 'kubeconfig'));
  if (kubeconfig === undefined && process.env.KUBERNETES_SERVICE_HOST === undefined)
    throw new UnreachableError(
      'no cluster: there is no --kubeconfig, no $KUBECONFIG, no ~/.kube/config, and this is no pod',
    );
  const client = createStorePorts({
    userAgent: `etcd-encryption-manager/${version} (command)`,
    ...(kubeconfig === undefined ? {} : {kubeconfig}),
  });
  const clock = createClock({signal: input.signal});
  let watch: Watch | undefined;
  return {
    store: client,
    clock: clock.ports,
    request: client.transport.request,
    watch: () => {
      const targets = [
        {resource: configResource},
        {resource: ringResource, namespace: ourNamespace},
        {resource: nodeReportResource, namespace: ourNamespace},
      ];
      watch ??= watchHints({transport: client.transport, targets, onHint: clock.wake});
    },
    close: async () => {
      await watch?.close();
      await client.close();
    },
  };
};

/** Uses a cluster and closes it again. */
export async function withCluster<T>(
  open: OpenCluster,
  input: VerbInput,
  use: (client: ClusterClient) => Promise<T>,
): Promise<T> {
  const client = open(input);
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

/**
 * The answer to a question.
 * @throws UnreachableError when nobody answered or it was refused; Error for anything else
 */
export function answerOf<T>(what: string, result: Result<T>): T {
  if (result.ok) return result.value;
  const {code, message} = result.error;
  switch (code) {
    case 'unavailable':
    case 'denied':
      throw new UnreachableError(`${what}: ${message}`);
    case 'ambiguous':
      throw new UnreachableError(`${what}: ${message}; it may have happened all the same`);
    case 'gone':
      throw new Error(`${what}: not served; kinds of ${ourGroup} come from: etcd-encryption-manager crds`);
    case 'conflict':
    case 'invalid':
      throw new Error(`${what}: ${message}`);
    default:
      return code satisfies never;
  }
}

/** Every object of a list. */
export async function listEvery(
  store: Pick<StorePorts, 'store.list'>,
  request: Omit<ListRequest, 'limit' | 'continue'>,
): Promise<Result<readonly StoredObject[]>> {
  const items: StoredObject[] = [];
  let token: string | undefined;
  for (let page = 0; page < maxPages; page++) {
    const next = token === undefined ? {} : {continue: token};
    const answer = await store['store.list']({...request, limit: pageSize, ...next});
    if (!answer.ok) return answer;
    items.push(...answer.value.items);
    token = answer.value.continue;
    if (token === undefined || token === '') return {ok: true, value: items};
  }
  const message = `more than ${maxPages * pageSize} ${request.resource.plural}`;
  return {ok: false, error: {code: 'invalid', message}};
}

/** Wall time, Unix ms. */
export async function wallMs(client: Pick<ClusterClient, 'clock'>): Promise<number> {
  const now = answerOf('clock', await client.clock['clock.now']({}));
  return now.wallMs;
}

/** Sleeps at most `ms`; false when the program shall end. */
export async function pauseFor(client: Pick<ClusterClient, 'clock'>, ms: number): Promise<boolean> {
  return answerOf('clock', await client.clock['clock.sleep']({ms})) !== 'stop';
}
