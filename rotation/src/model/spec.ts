// EtcdEncryptionConfig's spec with its defaults filled in, read from an object of the API. The CRD's schema refuses
// most of what is refused here; a missing or old CRD must not weaken the engine, so it checks again.

import {idPattern} from '@etcd-encryption/crypto';
import {
  defaultApprovalDelayMs,
  defaultMinAgeMs,
  defaultPromotionGraceMs,
  defaultRevisions,
  defaultRotationIntervalMs,
  maxInFlight,
} from '../limits.ts';
import type {StoredObject} from '../ports.ts';
import type {DerivationSettings} from './bundle.ts';
import {parseDuration} from './duration.ts';
import {covers} from './layout.ts';
import {annotation, defaultRootSecret, ourGroup, ourNamespace} from './resource-types.ts';
import type {WindowRule} from './windows.ts';

export interface Spec {
  readonly resources: readonly string[];
  readonly rotationIntervalMs: number;
  readonly keyStrategy: 'random' | 'deterministic';
  /** Present exactly under the deterministic strategy. */
  readonly deterministic?: DeterministicSpec;
  readonly mode: 'rotate' | 'observe';
  readonly writeBudget?: number;
  readonly retention: {
    readonly revisions: number;
    readonly minAgeMs: number;
    /** A key leaves only after an operator attested a backup that does not need it. */
    readonly requireSnapshot?: true;
  };
  readonly migration: {readonly maxInFlight: number; readonly qps?: number};
  readonly nodes: {readonly writeMode: 'rename' | 'inPlace' | 'external'};
  readonly adoption: {readonly replaceKMS: boolean};
  /** When keys may be activated, values rewritten and keys dropped; always, when it is empty. */
  readonly windows: readonly WindowRule[];
  /** Text of the rotate annotation; absent when there is none. */
  readonly rotateRequest?: string;
  /** Text of the pause annotation; absent when not paused. */
  readonly pause?: string;
  readonly generation: number;
  readonly uid: string;
}

/** `spec.deterministic` with its defaults. */
export interface DeterministicSpec {
  readonly derivation: DerivationSettings;
  readonly activationPolicy: 'timed-approval' | 'manual-approval' | 'immediate';
  readonly approvalDelayMs: number;
  readonly promotionGraceMs: number;
  /** Whether the very first activation waits for a Standby's proof. */
  readonly standby: 'expected' | 'none';
}

export type ReadSpec =
  | {readonly outcome: 'ok'; readonly spec: Spec}
  | {readonly outcome: 'invalid'; readonly problems: readonly string[]};

type Fields = Readonly<Record<string, unknown>>;
const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {});

