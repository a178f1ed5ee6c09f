// The API in a map: objects by kind and name with versions, and sealing in symbols.

import {fromBase64, Secret, toBase64} from '@etcd-encryption/crypto';
import {
  failed,
  kubernetesNodeResource,
  leaseResource,
  namespaceResource,
  ok,
  type ResourceType,
  type Result,
  type StoredObject,
  type SyncPorts,
} from '@etcd-encryption/rotation';
import {cluster, identityOf} from './fixtures.ts';

const idOf = ({plural}: ResourceType, name: string): string => `${plural}/${name}`;

export class FakeStore {
  readonly objects = new Map<string, StoredObject>();
  #version = 100;

  constructor() {
    this.put(namespaceResource, {metadata: {name: 'kube-system', uid: cluster}});
    this.put(kubernetesNodeResource, {metadata: {name: 'n1', labels: {'node-role.kubernetes.io/control-plane': ''}}});
    this.put(leaseResource, {metadata: {name: identityOf('n1'), labels: {'kubernetes.io/hostname': 'n1'}}});
  }

  put(resource: ResourceType, object: StoredObject): StoredObject {
    const stored = {...object, metadata: {...object.metadata, resourceVersion: String(this.#version++)}};
    this.objects.set(idOf(resource, object.metadata.name), stored);
    return stored;
  }

  get(resource: ResourceType, name: string): StoredObject | undefined {
    return this.objects.get(idOf(resource, name));
  }

  get ports(): Partial<SyncPorts> {
    return {
      'store.get': ({resource, name}) => ok(this.get(resource, name)),
      'store.list': ({resource}) =>
        ok({
          items: [...this.objects].filter(([id]) => id.startsWith(`${resource.plural}/`)).map(([, object]) => object),
          resourceVersion: String(this.#version),
        }),
      'store.resolve': () => ok([]),
      'store.create': ({resource, object}) =>
        this.get(resource, object.metadata.name) === undefined
          ? ok(this.put(resource, object))
          : failed('conflict', 'exists'),
      'store.replace': ({resource, object}) => this.#replace(resource, object),
      'store.replaceStatus': ({resource, object}) => this.#replace(resource, object),
    };
  }

  #replace(resource: ResourceType, object: StoredObject): Result<StoredObject> {
    const present = this.get(resource, object.metadata.name);
    if (present === undefined) return failed('gone', '404');
    if (present.metadata.resourceVersion !== object.metadata.resourceVersion) return failed('conflict', '409');
    return ok(this.put(resource, object));
  }
}

export const seal = (secret: Secret): string => `sealed:${secret.withBytes(toBase64)}:end`;

/** Opens what {@link seal} made; anything else is damaged. */
export function openSealed(text: string): Secret | undefined {
  const body = /^sealed:(.*):end$/.exec(text)?.[1];
  const bytes = body === undefined ? undefined : fromBase64(body);
  return bytes?.outcome === 'ok' ? new Secret(bytes.bytes) : undefined;
}

export const sealPorts: Partial<SyncPorts> = {
  'seal.makeIdentity': () =>
    ok({identity: new Secret(new TextEncoder().encode(`AGE-SECRET-KEY-1${'Q'.repeat(58)}`)), recipient: 'age1n1'}),
  'seal.recipientOf': () => ok({recipient: 'age1n1'}),
  'seal.seal': ({plaintext}) => ok({sealed: seal(plaintext)}),
  'seal.open': ({sealed}) => {
    const plaintext = openSealed(sealed);
    return plaintext === undefined ? failed('invalid', 'the sealed text is damaged') : ok({plaintext});
  },
};
