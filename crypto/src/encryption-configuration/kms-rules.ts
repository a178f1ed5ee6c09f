// kube-apiserver's rules for KMS plugins (v1.37). An absent apiVersion is v1, and v1 needs a feature gate.

import type {KmsSettings} from './configuration.ts';
import type {DraftKms} from './draft.ts';
import {durationNanoseconds} from './duration.ts';
import type {Report} from './problem.ts';

// A host after `//` is never used, but Go checks its characters.
const endpointPattern = /^unix:(?!\/\/(?![A-Za-z0-9._-]*(?:\/|$)))[^?#%]*$/i;
// biome-ignore lint/suspicious/noControlCharactersInRegex: Go refuses exactly these in a URL
const controlCharacter = /[\u0000-\u001f\u007f]/;

/** What the checks of all plugins share: the names so far, and whether v1 is switched on. */
export type KmsContext = {readonly names: Set<string>; readonly acceptV1: boolean};

/** Reports what is wrong with one plugin and returns its settings as the file gave them. */
export function kmsSettingsOf(draft: DraftKms, path: string, context: KmsContext, report: Report): KmsSettings {
  checkVersion(draft, path, context, report);
  checkName(draft, path, context, report);
  checkEndpoint(draft, path, report);
  const {timeout, name, endpoint, apiVersion} = draft;
  if (timeout !== undefined && (durationNanoseconds(timeout) ?? 0n) <= 0n) {
    report(`${path}.timeout`, 'wrong-timeout', 'expected a duration above zero, such as 3s');
  }
  const cachesize = cacheSizeOf(draft, path, report);
  return {
    ...(apiVersion === '' ? {} : {apiVersion}),
    name,
    ...(cachesize === undefined ? {} : {cachesize}),
    endpoint,
    ...(timeout === undefined ? {} : {timeout}),
  };
}

function versionOf({apiVersion}: DraftKms): string {
  return apiVersion === '' ? 'v1' : apiVersion;
}

function checkVersion(draft: DraftKms, path: string, {acceptV1}: KmsContext, report: Report): void {
  const version = versionOf(draft);
  if (version !== 'v1' && version !== 'v2') {
    report(`${path}.apiVersion`, 'wrong-kms-api-version', 'expected v1 or v2, got another');
  }
  if (version === 'v1' && !acceptV1) {
    report(`${path}.apiVersion`, 'kms-v1-disabled', 'expected v2, got v1, which needs the feature gate KMSv1');
  }
}

function checkName(draft: DraftKms, path: string, {names}: KmsContext, report: Report): void {
  const {name} = draft;
  if (name === '') report(`${path}.name`, 'no-kms-name', 'expected a name, got none');
  if (versionOf(draft) !== 'v1' && name.includes(':')) {
    report(`${path}.name`, 'kms-name-colon', 'expected a name without ":"');
  }
  if (names.has(name)) report(`${path}.name`, 'kms-name-twice', 'expected a name of its own, got one that is taken');
  names.add(name);
}

function checkEndpoint({endpoint}: DraftKms, path: string, report: Report): void {
  if (endpoint === '') report(`${path}.endpoint`, 'no-endpoint', 'expected an endpoint, got none');
  else if (!endpointPattern.test(endpoint) || controlCharacter.test(endpoint)) {
    report(`${path}.endpoint`, 'wrong-endpoint', 'expected unix:///path, without "?", "#" or "%"');
  }
}

function cacheSizeOf(draft: DraftKms, path: string, report: Report): number | undefined {
  if (draft.cachesize === undefined) return undefined;
  const size = /^[-+]?(?:0|[1-9][0-9]{0,9})$/.test(draft.cachesize) ? Number(draft.cachesize) : Number.NaN;
  if (!(size >= -(2 ** 31) && size < 2 ** 31)) {
    report(`${path}.cachesize`, 'wrong-cache-size', 'expected a whole number of 32 bits');
  } else if (versionOf(draft) !== 'v1') {
    report(`${path}.cachesize`, 'wrong-cache-size', 'expected none, because it exists for v1 only');
  } else if (size === 0) {
    report(`${path}.cachesize`, 'wrong-cache-size', 'expected a number above zero, or below it to have no cache');
  }
  return Number.isNaN(size) ? undefined : size;
}