/** Reads and checks the config object; every problem names its field, what was expected and what was there. */
export function readSpec(object: StoredObject): ReadSpec {
  const fields = fieldsOf(object.spec);
  const problems: string[] = [];
  const resources = readResources(fields.resources, problems);
  const rotationIntervalMs = readDuration(
    fields.rotationInterval,
    'spec.rotationInterval',
    defaultRotationIntervalMs,
    problems,
  );
  if (rotationIntervalMs < 1_000)
    problems.push(`spec.rotationInterval: expected at least 1s, got ${rotationIntervalMs}ms`);
  if (fields.type !== undefined && fields.type !== 'aesgcm') problems.push('spec.type: expected aesgcm');
  const keyStrategy = choice(fields.keyStrategy, 'spec.keyStrategy', ['random', 'deterministic'] as const, problems);
  const deterministic =
    keyStrategy === 'deterministic' ? readDeterministic(fieldsOf(fields.deterministic), problems) : undefined;
  const mode = choice(fields.mode, 'spec.mode', ['rotate', 'observe'] as const, problems);
  const retention = fieldsOf(fields.retention);
  const migration = fieldsOf(fields.migration);
  const writeMode = choice(
    fieldsOf(fields.nodes).writeMode,
    'spec.nodes.writeMode',
    ['rename', 'inPlace', 'external'] as const,
    problems,
  );
  const revisions = integer(retention.revisions, 'spec.retention.revisions', defaultRevisions, 1, 64, problems);
  const minAgeMs = readDuration(retention.minAge, 'spec.retention.minAge', defaultMinAgeMs, problems);
  const inFlight = integer(migration.maxInFlight, 'spec.migration.maxInFlight', maxInFlight, 1, maxInFlight, problems);
  const windows = readWindowRules(fields.windows, problems);
  if (problems.length > 0) return {outcome: 'invalid', problems};
  const notes = object.metadata.annotations ?? {};
  const rotateRequest = notes[annotation.rotate];
  const pause = notes[annotation.pause];
  return {
    outcome: 'ok',
    spec: {
      resources,
      rotationIntervalMs,
      keyStrategy,
      ...(deterministic === undefined ? {} : {deterministic}),
      mode,
      ...(typeof fields.writeBudget === 'number' ? {writeBudget: fields.writeBudget} : {}),
      retention: {revisions, minAgeMs, ...(retention.requireSnapshot === true ? {requireSnapshot: true as const} : {})},
      migration: {maxInFlight: inFlight, ...(typeof migration.qps === 'number' ? {qps: migration.qps} : {})},
      nodes: {writeMode},
      adoption: {replaceKMS: fieldsOf(fields.adoption).replaceKMS === true},
      windows,
      ...(rotateRequest !== undefined && rotateRequest !== '' ? {rotateRequest} : {}),
      ...(pause !== undefined ? {pause} : {}),
      generation: object.metadata.generation ?? 0,
      uid: object.metadata.uid ?? '',
    },
  };
}

/** Shortest window, ms. */
const shortestWindowMs = 60_000;

/** Whether `cron` and `timeZone` mean anything is for the host's calendar to say. */
function readWindowRules(value: unknown, problems: string[]): readonly WindowRule[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) {
    problems.push('spec.windows: expected a list');
    return [];
  }
  return value.map((item, index): WindowRule => {
    const path = `spec.windows[${index}]`;
    const {action, cron, duration, timeZone = 'UTC'} = fieldsOf(item);
    if (action !== 'allow' && action !== 'deny') problems.push(`${path}.action: expected allow or deny`);
    if (typeof cron !== 'string' || cron === '') problems.push(`${path}.cron: expected five fields, such as 0 2 * * 6`);
    if (typeof timeZone !== 'string') problems.push(`${path}.timeZone: expected an IANA name, such as Europe/Berlin`);
    const durationMs = readDuration(duration, `${path}.duration`, 0, problems);
    if (durationMs < shortestWindowMs) problems.push(`${path}.duration: expected at least 1m, got ${durationMs}ms`);
    return {action: action === 'deny' ? 'deny' : 'allow', cron: String(cron), durationMs, timeZone: String(timeZone)};
  });
}

/** A group id or dimension; what is wrong with one is said without repeating it. */
function readId(value: unknown, path: string, fallback: string | undefined, problems: string[]): string {
  if (value === undefined && fallback !== undefined) return fallback;
  if (typeof value === 'string' && idPattern.test(value)) return value;
  const got = value === undefined ? 'nothing' : typeof value === 'string' ? 'another text' : 'no text';
  problems.push(
    `${path}: expected 1 to 128 of A-Z a-z 0-9 . _ - that begin and end with a letter or digit, got ${got}`,
  );
  return '';
}

