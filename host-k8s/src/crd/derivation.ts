// The deterministic strategy as rings and reports hold it: settings, bundles, publications, what a node derives from.
// References and bundle bytes only; a bundle's seeds are not secret.

import {z} from 'zod';
import {integer, list, object, text, texts, unixMs, word} from './fields.ts';
import {keyRefFields} from './key.ts';

const entries = list(
  'Its revisions, rising.',
  object('One revision, with the key that is derived from it here.', {
    revision: integer('Number of the key.'),
    key: text('Name of the key.'),
    check: text('Check value of the key.'),
    createdAtMs: unixMs('When it was made'),
    activateAtMs: unixMs('It does not become the write key before this'),
  }),
);

const publicationFields = {
  bundleId: text('Id of the bundle, 32 hex digits.'),
  generation: integer('One more at each publication.'),
  hash: text("SHA-256 of the bundle's bytes, hex."),
};

/** A verified bundle without its seeds. */
const bundleFields = {...publicationFields, entries};

const prepared = (description: string) =>
  object(description, {
    ...bundleFields,
    id: text('Id of the request.'),
    bytes: text('Its bytes, base64.'),
  });

/** What the agents derive with, in the ring's settings. */
export const derivationSettings = object('What the agents derive keys with; absent under the random strategy.', {
  replicationGroupId: text('Names the pair.'),
  dimension: text('Separates keys of one group for different uses.'),
  rootSecret: object('The Secret that holds the root key.', {
    namespace: text('Its namespace.'),
    name: text('Its name.'),
  }),
});

export const publishing = object('A bundle that is being made and written.', {
  id: text('Id of this request.'),
  node: text('The node that makes it.'),
  kind: word('first: a new bundle. next, fresh: one revision more. raise: the same under a higher generation.', [
    'first',
    'next',
    'fresh',
    'raise',
  ]),
  revision: integer('Revision of the new entry; the newest one for raise.'),
  approvalDelayMs: integer('Milliseconds from its making to the earliest activation.'),
  prepared: prepared('The bytes that may be published from now on, and no others.').exactOptional(),
});

export const publications = list(
  'Bundles that this cluster wrote, newest first, recorded before they were written.',
  object('One publication.', {...publicationFields, atMs: unixMs('When it was recorded')}),
);

export const following = object('The bundle that is followed for writing.', {
  ...bundleFields,
  sinceMs: unixMs('Since when'),
  rootCheck: text('Root check of the nodes that read it.').exactOptional(),
  otherLineage: z.literal(true).meta({description: 'The present write key is of another bundle id.'}).exactOptional(),
});

export const synchronizer = object('When the etcd Synchronizer was seen on this cluster.', {
  lastSeenAtMs: unixMs('When a sign of it was seen last'),
  goneSinceMs: unixMs('Since when there is no sign of it').exactOptional(),
});

const why = text('Why it is missing, refused or not known.');

const root = z
  .discriminatedUnion('state', [
    z.object({
      state: z.literal('ready').meta({description: 'Whether the root Secret holds a root key.'}),
      rootCheck: text('Check of the root key alone, hex.'),
      groupTag: text('Check of root key and group, hex.'),
      dimensionTag: text('Check of root key, group and dimension, hex.'),
    }),
    z.object({state: z.literal('missing'), why}),
    z.object({state: z.literal('refused'), why}),
    z.object({state: z.literal('unknown'), why}),
  ])
  .meta({description: 'The root key on this node.'});

const detail = text('What was expected and what was there.');
const outcomes = [
  'malformed',
  'unsupported',
  'root-key-mismatch',
  'group-mismatch',
  'dimension-mismatch',
  'tampered',
] as const;
const acceptances = ['accepted', 'unchanged', 'rollback', 'fork', 'changed-entry', 'other-bundle'] as const;

const bundle = z
  .discriminatedUnion('state', [
    z.object({state: z.literal('absent').meta({description: 'How the SeedBundle reads on this node.'})}),
    z.object({state: z.literal('unknown'), why}),
    z.object({
      state: z.literal('refused'),
      hash: text('SHA-256 of its bytes, hex.'),
      outcome: word('The first thing that is wrong with it.', outcomes),
      detail,
    }),
    z.object({
      state: z.literal('read'),
      bundle: object('The bundle, verified.', bundleFields),
      acceptance: word('What it is to the bundle that this node accepted last.', acceptances),
      detail,
    }),
  ])
  .meta({description: 'The SeedBundle in the API.'});

/** The agent's part of a report. */
export const derivationReport = object('What this node derives keys from; absent under the random strategy.', {
  root,
  bundle,
  accepted: object('The bundle that this node accepted last.', bundleFields).exactOptional(),
  next: object('The key after the newest accepted one, by the chain of seeds.', keyRefFields).exactOptional(),
  derived: texts('Derived keys that this node holds.'),
  prepared: prepared('A bundle made at the request of the ring.').exactOptional(),
});

/** Longest base64 text of a bundle: 64 revisions, 64 + 56 · 64 + 32 bytes. */
const bundleTextLength = 4 * Math.ceil((64 + 56 * 64 + 32) / 3);

/** `spec` of the SeedBundle. */
export const seedBundleSchema = object('Seeds of the revisions; of no use without the root key.', {
  bundle: z
    .string()
    .max(bundleTextLength)
    .regex(/^[A-Za-z0-9+/]+={0,2}$/)
    .meta({description: 'The bundle in base64, on one line.'}),
});

export type SeedBundleSpec = z.infer<typeof seedBundleSchema>;
