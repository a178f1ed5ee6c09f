// Where the values of a type stand in etcd, by k8s.io/apiserver's rules: built-in groups share one level, custom ones
// have their group in front.

import {etcdFolders} from '@etcd-encryption/rotation';
import {expect, test} from 'vitest';

const folders = (group: string, plural: string): readonly string[] =>
  etcdFolders('/registry', {group, version: 'v1', plural, kind: 'K', namespaced: true});

test.each([
  ['', 'secrets', ['/registry/secrets/']],
  ['', 'services', ['/registry/services/specs/']],
  ['example.com', 'widgets', ['/registry/example.com/widgets/']],
  ['snapshot.storage.k8s.io', 'volumesnapshots', ['/registry/snapshot.storage.k8s.io/volumesnapshots/']],
  ['gateway.networking.k8s.io', 'gateways', ['/registry/gateway.networking.k8s.io/gateways/']],
  ['apps', 'deployments', ['/registry/deployments/', '/registry/apps/deployments/']],
  [
    'storage.k8s.io',
    'volumeattachments',
    ['/registry/volumeattachments/', '/registry/storage.k8s.io/volumeattachments/'],
  ],
])('group %j, %s ⇒ %j', (group, plural, expected) => {
  expect(folders(group, plural)).toEqual(expected);
});