function readDeterministic(fields: Fields, problems: string[]): DeterministicSpec {
  const path = 'spec.deterministic';
  const secret = fieldsOf(fields.rootSecretRef);
  if (secret.namespace !== undefined && secret.namespace !== ourNamespace)
    problems.push(`${path}.rootSecretRef.namespace: expected ${ourNamespace}`);
  if (fields.derivationAlgorithm !== undefined && fields.derivationAlgorithm !== 'hkdf-sha512-v1')
    problems.push(`${path}.derivationAlgorithm: expected hkdf-sha512-v1`);
  const policies = ['timed-approval', 'manual-approval', 'immediate'] as const;
  return {
    derivation: {
      replicationGroupId: readId(fields.replicationGroupId, `${path}.replicationGroupId`, undefined, problems),
      dimension: readId(fields.dimension, `${path}.dimension`, 'default', problems),
      rootSecret: {
        namespace: ourNamespace,
        name: typeof secret.name === 'string' && secret.name !== '' ? secret.name : defaultRootSecret,
      },
    },
    activationPolicy: choice(fields.activationPolicy, `${path}.activationPolicy`, policies, problems),
    approvalDelayMs: readDuration(fields.approvalDelay, `${path}.approvalDelay`, defaultApprovalDelayMs, problems),
    promotionGraceMs: readDuration(fields.promotionGrace, `${path}.promotionGrace`, defaultPromotionGraceMs, problems),
    standby: choice(fields.standby, `${path}.standby`, ['expected', 'none'] as const, problems),
  };
}

function readResources(value: unknown, problems: string[]): readonly string[] {
  if (!Array.isArray(value) || value.length === 0) {
    problems.push('spec.resources: expected a list of at least one resource');
    return [];
  }
  const resources: string[] = [];
  for (const [index, resource] of value.entries()) {
    const problem = typeof resource === 'string' ? resourceProblem(resource) : 'expected a text';
    if (problem !== undefined) problems.push(`spec.resources[${index}]: ${problem}`);
    else if (resources.includes(resource)) problems.push(`spec.resources[${index}]: "${resource}" stands twice`);
    else resources.push(resource);
  }
  for (const resource of resources) {
    const wider = resources.find((other) => other !== resource && covers(other, resource));
    if (wider !== undefined) problems.push(`spec.resources: "${resource}" is already covered by "${wider}"`);
  }
  return resources;
}

/** Why one resource of the list is refused; the rules are kube-apiserver's validator's, and our own group is never encrypted. */
export function resourceProblem(resource: string): string | undefined {
  if (resource.length === 0 || resource.length > 253) return 'expected 1 to 253 characters';
  if (resource !== resource.toLowerCase()) return `"${resource}": expected lower case`;
  const dot = resource.indexOf('.');
  const plural = dot < 0 ? resource : resource.slice(0, dot);
  const group = dot < 0 ? '' : resource.slice(dot + 1);
  if (resource === '*') return '"*": expected "*." for the core group or "*.*" for everything';
  if (plural !== '*' && group === '*') return `"${resource}": a resource of every group is not supported`;
  if (
    resource !== '*.*' &&
    resource !== '*.' &&
    !/^(\*|[a-z0-9]([a-z0-9-]*[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/.test(resource)
  ) {
    return `"${resource}": expected resource or resource.group`;
  }
  if (group === 'extensions' || group === 'events.k8s.io') return `"${resource}": this group cannot be encrypted`;
  if (['apiserveripinfo', 'serviceipallocations', 'servicenodeportallocations'].includes(resource))
    return `"${resource}" cannot be encrypted`;
  if (group === ourGroup) return `"${resource}": our own group must stay readable without any key`;
  return undefined;
}

function readDuration(value: unknown, path: string, fallback: number, problems: string[]): number {
  if (value === undefined) return fallback;
  const ms = typeof value === 'string' ? parseDuration(value) : undefined;
  if (ms === undefined) problems.push(`${path}: expected a duration such as 168h0m0s`);
  return ms ?? fallback;
}

function integer(
  value: unknown,
  path: string,
  fallback: number,
  least: number,
  most: number,
  problems: string[],
): number {
  if (value === undefined) return fallback;
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
  problems.push(`${path}: expected a whole number from ${least} to ${most}`);
  return fallback;
}

function choice<const T extends readonly [string, ...string[]]>(
  value: unknown,
  path: string,
  words: T,
  problems: string[],
): T[number] {
  if (value === undefined) return words[0];
  const word = words.find((each) => each === value);
  if (word === undefined) problems.push(`${path}: expected ${words.join(' or ')}`);
  return word ?? words[0];
}
