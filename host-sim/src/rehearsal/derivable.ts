// The truth about derived keys on one cluster: which ones the stored SeedBundle and the root key there give, and whether
// the root Secret can be opened by what lies on disks, with every server down.

import {
  type DataKey,
  decodeSeedBundle,
  decodeUtf8,
  deriveDataKeys,
  fromBase64,
  nextSeed,
  type SeedBundle,
  type Settings,
} from '@etcd-encryption/crypto';
import {defaultRootSecret, historyPath, ourNamespace, rootKeyField} from '@etcd-encryption/rotation';
import type {Cluster} from '../world/cluster.ts';
import {exactCopyKeys} from '../world/replication.ts';

const rootPath = `/registry/secrets/${ourNamespace}/${defaultRootSecret}`;
const [bundlePath = ''] = exactCopyKeys;
/** Disks that must hold a key for it to be known (rotation.md S4). */
const enoughDisks = 2;

const tagOf = ({name, checkValue}: DataKey): string => `aesgcm/${name}/${checkValue}`;

/** Whether a key can be derived on a cluster from the root Secret and the bundle there, or by the chain from its newest. */
export function createDerivable(settings: Omit<Settings, 'rootKey'>): (tag: string, cluster: Cluster) => boolean {
  const known = new Map<string, ReadonlySet<string>>();
  return (tag, cluster) => {
    const root = rootText(cluster);
    const bundle = bundleText(cluster);
    const id = `${root} ${bundle}`;
    const tags = known.get(id) ?? derivedTags(bundle, root, settings);
    known.set(id, tags);
    return tags.has(tag) && isRootReadable(cluster);
  };
}

/** Base64 of the stored bundle; empty where there is none. */
export function bundleText({etcd}: Cluster): string {
  const {bundle} = (etcd.get(bundlePath)?.value.object?.spec ?? {}) as {readonly bundle?: string};
  return bundle ?? '';
}

/** Base64 of the root key in its Secret; empty where there is none. */
export function rootText({etcd}: Cluster): string {
  const data = etcd.get(rootPath)?.value.object?.data as Readonly<Record<string, string>> | undefined;
  return data?.[rootKeyField] ?? '';
}

function derivedTags(bundleBase64: string, root: string, settings: Omit<Settings, 'rootKey'>): ReadonlySet<string> {
  const rootKey = fromBase64(root);
  if (rootKey.outcome !== 'ok' || rootKey.bytes.length === 0) return new Set();
  const full: Settings = {...settings, rootKey: rootKey.bytes};
  const bundle = readBundle(bundleBase64, full);
  const newest = bundle?.entries.at(-1);
  if (bundle === undefined || newest === undefined) return new Set();
  const chained = {revision: newest.revision + 1, seed: nextSeed(full, newest)};
  return new Set(deriveDataKeys(full, [...bundle.entries, chained]).map(tagOf));
}

/** The bundle as it reads under a root key; `undefined` where it does not. */
function readBundle(text: string, settings: Settings): SeedBundle | undefined {
  const bytes = fromBase64(text);
  const read = bytes.outcome === 'ok' ? decodeSeedBundle(bytes.bytes, settings) : undefined;
  return read?.outcome === 'ok' ? read.bundle : undefined;
}

/** In clear, or under a key that enough histories hold. */
function isRootReadable({etcd, nodes}: Cluster): boolean {
  const tag = etcd.get(rootPath)?.value.tag;
  if (tag === undefined || tag === 'clear') return tag === 'clear';
  const [, name = ''] = tag.split('/');
  const holders = nodes.filter(({disk}) => {
    const file = disk.find(historyPath, 'synced');
    return file?.kind === 'file' && includes(file.synced.bytes, `"name":"${name}"`);
  });
  return holders.length >= Math.min(enoughDisks, nodes.length);
}

const includes = (bytes: Uint8Array, text: string): boolean => decodeUtf8(bytes).text.includes(text);
