// EtcdEncryptionRing: what every node's configuration shall hold, and the facts that must outlive a controller.

import {z} from 'zod';
import {derivationSettings, following, publications, publishing, synchronizer} from './derivation.ts';
import {count, flag, integer, list, map, object, text, texts, unixMs, word} from './fields.ts';
import {keyRefFields} from './key.ts';

const keyId = (description: string) => text(description);

const layout = (description: string) =>
  object(description, {
    keys: texts('Keys that every managed block reads, newest first, adopted ones after ours.'),
    resources: list(
      'Managed resources, in the order of the file.',
      object('One managed resource.', {
        resource: text('As kube-apiserver writes it: secrets, widgets.example.com, *.apps, *.*'),
        write: text('Key that writes it, "identity" for clear, "own" for whatever each node writes with now.'),
        leaving: z.literal(true).meta({description: 'On its way out: written in clear, still read.'}).exactOptional(),
      }),
    ),
    kept: list(
      'Blocks of an adopted file whose resources are not managed.',
      object('One block, kept in its own order.', {
        resources: texts('Resources of the block.'),
        order: texts('Its providers and keys in order.'),
      }),
    ),
    kms: texts('KMS providers of an adopted file, kms: and their JSON, read after all keys.'),
  });

const migrationMark = object('Where the rewriting of one resource stands.', {
  resource: text('The resource.'),
  state: word('State of its pass.', ['pending', 'running', 'done', 'blocked']),
  token: text('Token of the next page while running.').exactOptional(),
  seen: count('Objects looked at in this pass.'),
  rewritten: count('Objects rewritten in this pass.'),
  pass: count('Number of this pass, from 1; a pass that rewrote nothing proves the resource.'),
  startedAtMs: unixMs('Start of this pass'),
  completedAtMs: unixMs('End of this pass').exactOptional(),
  revision: text("Revision of the collection in the answer to the pass's last page.").exactOptional(),
  broken: z.literal(true).meta({description: 'It was interrupted, and ends in another pass.'}).exactOptional(),
  blocked: list(
    'The first objects that could not be rewritten.',
    object('One object that could not be rewritten.', {
      namespace: text('Its namespace; empty for cluster-scoped ones.'),
      name: text('Its name.'),
      reason: text('Who refused it and why.'),
    }),
  ),
  blockedCount: count('How many objects could not be rewritten.'),
  attempts: count('Attempts at the blocked objects.'),
  lastAttemptAtMs: unixMs('Last attempt at the blocked objects').exactOptional(),
});

const reasons = ['first', 'schedule', 'request', 'budget', 'resources', 'compromise', 'follow'] as const;

const rotation = object('The rotation under way.', {
  revision: count('Number of its key.'),
  key: keyId('Its key; absent until minted.').exactOptional(),
  reason: word('Why it was begun.', reasons),
  requestedBy: text('Who asked for it.').exactOptional(),
  request: text('Text of the request that it handles.').exactOptional(),
  startedAtMs: unixMs('When it was begun'),
  activatedAtMs: unixMs('When its key became the write key').exactOptional(),
  convergedAtMs: unixMs('When every server had loaded the new write key').exactOptional(),
  adding: texts('Resources that enter the list: only these are rewritten.').exactOptional(),
  removing: texts('Resources that leave: rewritten in clear, then their block goes.').exactOptional(),
  migration: list('Where the rewriting stands, by resource.', migrationMark),
  rewritten: count('Objects rewritten in earlier passes.').exactOptional(),
  local: z.literal(true).meta({description: 'Replicated objects are left to the Active.'}).exactOptional(),
  verifiedBy: word('What proved it.', ['scan', 'second-pass']).exactOptional(),
  completedAtMs: unixMs('When it was complete').exactOptional(),
});

const completedRotation = object('One completed rotation.', {
  revision: count('Number of its key.'),
  key: keyId('Its key.'),
  reason: word('Why it was begun.', reasons),
  requestedBy: text('Who asked for it.').exactOptional(),
  startedAtMs: unixMs('When it was begun'),
  activatedAtMs: unixMs('When its key became the write key').exactOptional(),
  completedAtMs: unixMs('When it was complete'),
  rewritten: count('Objects rewritten.'),
  outcome: word('How it ended.', ['Complete', 'Blocked']),
});

const dropCertificate = object('Why one key could leave, with what each claim rests on.', {
  key: keyId('The key.'),
  check: text('Its check value.'),
  stoppedWritingAtMs: unixMs('When every server had a later write key loaded'),
  cleanBy: text('Id of the scan that found no value of it, or second-pass.'),
  cleanRevision: text("Revision in the answer to that scan's or pass's last page."),
  compactedBy: text('How history up to that revision was seen to be gone: etcd or events-410.'),
  snapshotAtMs: unixMs('When the backup was made that an operator attested').exactOptional(),
  atMs: unixMs('When it left'),
});

/** `spec` of the EtcdEncryptionRing. */
const encryptions = map(
  'Encryptions under these keys when it was begun, by `<node> <key>`; more of them make what it proves void.',
  integer('How many.'),
);

