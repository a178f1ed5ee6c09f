// The engine's `store.*` ports on a real API server. One port call is one HTTP request (a read may be tried again
// below); paging, retries of writes and compare-and-swap are the engine's.

import {
  type Arguments,
  failed,
  type ListPage,
  type ObjectAddress,
  type OperationName,
  ok,
  type Ports,
  type ResourceType,
  type Result,
  type StoredObject,
} from '@etcd-encryption/rotation';
import {createResolver} from './discovery.ts';
import {type CredentialSource, inClusterCredentials, kubeconfigCredentials} from './kubeconfig.ts';
import {listTimeoutMs} from './limits.ts';
import {type Access, portFailure} from './status-map.ts';
import {type ApiAnswer, type ApiRequest, type ApiTransport, createApiTransport} from './transport.ts';

export type StorePorts = Pick<Ports, Extract<OperationName, `store.${string}`>>;

export interface StoreOptions {
  /** Path of a kubeconfig; absent: the service account of the pod we run in. */
  readonly kubeconfig?: string;
  /** Context of the kubeconfig; absent: its current one. */
  readonly context?: string;
  /** Replaces the server's URL. */
  readonly server?: string;
  /** `etcd-encryption-manager/<version> (rotation)`. */
  readonly userAgent: string;
  /** Jitter of retries, 0 to 1; `Math.random` unless given. */
  readonly random?: () => number;
}

/** The ports, the transport under them (for discovery and watches on the same connections), and their end. */
export interface StoreClient extends StorePorts {
  readonly transport: ApiTransport;
  readonly close: () => Promise<void>;
}

export const metadataAccept = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io';
export const metadataListAccept = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io';

/** Opens nothing before the first call; unreadable credentials are `unavailable` there. */
export function createStorePorts(options: StoreOptions): StoreClient {
  const {userAgent} = options;
  const transport = createApiTransport({
    credentials: credentialsOf(options),
    userAgent,
    ...(options.random === undefined ? {} : {random: options.random}),
  });
  return {...storePortsOn(transport), transport, close: transport.close};
}

function credentialsOf({kubeconfig, context, server}: StoreOptions): CredentialSource {
  const override = server === undefined ? {} : {server};
  if (kubeconfig === undefined) return inClusterCredentials(override);
  return kubeconfigCredentials({path: kubeconfig, ...override, ...(context === undefined ? {} : {context})});
}

/** The ports over a transport that someone else owns. */
export function storePortsOn(transport: ApiTransport): StorePorts {
  const resolve = createResolver(transport);
  return {
    'store.get': (address) => get(transport, address),
    'store.list': (request) => list(transport, request),
    'store.resolve': ({resource}) => resolve(resource),
    'store.create': ({resource, object}) => {
      const {name: _, ...where} = addressOf(resource, object);
      return write(transport, {method: 'POST', ...where, resource, object});
    },
    'store.replace': (args) => replace(transport, args, ''),
    'store.replaceStatus': (args) => replace(transport, args, '/status'),
    'store.delete': (args) => remove(transport, args),
    'store.rewrite': (args) => rewrite(transport, args),
  };
}

/** Path of a collection or, with a name, of an object; `undefined` for a name that could leave its place in the path. */
export function resourcePath(resource: ResourceType, namespace?: string, name?: string): string | undefined {
  const root = resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
  const parts: string[] = [];
  if (resource.namespaced && namespace !== undefined) parts.push('namespaces', namespace);
  parts.push(resource.plural);
  if (name !== undefined) parts.push(name);
  if (parts.some((part) => part === '' || part === '.' || part === '..' || /[/%]/.test(part))) return undefined;
  return `${root}/${parts.map(encodeURIComponent).join('/')}`;
}

const addressOf = (resource: ResourceType, object: StoredObject): ObjectAddress => {
  const {name, namespace} = object.metadata;
  return {resource, name, ...(namespace === undefined ? {} : {namespace})};
};

const badAddress = (name: string | undefined): Result<never> =>
  failed('invalid', `no object can be called ${JSON.stringify(name ?? '')} there`);

async function get(transport: ApiTransport, address: ObjectAddress): Promise<Result<StoredObject | undefined>> {
  const path = resourcePath(address.resource, address.namespace, address.name);
  if (path === undefined) return badAddress(address.name);
  const answer = await transport.request({method: 'GET', path});
  if (answer.outcome === 'answered' && answer.status === 404) return ok(undefined);
  return objectIn(answer, 'read');
}

interface ListBody {
  readonly items?: readonly StoredObject[] | null;
  readonly metadata?: {
    readonly continue?: string;
    readonly resourceVersion?: string;
    readonly remainingItemCount?: number;
  };
}

async function list(transport: ApiTransport, args: Arguments<'store.list'>): Promise<Result<ListPage>> {
  const path = resourcePath(args.resource, args.namespace);
  if (path === undefined) return badAddress(args.namespace);
  const answer = await transport.request({
    method: 'GET',
    path: `${path}?${listQuery(args)}`,
    timeoutMs: listTimeoutMs,
    ...(args.metadataOnly === true ? {accept: metadataListAccept} : {}),
  });
  const body = bodyOf<ListBody>(answer, 'list');
  if (!body.ok) return body;
  const {items, metadata} = body.value;
  if (metadata?.resourceVersion === undefined) return failed('unavailable', 'the answer is no list');
  const {continue: token, remainingItemCount: remaining, resourceVersion} = metadata;
  return ok({
    items: items ?? [],
    resourceVersion,
    ...(token === undefined || token === '' ? {} : {continue: token}),
    ...(remaining === undefined ? {} : {remaining}),
  });
}

