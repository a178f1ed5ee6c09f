// The configuration's fields before any rule is asked: what Go's strict JSON decoder would put into its structs.
// Names must match exactly, none may stand twice, none may be unknown, and `null` leaves a field empty.

import {maxQuotedCharacters} from '../limits.ts';
import type {Report} from './problem.ts';
import type {Tree} from './tree.ts';

/** A key as the file gives it; `secret` is still base64. */
export type DraftKey = {readonly name: string; readonly secret: string};

/** A KMS plugin as the file gives it. */
export type DraftKms = {
  readonly apiVersion: string;
  readonly name: string;
  readonly cachesize: string | undefined;
  readonly endpoint: string;
  readonly timeout: string | undefined;
};

/** One element of a provider list; a well-formed one has exactly one member. */
export type DraftProvider = {
  readonly aesgcm?: readonly DraftKey[];
  readonly aescbc?: readonly DraftKey[];
  readonly secretbox?: readonly DraftKey[];
  readonly identity?: true;
  readonly kms?: DraftKms;
};

export type DraftBlock = {readonly resources: readonly string[]; readonly providers: readonly DraftProvider[]};

export type Draft = {readonly apiVersion: string; readonly kind: string; readonly blocks: readonly DraftBlock[]};

/** A place in the tree that is being read. */
type Spot = {readonly tree: Tree; readonly path: string; readonly report: Report};
type Fields = Readonly<Record<string, Spot>>;

/** Reads the fields of a whole configuration and reports what has a wrong type, is unknown or stands twice. */
export function draftOf(tree: Tree, report: Report): Draft {
  const fields = fieldsOf({tree, path: '', report}, ['apiVersion', 'kind', 'resources']);
  return {
    apiVersion: textOf(fields.apiVersion),
    kind: textOf(fields.kind),
    blocks: itemsOf(fields.resources, blockOf),
  };
}

function blockOf(spot: Spot): DraftBlock {
  const {resources, providers} = fieldsOf(spot, ['resources', 'providers']);
  return {resources: itemsOf(resources, textOf), providers: itemsOf(providers, providerOf)};
}

function providerOf(spot: Spot): DraftProvider {
  const fields = fieldsOf(spot, ['aesgcm', 'aescbc', 'secretbox', 'identity', 'kms']);
  if (isGiven(fields.identity)) fieldsOf(fields.identity, []);
  return {
    ...(isGiven(fields.aesgcm) ? {aesgcm: keysOf(fields.aesgcm)} : {}),
    ...(isGiven(fields.aescbc) ? {aescbc: keysOf(fields.aescbc)} : {}),
    ...(isGiven(fields.secretbox) ? {secretbox: keysOf(fields.secretbox)} : {}),
    ...(isGiven(fields.identity) ? {identity: true} : {}),
    ...(isGiven(fields.kms) ? {kms: kmsOf(fields.kms)} : {}),
  };
}

function keysOf(spot: Spot): readonly DraftKey[] {
  return itemsOf(fieldsOf(spot, ['keys']).keys, (item) => {
    const {name, secret} = fieldsOf(item, ['name', 'secret']);
    return {name: textOf(name), secret: textOf(secret)};
  });
}

function kmsOf(spot: Spot): DraftKms {
  const fields = fieldsOf(spot, ['apiVersion', 'name', 'cachesize', 'endpoint', 'timeout']);
  return {
    apiVersion: textOf(fields.apiVersion),
    name: textOf(fields.name),
    cachesize: isGiven(fields.cachesize) ? numberOf(fields.cachesize) : undefined,
    endpoint: textOf(fields.endpoint),
    timeout: isGiven(fields.timeout) ? textOf(fields.timeout) : undefined,
  };
}

function isGiven(spot: Spot | undefined): spot is Spot {
  return spot !== undefined && spot.tree.kind !== 'nothing';
}

function fieldsOf({tree, path, report}: Spot, known: readonly string[]): Fields {
  if (tree.kind !== 'mapping') {
    if (tree.kind !== 'nothing') report(path, 'wrong-type', `expected a mapping, got ${kindName(tree)}`);
    return {};
  }
  const fields: Record<string, Spot> = {};
  for (const {name, value} of tree.entries) {
    const shown = shownName(name);
    const member = path === '' ? shown : `${path}.${shown}`;
    if (name === undefined || !known.includes(name)) {
      report(member, 'unknown-field', `expected ${known.join(', ') || 'no field'}, got another`);
    } else if (Object.hasOwn(fields, name)) {
      report(member, 'doubled-field', 'expected the field once, got it again');
    } else {
      fields[name] = {tree: value, path: member, report};
    }
  }
  return fields;
}

// A name that is long could be a key that slipped into the wrong place, so only short plain words are repeated.
function shownName(name: string | undefined): string {
  if (name === undefined) return '(no text)';
  if (name.length <= maxQuotedCharacters && /^[A-Za-z][A-Za-z0-9_-]*$/.test(name)) return name;
  return `(${name.length} characters)`;
}

function itemsOf<T>(spot: Spot | undefined, read: (item: Spot) => T): readonly T[] {
  if (!isGiven(spot)) return [];
  const {tree, path, report} = spot;
  if (tree.kind === 'list') return tree.items.map((item, i) => read({tree: item, path: `${path}[${i}]`, report}));
  report(path, 'wrong-type', `expected a list, got ${kindName(tree)}`);
  return [];
}

function textOf(spot: Spot | undefined): string {
  if (!isGiven(spot)) return '';
  if (spot.tree.kind === 'text') return spot.tree.value;
  spot.report(spot.path, 'wrong-type', `expected a text, got ${kindName(spot.tree)}`);
  return '';
}

function numberOf({tree, path, report}: Spot): string {
  if (tree.kind === 'number') return tree.spelling;
  report(path, 'wrong-type', `expected a number, got ${kindName(tree)}`);
  return '';
}

function kindName(tree: Tree): string {
  return tree.kind === 'nothing' ? 'nothing' : `a ${tree.kind}`;
}
