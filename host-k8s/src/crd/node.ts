// EtcdEncryptionNode: what one node's agent and scanner say. References only, never bytes.

import {z} from 'zod';
import {derivationReport} from './derivation.ts';
import {count, flag, integer, list, map, object, text, texts, unixMs, word} from './fields.ts';
import {keyRefFields} from './key.ts';

const blocks = (description: string) =>
  list(
    description,
    object('One block of the file.', {
      resources: texts('Resources of the block.'),
      order: texts('Its providers and keys in order; the first writes.'),
    }),
  );

const why = text('Why it is not known, down, foreign or refused.');
const fileState = 'Whether the file in place could be loaded by a server.';
const file = z
  .discriminatedUnion('state', [
    z.object({
      state: z.literal('loadable').meta({description: fileState}),
      hash: text('SHA-256 of its bytes, hex.'),
      blocks: blocks('Its blocks.'),
      canonical: flag('Whether its bytes are exactly what we would write.'),
    }),
    z.object({state: z.literal('absent')}),
    z.object({
      state: z.literal('refused'),
      hash: text('SHA-256 of its bytes, hex.'),
      problems: texts('Why a server would refuse it.'),
    }),
    z.object({state: z.literal('unknown'), why}),
  ])
  .meta({description: 'The configuration in place on the node.'});

const loaded = z
  .discriminatedUnion('state', [
    z.object({
      state: z.literal('known').meta({description: 'Whether it is known what the server has loaded.'}),
      hash: text('SHA-256 of the loaded file, hex.'),
      blocks: blocks('Blocks of the loaded file.'),
    }),
    z.object({state: z.literal('unknown'), why}),
  ])
  .meta({description: 'What the server itself says it has loaded.'});

const server = z
  .discriminatedUnion('state', [
    z.object({
      state: z.literal('up').meta({description: "State of the node's kube-apiserver."}),
      startedAtMs: unixMs('Start of its process'),
    }),
    z.object({state: z.literal('down'), why}),
    z.object({state: z.literal('foreign'), why}),
    z.object({state: z.literal('unknown'), why}),
  ])
  .meta({description: "The node's kube-apiserver."});

const scan = object('Answer to a scan request: how many values each key has.', {
  id: text('Id of the request.'),
  startedAtMs: unixMs('Start of the scan'),
  completedAtMs: unixMs('End of the scan'),
  revision: count('Store revision of the last page of the whole scan.'),
  counts: map(
    'Values per resource and label: a provider and key name, clear, or other: and a prefix.',
    map('Values per label.', count('Number of values.')),
  ),
});

const compaction = list(
  "Whether etcd's history is gone up to the clean proofs of the ring, told by etcd itself.",
  object('One proof.', {
    by: text('Id of the scan or pass that made it.'),
    revision: text('Its revision.'),
    gone: flag('Whether history up to it is gone.'),
  }),
);

const etcdSpace = object('Space in etcd while a rotation is under way, in percent of its quota.', {
  inUsePercent: count('What its data takes, without free pages.'),
  filePercent: count('What its file takes.'),
});

const values = object('Answer to a deep scan request: whether every value can be opened.', {
  id: text('Id of the request.'),
  completedAtMs: unixMs('End of the scan'),
  opened: count('Values that were opened.'),
  unreadable: list(
    'The first values that no key opens.',
    object('One such value.', {
      etcdKey: text('Its key in etcd.'),
      keyName: text('The key name in front of it.'),
      diagnosis: word('What is wrong.', ['unknown-key', 'authentication-failed', 'corrupt', 'ambiguous']),
      detail: text('More about it.'),
    }),
  ),
  unreadableCount: count('How many values no key opens.'),
});

/** `status` of an EtcdEncryptionNode. */
export const nodeReportSchema = object("What this node's agent saw last.", {
  v: integer('Format of this report.'),
  node: text('Name of the node.'),
  clusterId: text('The cluster, by the uid of its kube-system namespace.'),
  recipient: text("age recipient of this node's identity."),
  address: text('Address on which its kube-apiserver is asked.'),
  identity: text('Identity of its kube-apiserver, also the name of its Lease.'),
  sequence: count('One more at each report.'),
  atMs: unixMs('When it was made'),
  ring: object('Ring that this report was made after.', {
    epoch: integer('Its epoch.'),
    version: integer('Its version.'),
  }),
  gate: text('Gate that this report answers with evidence asked for afterwards.').exactOptional(),
  server,
  configPath: text('Path of the configuration on the node.'),
  automaticReload: flag('Whether the server loads changes by itself.'),
  mount: word('How the file comes into the static pod.', ['directory', 'single-file', 'unknown']),
  fipsOnly: flag('Whether the server refuses aesgcm because of FIPS-only cryptography.'),
  file,
  loaded,
  fileWrittenAtMs: unixMs('When we wrote the file in place').exactOptional(),
  reloadFailures: count('Reloads that failed since the server started.'),
  history: texts("Keys in the node's history, synced to disk."),
  held: texts('Keys whose bytes this agent holds now.'),
  found: list("Keys found in this node's files.", object('One found key, by reference.', keyRefFields)),
  minted: object('Answer to a mint request.', {
    id: text('Id of the request.'),
    revision: count('Number of the key.'),
    name: text('Name of the key.'),
    check: text('Its check value.'),
  }).exactOptional(),
  inForce: object('What a server without the hash metric was seen to have loaded; in force until it loads again.', {
    hash: text('SHA-256 of the file, hex.'),
    startedAtMs: unixMs('Start of the process'),
    reloadSuccesses: count('Reloads that worked by then.'),
  }).exactOptional(),
  refusedFile: object("A file of ours that this node's server refused, and that was taken back.", {
    trial: text('Id of the trial that wrote it; absent when it came otherwise.').exactOptional(),
    hash: text('SHA-256 of its bytes, hex.'),
    blocks: blocks('Its blocks.'),
    atMs: unixMs('When'),
    serverStartedAtMs: unixMs('Start of the process that refused it').exactOptional(),
    why: text('What the server said.'),
  }).exactOptional(),
  encryptions: map('Encryptions by key name over all processes of the server.', count('Number of encryptions.')),
  decryptions: map(
    'Decryptions by key name in the present process of the server.',
    count('Number of decryptions.'),
  ).exactOptional(),
  counters: object('Counters of the present process, by which the above is carried on.', {
    startedAtMs: unixMs('Start of the process'),
    byName: map('Encryptions by key name since then.', count('Number of encryptions.')),
  }),
  highest: object('The highest this node ever saw.', {
    epoch: integer('Epoch.'),
    revision: integer('Revision.'),
    version: integer('Newest version of the ring in that epoch.').exactOptional(),
  }),
  problems: list(
    'What is wrong on this node.',
    object('One problem.', {reason: text('Its reason name.'), message: text('More about it.')}),
  ),
  can: list(
    "What this node's programs can do with raw etcd.",
    word('scan = count prefixes, values = open every value.', ['scan', 'values']),
  ),
  etcdOverrides: texts('Resources that its server keeps in another etcd, group/resource.').exactOptional(),
  scan: scan.exactOptional(),
  compaction: compaction.exactOptional(),
  etcdSpace: etcdSpace.exactOptional(),
  values: values.exactOptional(),
  derivation: derivationReport.exactOptional(),
});

export type NodeStatus = z.infer<typeof nodeReportSchema>;
