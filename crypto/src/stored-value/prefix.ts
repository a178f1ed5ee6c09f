// The prefix of a value stored in etcd: which provider wrote it and under which key name. Needs no key.
// kube-apiserver v1.37: `k8s:enc:<provider>:v1:<key name>:` for the providers whose keys stand in the file.

import {decodeUtf8, requireBytes, startsWith, utf8} from '../bytes.ts';
import type {KeyProvider} from '../key.ts';
import {maxStoredNameBytes} from '../limits.ts';

const colon = 58;
const encrypted = /* @__PURE__ */ utf8('k8s:enc:');

/** Prefix of each provider that we can open, without the key name. */
export const providerPrefixes: readonly {readonly provider: KeyProvider; readonly prefix: Uint8Array}[] = [
  {provider: 'aesgcm', prefix: /* @__PURE__ */ utf8('k8s:enc:aesgcm:v1:')},
  {provider: 'aescbc', prefix: /* @__PURE__ */ utf8('k8s:enc:aescbc:v1:')},
  {provider: 'secretbox', prefix: /* @__PURE__ */ utf8('k8s:enc:secretbox:v1:')},
];

/**
 * What the first bytes of a stored value say.
 * - `named`: written by a provider we know, under this key name
 * - `cut-short`: written by a provider we know, but no `:` ends the name; too few bytes were given, or the value is corrupt
 * - `other-provider`: encrypted by another one, such as `kms:v2`
 * - `plain`: not encrypted
 */
export type StoredPrefix =
  | {readonly outcome: 'named'; readonly provider: KeyProvider; readonly keyName: string}
  | {readonly outcome: 'cut-short'; readonly provider: KeyProvider}
  | {readonly outcome: 'other-provider'; readonly provider: string}
  | {readonly outcome: 'plain'};

/**
 * Reads the prefix of a stored value; the first 64 bytes or so are enough. A name ends at its first `:`, unless it is
 * one of `names`, which may hold `:` themselves; the longest of them wins. Never throws on bytes.
 */
export function readStoredPrefix(value: Uint8Array, names: readonly string[] = []): StoredPrefix {
  requireBytes(value, 'value');
  if (!startsWith(value, encrypted)) return {outcome: 'plain'};
  const known = providerPrefixes.find(({prefix}) => startsWith(value, prefix));
  if (known === undefined) return {outcome: 'other-provider', provider: foreignProvider(value)};
  const {provider, prefix} = known;
  const keyName = storedName(value.subarray(prefix.length), names);
  return keyName === undefined ? {outcome: 'cut-short', provider} : {outcome: 'named', provider, keyName};
}

function storedName(rest: Uint8Array, names: readonly string[]): string | undefined {
  const matching = names.filter((name) => startsWith(rest, utf8(`${name}:`)));
  if (matching.length > 0) return matching.reduce((a, b) => (b.length > a.length ? b : a));
  const end = rest.subarray(0, maxStoredNameBytes).indexOf(colon);
  return end < 0 ? undefined : decodeUtf8(rest.subarray(0, end)).text;
}

// `kms` and `v2` of `k8s:enc:kms:v2:<name>:…`, or as much of them as there is.
function foreignProvider(value: Uint8Array): string {
  const {text} = decodeUtf8(value.subarray(encrypted.length, encrypted.length + 40));
  return text
    .split(':')
    .slice(0, 2)
    .join(':')
    .replace(/[^ -~]/g, '?');
}
