// What a configuration file means to a server: by the shipped parser, then as transformers for each resource.

import {parseKeyName} from '@etcd-encryption/crypto';
import {
  type Block,
  type ParsedConfiguration,
  type Provider,
  parseEncryptionConfiguration,
} from '@etcd-encryption/crypto/encryption-configuration';
import {sha256Hex} from '@etcd-encryption/crypto/sha256';
import {identityTransformer, type KeyTag, keyTransformer, kmsTransformer, type Transformer} from './stored-value.ts';

/** Which transformers serve a resource, such as `secrets` or `widgets.example.com`; the first one writes. */
export interface Transformers {
  readonly of: (resource: string) => readonly Transformer[];
  /** Every entry of every block. */
  readonly all: readonly Transformer[];
  /** Every key tag of every block. */
  readonly tags: ReadonlySet<KeyTag>;
}

export type FileView =
  | {readonly state: 'absent'}
  | {
      readonly state: 'loadable';
      readonly hash: string;
      readonly transformers: Transformers;
      /** What a server may refuse though the file parses: providers with key lengths. */
      readonly kinds: readonly string[];
    }
  | {readonly state: 'refused'; readonly hash: string; readonly problem: string};

export const absentFile: FileView = {state: 'absent'};
const identityOnly: readonly Transformer[] = [identityTransformer];

/** A server without a configuration reads and writes clear values. */
export const noTransformers: Transformers = {of: () => identityOnly, all: [], tags: new Set()};

/** Reads files, each content once. */
export function createFileReader(): (bytes: Uint8Array) => FileView {
  const byBytes = new WeakMap<Uint8Array, FileView>();
  const byHash = new Map<string, FileView>();
  return (bytes) => {
    const known = byBytes.get(bytes);
    if (known !== undefined) return known;
    const hash = sha256Hex(bytes);
    const view = byHash.get(hash) ?? viewOf(hash, parseEncryptionConfiguration(bytes));
    byHash.set(hash, view);
    byBytes.set(bytes, view);
    return view;
  };
}

function viewOf(hash: string, parsed: ParsedConfiguration): FileView {
  if (parsed.outcome === 'refused') {
    const [problem] = parsed.problems;
    return {state: 'refused', hash, problem: problem === undefined ? 'refused' : `${problem.path}: ${problem.message}`};
  }
  const {blocks} = parsed.configuration;
  return {state: 'loadable', hash, transformers: transformersOf(blocks), kinds: kindsOf(blocks)};
}

function kindsOf(blocks: readonly Block[]): readonly string[] {
  const kinds = new Set<string>();
  for (const {providers} of blocks) {
    for (const provider of providers) {
      if (provider.kind === 'kms' || provider.kind === 'identity') kinds.add(provider.kind);
      else for (const {secret} of provider.keys) kinds.add(`${provider.kind}/${secret.length}`);
    }
  }
  return [...kinds].sort();
}

/**
 * Transformers of a file, by kube-apiserver's rules: an exact name first, then `*.group`, then `*.*`; a resource in
 * several blocks has the providers of all of them one after another; one in no block refuses encrypted values.
 */
function transformersOf(blocks: readonly Block[]): Transformers {
  const byResource = new Map<string, Transformer[]>();
  for (const {resources, providers} of blocks) {
    const transformers = providers.flatMap(transformersOfProvider);
    for (const resource of resources) {
      byResource.set(resource, [...(byResource.get(resource) ?? []), ...transformers]);
    }
  }
  const all = [...byResource.values()].flat();
  const known = new Map<string, readonly Transformer[]>();
  const find = (resource: string): readonly Transformer[] => {
    const dot = resource.indexOf('.');
    const group = dot < 0 ? '' : resource.slice(dot + 1);
    const found = byResource.get(resource) ?? byResource.get(`*.${group}`) ?? byResource.get('*.*') ?? identityOnly;
    known.set(resource, found);
    return found;
  };
  return {all, tags: new Set(all.map(({tag}) => tag)), of: (resource) => known.get(resource) ?? find(resource)};
}

function transformersOfProvider(provider: Provider): readonly Transformer[] {
  switch (provider.kind) {
    case 'aesgcm':
    case 'aescbc':
    case 'secretbox': {
      const {kind} = provider;
      return provider.keys.map((key) => keyTransformer(kind, key));
    }
    case 'kms':
      return [kmsTransformer(provider.verbatim.name, provider.verbatim.apiVersion ?? 'v1')];
    case 'identity':
      return [identityTransformer];
    default:
      return provider satisfies never;
  }
}

/** Whether a key name is one that the project makes. */
export const isOurName = (name: string): boolean => parseKeyName(name) !== undefined;