/** A continue token carries its revision and may not stand beside one. */
function listQuery(args: Arguments<'store.list'>): string {
  const query = new URLSearchParams({limit: String(args.limit)});
  if (args.labelSelector !== undefined) query.set('labelSelector', args.labelSelector);
  if (args.onlyName !== undefined) query.set('fieldSelector', `metadata.name=${args.onlyName}`);
  if (args.continue !== undefined) query.set('continue', args.continue);
  else if (args.atRevision !== undefined) {
    query.set('resourceVersion', args.atRevision);
    query.set('resourceVersionMatch', 'Exact');
  }
  return query.toString();
}

interface Write extends Arguments<'store.create'> {
  readonly method: 'POST' | 'PUT';
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
}

async function write(transport: ApiTransport, args: Write): Promise<Result<StoredObject>> {
  const {method, resource, object, namespace, name, subresource = ''} = args;
  const path = resourcePath(resource, namespace, name);
  if (path === undefined) return badAddress(name ?? namespace);
  const body = JSON.stringify({...object, apiVersion: apiVersionOf(resource), kind: resource.kind});
  const answer = await transport.request({method, path: path + subresource, body});
  return objectIn(answer, 'write');
}

const apiVersionOf = ({group, version}: ResourceType): string => (group === '' ? version : `${group}/${version}`);

/** Without a resourceVersion a PUT would replace whatever is there. */
async function replace(
  transport: ApiTransport,
  {resource, object}: Arguments<'store.replace'>,
  subresource: string,
): Promise<Result<StoredObject>> {
  if (!object.metadata.resourceVersion) return failed('invalid', 'metadata.resourceVersion: required to replace');
  return write(transport, {method: 'PUT', ...addressOf(resource, object), resource, object, subresource});
}

async function remove(transport: ApiTransport, args: Arguments<'store.delete'>): Promise<Result<undefined>> {
  const path = resourcePath(args.resource, args.namespace, args.name);
  if (path === undefined) return badAddress(args.name);
  const {uid, resourceVersion} = args;
  const body = JSON.stringify({apiVersion: 'v1', kind: 'DeleteOptions', preconditions: {uid, resourceVersion}});
  const answer = await transport.request({method: 'DELETE', path, body});
  return isSuccess(answer) ? ok(undefined) : portFailure(answer, 'write');
}

async function rewrite(
  transport: ApiTransport,
  args: Arguments<'store.rewrite'>,
): Promise<Result<{resourceVersion: string}>> {
  const path = resourcePath(args.resource, args.namespace, args.name);
  if (path === undefined) return badAddress(args.name);
  const {uid, resourceVersion} = args;
  const request: ApiRequest = {
    method: 'PATCH',
    path,
    accept: metadataAccept,
    contentType: 'application/merge-patch+json',
    body: JSON.stringify({metadata: {uid, resourceVersion}}),
  };
  const rewritten = objectIn(await transport.request(request), 'write');
  if (!rewritten.ok) return withoutValues(rewritten);
  const revision = rewritten.value.metadata.resourceVersion;
  return revision === undefined ? failed('ambiguous', 'the answer has no revision') : ok({resourceVersion: revision});
}

/** Validation names the user's own value in its message; it may be a secret, so only its field is passed on. */
function withoutValues(result: {readonly ok: false; readonly error: Extract<Result<never>, {ok: false}>['error']}) {
  const {code, message, ...more} = result.error;
  const bare = message.replace(/(Invalid|Unsupported|Duplicate) value: (?:"(?:[^"\\]|\\.)*"?|[^,:\]]*)/g, '$1 value');
  return failed(code, bare, more);
}

const isSuccess = (answer: ApiAnswer): answer is Extract<ApiAnswer, {outcome: 'answered'}> =>
  answer.outcome === 'answered' && answer.status >= 200 && answer.status < 300;

function objectIn(answer: ApiAnswer, access: Access): Result<StoredObject> {
  const body = bodyOf<Partial<StoredObject>>(answer, access);
  if (!body.ok) return body;
  if (typeof body.value.metadata?.name === 'string') return ok(body.value as StoredObject);
  return failed(access === 'write' ? 'ambiguous' : 'unavailable', 'the answer is no object');
}

/** The JSON of a success. One that cannot be read was cut short: what it answers has happened. */
function bodyOf<T extends object>(answer: ApiAnswer, access: Access): Result<T> {
  if (!isSuccess(answer)) return portFailure(answer, access);
  const unread = () => failed(access === 'write' ? 'ambiguous' : 'unavailable', 'the answer is no JSON object');
  try {
    const value: unknown = JSON.parse(answer.text);
    return typeof value === 'object' && value !== null ? ok(value as T) : unread();
  } catch {
    return unread();
  }
}