export const ringSchema = object('What every node shall hold. Written by the controller alone, by compare-and-swap.', {
  v: integer('Format of this object; a release refuses a higher one than its own.'),
  clusterId: text('The cluster that this ring belongs to.'),
  epoch: integer('Raised by each new leader, and above all that was seen when etcd was restored.'),
  version: integer('One more at each change; agents never go back.'),
  begunAtVersion: integer('Version at which the present epoch began.').exactOptional(),
  keys: list(
    'Every key that files hold or shall hold, newest first.',
    object('One key, by reference.', {
      ...keyRefFields,
      createdAtMs: unixMs('When it was made or adopted'),
      mintedBy: text('Node that made it; absent for adopted keys.').exactOptional(),
      derived: z.literal(true).meta({description: 'Derived from root key and seed.'}).exactOptional(),
    }),
  ),
  layout: layout('What the files hold.'),
  trial: object('A file of a new kind goes to one node first.', {
    layout: layout('What that node shall hold.'),
    node: text('The node.'),
    id: text('A refusal names it.'),
    startedAtMs: unixMs('When the trial was begun'),
  }).exactOptional(),
  proven: texts('Kinds of file content that a server here has loaded.'),
  gate: object('Evidence asked for right before a dangerous deed.', {
    id: text('Reports answer by this id.'),
    deed: word('The deed.', ['activate', 'drop']),
    atMs: unixMs('When it was asked for'),
  }).exactOptional(),
  minting: object('A key that a node is asked to make.', {
    revision: count('Number of the key.'),
    node: text('The node.'),
    id: text('The key object and the report answer by this id.'),
  }).exactOptional(),
  rotation: rotation.exactOptional(),
  handledRequest: text('Text of the rotation request that was handled last.').exactOptional(),
  history: list('The last rotations.', completedRotation),
  stoppedWriting: map(
    'When every server had a later write key loaded, in Unix milliseconds, by key.',
    integer('Unix milliseconds.'),
  ),
  counted: map(
    'How much of the time since then was counted on clocks that never jump, by key.',
    object('One count.', {
      stoppedAtMs: unixMs('The time from which it counts'),
      ms: integer('Milliseconds counted.'),
    }),
  ).exactOptional(),
  clean: list(
    'Keys that no stored value is under any more.',
    object('One such key.', {
      key: keyId('The key.'),
      by: text('Id of the scan, or second-pass.'),
      revision: text('Revision at which it was seen.'),
      atMs: unixMs('When it was seen'),
      compactedBy: text('How history up to that revision was seen to be gone.').exactOptional(),
      written: encryptions.exactOptional(),
    }),
  ),
  certificates: list('Why keys left.', dropCertificate),
  members: list(
    'kube-apiservers that count.',
    object('One kube-apiserver.', {
      node: text('Its node.'),
      identity: text('Its identity, also the name of its Lease.'),
      address: text('Its address.'),
    }),
  ),
  forgotten: list(
    'Members that no longer count.',
    object('One forgotten member.', {
      node: text('Its node.'),
      identity: text('Its identity.'),
      atMs: unixMs('When it was forgotten'),
    }),
  ),
  spent: map(
    'Encryptions by nodes that were forgotten, by `<node> <key>`; they count towards a key’s budget.',
    integer('How many.'),
  ).exactOptional(),
  accepted: texts('Resources that were once in an accepted list; only these are ever taken out.'),
  scan: object('A scan of the stored values that is asked for.', {
    id: text('The report answers exactly this id.'),
    resources: texts('Resources to scan.'),
    node: text('The node that answers.'),
    deep: flag('Whether every value is opened, instead of counting prefixes.'),
    clears: texts('Keys and resources whose delays had passed when it was asked for.').exactOptional(),
    written: encryptions.exactOptional(),
    atMs: unixMs('When it was asked for'),
  }).exactOptional(),
  lastMigration: object('The last finished rewriting, for people.', {
    revision: count('Number of the key it was for.'),
    marks: list('How it ended, by resource.', migrationMark),
    completedAtMs: unixMs('When it was finished'),
    local: z.literal(true).meta({description: 'It left replicated objects to the Active.'}).exactOptional(),
  }).exactOptional(),
  refusals: list(
    'Files that a server refused.',
    object('One refused file.', {
      node: text('The node.'),
      hash: text('SHA-256 of the file, hex.'),
      kinds: texts('What was new in it.'),
      why: text('What the server said.'),
      atMs: unixMs('When'),
      serverStartedAtMs: unixMs('Start of the process that refused it').exactOptional(),
    }),
  ),
  checked: text('Id of the deep scan whose findings are settled.').exactOptional(),
  settings: object('What the agents need of the spec.', {
    writeMode: word('How files are put in place.', ['rename', 'inPlace', 'external']),
    derivation: derivationSettings.exactOptional(),
  }),
  publishing: publishing.exactOptional(),
  publications: publications.exactOptional(),
  following: following.exactOptional(),
  leftWindow: map(
    'Since when each derived key is in no bundle that is followed.',
    integer('Unix milliseconds.'),
  ).exactOptional(),
  synchronizer: synchronizer.exactOptional(),
  standbyProven: texts(
    'Bundle ids for which a proof of the Standby, or the word that there is none, was seen.',
  ).exactOptional(),
  restored: object('A restore of etcd was seen.', {
    atMs: unixMs('When it was seen'),
    merged: flag('Whether the keys of all histories have been merged since.'),
  }).exactOptional(),
  handledForget: text('Text of the forget-node annotation that was carried out last.').exactOptional(),
  refusedForget: text('Text of the forget-node annotation that was refused last.').exactOptional(),
  proof: object('A proof pass of no-op writes, where etcd cannot be scanned.', {
    id: text('Its id.'),
    keys: texts('Keys that it shall clear.'),
    written: encryptions.exactOptional(),
    migration: list('Where it stands, by resource.', migrationMark),
  }).exactOptional(),
  record: list(
    'The rotation record, oldest line first.',
    object('One line.', {
      atMs: unixMs('When'),
      deed: word('What was done.', ['publish', 'activate', 'drop', 'resource']),
      what: text('To what.'),
      why: text('Why.'),
      facts: texts('What it rests on.'),
      previous: text('SHA-256 of the line before; empty for the first.'),
      hash: text('SHA-256 of this line.'),
    }),
  ).exactOptional(),
});

export type RingSpec = z.infer<typeof ringSchema>;
