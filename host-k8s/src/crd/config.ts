// EtcdEncryptionConfig: the interface to people. `spec` says what is wanted, `status` what is; nobody acts on status.

import {idPattern} from '@etcd-encryption/crypto';
import {ourGroup} from '@etcd-encryption/rotation';
import {z} from 'zod';
import {
  type CelRule,
  count,
  duration,
  flag,
  integer,
  list,
  map,
  object,
  rules,
  shortText,
  text,
  texts,
  time,
  word,
} from './fields.ts';

/** A group as it stands in a regular expression. */
const pattern = (group: string): string => group.replaceAll('.', '\\\\.');
const named = (why: string): string => `'"' + self + '": ${why}'`;
const rule = (condition: string, why: string): CelRule => ({
  rule: condition,
  message: why,
  messageExpression: named(why),
});

/** kube-apiserver's validator, resource by resource, and our own group. */
const resourceRules: readonly CelRule[] = [
  rule('self == self.lowerAscii()', 'expected lower case'),
  rule("self != '*'", 'expected "*." for the core group or "*.*" for everything'),
  rule("self == '*.*' || !self.endsWith('.*')", 'a resource of every group is not supported'),
  rule(
    "self in ['*', '*.', '*.*'] || self.endsWith('.*') || self != self.lowerAscii() || self.matches('^(\\\\*|[a-z0-9]([a-z0-9-]*[a-z0-9])?)(\\\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$')",
    'expected resource or resource.group',
  ),
  rule(`!self.matches('^[^.]+\\\\.(extensions|${pattern('events.k8s.io')})$')`, 'this group cannot be encrypted'),
  rule(
    "!(self in ['apiserveripinfo', 'serviceipallocations', 'servicenodeportallocations'])",
    'this resource cannot be encrypted',
  ),
  rule(`!self.matches('^[^.]+\\\\.${pattern(ourGroup)}$')`, 'our own group must stay readable without any key'),
];

const uncovered: CelRule = {
  rule: "!('*.*' in self) || size(self) == 1",
  message: '"*.*" already covers every other resource',
};

/** A group's wildcard and one of its resources: the first match would silently win. */
const unshadowed: CelRule = {
  rule: "!self.exists(wide, wide.startsWith('*.') && wide != '*.*' && self.exists(narrow, narrow != wide && (wide == '*.' ? !narrow.contains('.') : narrow.endsWith(wide.substring(1)) && !narrow.substring(0, size(narrow) - size(wide) + 1).contains('.'))))",
  message: 'a resource stands beside the wildcard of its own group, which already covers it',
};

const resources = z
  .array(
    z
      .string()
      .min(1)
      .max(253)
      .meta({description: 'secrets, widgets.example.com, *.apps or *.*', ...rules(...resourceRules)}),
  )
  .min(1)
  .max(64)
  .meta({
    description: 'Resources that are encrypted, as kube-apiserver writes them.',
    'x-kubernetes-list-type': 'set',
    ...rules(uncovered, unshadowed),
  });

/** What crypto takes for a group or a dimension. */
const identifier = (description: string) => z.string().max(128).regex(idPattern).meta({description});

const deterministic = object('Only with keyStrategy deterministic. What both clusters of a pair derive keys from.', {
  replicationGroupId: identifier('Names the pair; the same on both sides. A UUID is advised.').exactOptional(),
  rootSecretRef: object('The Secret that holds the root key: root-key, 32 bytes.', {
    name: shortText('Its name; etcd-derivation-root unless given.', 253).exactOptional(),
    namespace: word('Its namespace.', ['kube-system']).exactOptional(),
  }).exactOptional(),
  activationPolicy: word(
    'When a new key may become the write key: some time after it was published, when an operator says so, or at once.',
    ['timed-approval', 'manual-approval', 'immediate'],
  ).exactOptional(),
  approvalDelay: duration('How long a new key is published before it may write; 30m unless given.').exactOptional(),
  derivationAlgorithm: word('How keys are derived.', ['hkdf-sha512-v1']).exactOptional(),
  dimension: identifier('Separates keys of one group for different uses; default unless given.').exactOptional(),
  promotionGrace: duration('How long signs of promotion must last before a Standby acts as Active.').exactOptional(),
  standby: word(
    'expected: the very first activation waits for proof that the Standby can read. none: there is no Standby.',
    ['expected', 'none'],
  ).exactOptional(),
});

