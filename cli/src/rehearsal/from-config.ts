// Settings of a rehearsal that stand in a file of their own, as the operator applies it: an EtcdEncryptionConfig.

import type {Settings} from '@etcd-encryption/host-sim';
import {
  defaultMinAgeMs,
  maxInFlight,
  ourGroup,
  readSpec,
  type Spec,
  type StoredObject,
} from '@etcd-encryption/rotation';
import {parseDocument} from 'yaml';

export type ReadSettings =
  | {
      readonly outcome: 'ok';
      readonly settings: Settings;
      /** Fields that say something other than the default and make no difference to a rehearsal. */
      readonly unused: readonly string[];
    }
  /** At least one; each with its line, or with its field. */
  | {readonly outcome: 'invalid'; readonly problems: readonly string[]};

const invalid = (...problems: readonly string[]): ReadSettings => ({outcome: 'invalid', problems});

/** Reads YAML or JSON. Never throws. */
export function readSettings(text: string): ReadSettings {
  const document = parseDocument(text, {version: '1.2'});
  const [error] = document.errors;
  if (error !== undefined) {
    const {line = 1, col = 1} = error.linePos?.[0] ?? {};
    const [what = ''] = error.message.split('\n');
    return invalid(
      `${line}:${col}: expected YAML 1.2, got a problem: ${what.replace(/ at line \d+, column \d+:?$/, '')}`,
    );
  }
  // A document may refer to itself, or repeat itself more often than anyone means.
  let value: unknown;
  try {
    value = document.toJS({maxAliasCount: 100});
  } catch {
    return invalid('1:1: expected at most 100 aliases, got more');
  }
  return settingsOf(value);
}

function settingsOf(value: unknown): ReadSettings {
  const {apiVersion, kind, spec} = (typeof value === 'object' && value !== null ? value : {}) as Partial<
    Record<string, unknown>
  >;
  if (kind !== 'EtcdEncryptionConfig')
    return invalid(`kind: expected EtcdEncryptionConfig, got ${JSON.stringify(kind) ?? 'nothing'}`);
  if (typeof apiVersion !== 'string' || apiVersion.split('/')[0] !== ourGroup)
    return invalid(`apiVersion: expected one of ${ourGroup}, got ${JSON.stringify(apiVersion) ?? 'nothing'}`);
  const object = {metadata: {name: 'default'}, spec} as StoredObject;
  const read = readSpec(object);
  if (read.outcome === 'invalid') return invalid(...read.problems);
  if (read.spec.mode === 'observe') return invalid('spec.mode: expected rotate, got observe, in which nothing rotates');
  return {outcome: 'ok', settings: toSettings(read.spec), unused: unusedOf(read.spec)};
}

function toSettings({keyStrategy, rotationIntervalMs, resources, retention, deterministic}: Spec): Settings {
  const {activationPolicy, approvalDelayMs, promotionGraceMs, standby} = deterministic ?? {};
  return {
    keyStrategy,
    rotationIntervalMs,
    resources,
    revisions: retention.revisions,
    ...(approvalDelayMs === undefined ? {} : {approvalDelayMs}),
    ...(activationPolicy === undefined ? {} : {activationPolicy}),
    ...(promotionGraceMs === undefined ? {} : {promotionGraceMs}),
    ...(standby === undefined ? {} : {standby}),
  };
}

function unusedOf({writeBudget, retention, migration, nodes, adoption}: Spec): readonly string[] {
  const said: readonly (readonly [string, boolean])[] = [
    ['spec.writeBudget', writeBudget !== undefined],
    ['spec.retention.minAge', retention.minAgeMs !== defaultMinAgeMs],
    ['spec.migration.maxInFlight', migration.maxInFlight !== maxInFlight],
    ['spec.migration.qps', migration.qps !== undefined],
    ['spec.nodes.writeMode', nodes.writeMode !== 'rename'],
    ['spec.adoption.replaceKMS', adoption.replaceKMS],
  ];
  return said.flatMap(([field, differs]) => (differs ? [field] : []));
}
