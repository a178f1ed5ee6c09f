// The canonical bytes of a configuration file (derivation.md, "Configuration file"). kube-apiserver reports the
// SHA-256 of exactly these bytes, so their form is an interface that golden files pin. No truncation of it loads.

import {toBase64} from '../base64.ts';
import {utf8} from '../bytes.ts';
import {providerOf, type StoredKey} from '../key.ts';
import type {EncryptionConfiguration, KmsSettings, Provider} from './configuration.ts';

/**
 * Canonical bytes of a configuration. Resources, providers and keys keep their order: the first key of the first
 * provider writes. The bytes hold the keys in clear; the text they are made from cannot be wiped in JavaScript.
 * @throws RangeError for what kube-apiserver would refuse: an empty list, or a key under another provider than its own
 */
export function formatEncryptionConfiguration(configuration: EncryptionConfiguration): Uint8Array {
  const {blocks} = configuration;
  if (blocks.length === 0) throw new RangeError('blocks: expected at least one, got none');
  const kinds = blocks.flatMap(({providers}) => providers.map(({kind}) => `#   - ${kind}\n`));
  const resources = blocks.map(({resources, providers}, i) => {
    if (resources.length === 0) throw new RangeError(`blocks[${i}].resources: expected at least one, got none`);
    if (providers.length === 0) throw new RangeError(`blocks[${i}].providers: expected at least one, got none`);
    return {resources, providers: providers.map(providerMember)};
  });
  const body = {apiVersion: 'apiserver.config.k8s.io/v1', kind: 'EncryptionConfiguration', resources};
  return utf8(`# providers:\n${kinds.join('')}${jsonText(body)}`);
}

// YAML 1.1 refuses or folds some characters that JSON leaves as they are; names of ours never have them.
function jsonText(body: unknown): string {
  return JSON.stringify(body).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function providerMember(provider: Provider): Readonly<Record<string, unknown>> {
  switch (provider.kind) {
    case 'aesgcm':
    case 'aescbc':
    case 'secretbox':
      if (provider.keys.length === 0) throw new RangeError(`${provider.kind}.keys: expected at least one, got none`);
      return {[provider.kind]: {keys: provider.keys.map((key) => keyMember(key, provider.kind))}};
    case 'kms':
      return {kms: kmsMember(provider.verbatim)};
    case 'identity':
      return {identity: {}};
    default:
      return provider satisfies never;
  }
}

function keyMember(key: StoredKey, kind: string): {readonly name: string; readonly secret: string} {
  const own = providerOf(key);
  if (own !== kind) throw new RangeError(`${kind}.keys: expected keys of ${kind}, got one of ${own}`);
  return {name: key.name, secret: key.secret.withBytes(toBase64)};
}

function kmsMember({apiVersion, name, cachesize, endpoint, timeout}: KmsSettings): KmsSettings {
  return {
    ...(apiVersion === undefined ? {} : {apiVersion}),
    name,
    ...(cachesize === undefined ? {} : {cachesize}),
    endpoint,
    ...(timeout === undefined ? {} : {timeout}),
  };
}