const windowRule = object('One window.', {
  action: word('Whether deeds may happen in it, or may not.', ['allow', 'deny']),
  cron: shortText('When it opens: minute, hour, day of month, month, day of week.', 128),
  duration: duration('How long it stays open.', '1m'),
  timeZone: shortText('IANA name; UTC unless given.', 64).exactOptional(),
});

/** `spec` of the EtcdEncryptionConfig. */
export const configSpecSchema = z
  .object({
    resources,
    rotationInterval: duration('Time from one write key to the next, a Go duration such as 168h0m0s.', '1s'),
    type: word('Provider of new keys.', ['aesgcm']),
    keyStrategy: z
      .enum(['random', 'deterministic'])
      .meta({
        description: 'random: fresh keys in each cluster. deterministic: both clusters of a pair derive the same keys.',
        default: 'random',
      })
      .exactOptional(),
    deterministic: deterministic.exactOptional(),
    mode: word('rotate, or observe: look and report, change nothing. rotate unless given.', [
      'rotate',
      'observe',
    ]).exactOptional(),
    writeBudget: z
      .int()
      .min(1)
      .max(2 ** 31)
      .meta({description: 'Encryptions under one key before a rotation is due.'})
      .exactOptional(),
    windows: z
      .array(windowRule)
      .max(32)
      .meta({description: 'When keys may be activated, values rewritten and keys dropped; always, unless given.'})
      .exactOptional(),
    retention: object('What stays in the configuration.', {
      revisions: z.int().min(1).max(64).meta({description: 'Newest keys that stay; 8 unless given.'}).exactOptional(),
      minAge: duration('A key stays at least this long after it stopped writing; 24h unless given.').exactOptional(),
      requireSnapshot: flag(
        'Drop a key only after a backup newer than its migration is attested by annotation snapshot on the ring.',
      ).exactOptional(),
    }).exactOptional(),
    migration: object('How values are rewritten.', {
      mode: word('api: through kube-apiserver. etcd: in etcd itself (feature gate). api unless given.', [
        'api',
        'etcd',
      ]).exactOptional(),
      maxInFlight: z
        .int()
        .min(1)
        .max(64)
        .meta({description: 'Most rewrites at once; 64 unless given.'})
        .exactOptional(),
      qps: z
        .int()
        .min(1)
        .max(10_000)
        .meta({description: 'Most rewrites a second; no limit unless given.'})
        .exactOptional(),
    }).exactOptional(),
    nodes: object('How nodes are changed.', {
      writeMode: word(
        'rename: put the new file in its place. inPlace: for a mounted single file. external: others write.',
        ['rename', 'inPlace', 'external'],
      ).exactOptional(),
      reload: word('automatic: the server loads by itself. restart: restart one server at a time.', [
        'automatic',
        'restart',
      ]).exactOptional(),
    }).exactOptional(),
    adoption: object('What may be done with an existing configuration.', {
      replaceKMS: flag('Whether a KMS provider that writes may be replaced.').exactOptional(),
    }).exactOptional(),
  })
  .meta({
    description: 'What is wanted.',
    ...rules({
      rule: "!has(self.keyStrategy) || self.keyStrategy != 'deterministic' || (has(self.deterministic) && has(self.deterministic.replicationGroupId) && self.deterministic.replicationGroupId != '')",
      message: 'keyStrategy deterministic needs deterministic.replicationGroupId, the same on both sides of the pair',
    }),
  });

const condition = object('One condition.', {
  type: text('Its name.'),
  status: word('Whether it holds.', ['True', 'False', 'Unknown']),
  observedGeneration: integer('Generation of the spec that it was judged by.').exactOptional(),
  lastTransitionTime: time('When its status changed last.'),
  reason: text("The plan's reason name."),
  message: text('More, for people.'),
});

const conditions = z.array(condition).meta({
  description: 'Ready, Progressing, Degraded, Encrypted and so on.',
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['type'],
});

const deployStatus = map(
  'State of each control-plane node, by address.',
  object('State of one node.', {
    revision: count("Revision of the write key in the node's file."),
    state: word('How far the newest configuration has come.', [
      'Processing',
      'Updated',
      'Success',
      'UpdateFailed',
      'RestartFailed',
    ]),
    message: text('More, for people.').exactOptional(),
  }),
);

const migration = object('How far the stored values have come.', {
  revision: count('Revision they are rewritten with.'),
  state: word('State.', ['Processing', 'Success', 'Failed']),
  resources: texts('Resources that are rewritten.').exactOptional(),
  completeTimestamp: time('When all were rewritten.').exactOptional(),
  message: text('More, for people.').exactOptional(),
});

const keyStatus = object('One key.', {
  name: text('Its name.'),
  check: text('Its check value; absent for an adopted key, which people may have chosen.').exactOptional(),
  revision: count('Its number; 0 for an adopted one.').exactOptional(),
  state: word('What it is for.', ['Write', 'Read', 'Next', 'Adopted', 'Orphan']),
  created: time('When it was made.').exactOptional(),
  activated: time('When it became the write key.').exactOptional(),
  encryptions: count('Encryptions under it.').exactOptional(),
  values: count('Values in etcd that need it, at the last scan.').exactOptional(),
});

const rotation = object('The present or last rotation, and the next.', {
  reason: text('Why it was begun.').exactOptional(),
  requestedBy: text('Who asked for it.').exactOptional(),
  startTime: time('When it was begun.').exactOptional(),
  completeTime: time('When it was complete.').exactOptional(),
  nextTime: time('When the next is due.').exactOptional(),
});

const progress = object('How far the work under way has come.', {
  nodes: text('Nodes that have loaded the newest configuration, of all: 2/3.').exactOptional(),
  resource: text('Resource that is rewritten now.').exactOptional(),
  resources: text('Resources that are done, of all: 1/2.').exactOptional(),
  seen: count('Objects looked at.').exactOptional(),
  rewritten: count('Objects rewritten.').exactOptional(),
  remaining: count('Objects that remain, by the server.').exactOptional(),
  blocked: count('Objects that cannot be rewritten.').exactOptional(),
});

const census = object('What the last scan of etcd found.', {
  time: time('When it ended.'),
  revision: count('Store revision at which it ended.').exactOptional(),
  counts: map('Values by resource and key name.', map('Values by key name.', count('Number of values.'))),
});

const pastRotation = object('One rotation.', {
  revision: count('Number of its key.'),
  reason: text('Why it was begun.'),
  requestedBy: text('Who asked for it.').exactOptional(),
  startTime: time('When it was begun.'),
  completeTime: time('When it was complete.'),
  values: count('Values that were rewritten.'),
  seconds: count('Seconds it took.'),
  outcome: word('How it ended.', ['Complete', 'Blocked']),
});

/** `status` of the EtcdEncryptionConfig: output only. */
export const configStatusSchema = object('What is. Output only: nothing acts on it.', {
  revision: count('Newest write key that every member has loaded.').exactOptional(),
  deployStatus: deployStatus.exactOptional(),
  migration: migration.exactOptional(),
  observedGeneration: integer('Generation of the spec that this status is about.').exactOptional(),
  phase: text('One word for people.').exactOptional(),
  role: text('Active, Standby or Standalone.').exactOptional(),
  clusterId: text('The cluster that this status is about, by the uid of its kube-system namespace.').exactOptional(),
  conditions: conditions.exactOptional(),
  keys: list('Every key in the configuration.', keyStatus).exactOptional(),
  rotation: rotation.exactOptional(),
  progress: progress.exactOptional(),
  census: census.exactOptional(),
  history: list('The last ten rotations.', pastRotation).exactOptional(),
});

export type ConfigSpec = z.infer<typeof configSpecSchema>;
export type ConfigStatus = z.infer<typeof configStatusSchema>;
