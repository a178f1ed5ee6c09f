// `forget-node`: an operator's word that a member is gone for good, and what the controller made of it.

import {
  annotation,
  controlPlaneLabel,
  formatTime,
  idlePeriodMs,
  kubernetesNodeResource,
  leaseResource,
  ourNamespace,
  type Ring,
  readRing,
  serverLeaseSelector,
} from '@etcd-encryption/rotation';
import {changeAnnotation} from '../annotation.ts';
import {
  answerOf,
  type ClusterClient,
  kubeconfigOption,
  listEvery,
  type OpenCluster,
  openCluster,
  pauseFor,
  wallMs,
  withCluster,
} from '../cluster-client.ts';
import {type ClusterState, readClusterState, ringAddress} from '../cluster-state.ts';
import {canAsk, confirm} from '../confirm.ts';
import {cleanLine} from '../table.ts';
import {type ExitCode, UsageError, type Verb, type VerbInput} from '../verb.ts';

/** The controller watches a lease, or its absence, for 40 s before it calls a server silent, and looks every 30 s at rest. */
const waitMs = 90_000;
const lookEveryMs = 1_000;

export const forgetNodeVerb = (open: OpenCluster): Verb => ({
  name: 'forget-node',
  summary: 'says that a member is gone for good and no longer counts',
  takes: 'NODE',
  positionals: 1,
  options: {
    kubeconfig: kubeconfigOption,
    yes: {type: 'boolean', short: 'y', help: 'do not ask'},
  },
  run: (input) => withCluster(open, input, (client) => run(client, input)),
});

export const forgetNode: Verb = forgetNodeVerb(openCluster);

async function run(client: ClusterClient, input: VerbInput): Promise<ExitCode> {
  const [node] = input.positionals;
  if (node === undefined || /\s/.test(node) || node === '')
    throw new UsageError('forget-node: expected the NODE, got none');
  if (input.values.yes !== true && !canAsk()) throw new UsageError('--yes: required where nobody can be asked');
  const state = await readClusterState(client);
  if (state.ring === undefined) throw new Error(state.ringProblem);
  const gone = state.ring.forgotten.find((each) => each.node === node);
  if (gone !== undefined) {
    input.out(`${node} was forgotten at ${formatTime(gone.atMs)} already`);
    return 0;
  }
  await requireKnown(client, state, state.ring, node);
  if (input.values.yes !== true && !(await askPerson(input, node))) {
    input.err('nothing was changed');
    return 1;
  }
  const request = `${node} ${formatTime(await wallMs(client), true)}`;
  await changeAnnotation(client.store, {on: ringAddress, name: annotation.forgetNode, value: request});
  input.err(`requested: ${request}`);
  return waitForWord(client, input, {node, request, before: refusalOf(state, node)});
}

/** A typing error would otherwise be remembered as a node that is gone. */
async function requireKnown({store}: ClusterClient, {reports}: ClusterState, ring: Ring, node: string): Promise<void> {
  const names = new Set([...ring.members, ...reports].flatMap((member) => [member.node, member.identity]));
  const leases = await listEvery(store, {
    resource: leaseResource,
    namespace: ourNamespace,
    labelSelector: serverLeaseSelector,
  });
  for (const {metadata} of answerOf('leases', leases)) {
    names.add(metadata.name);
    names.add(metadata.labels?.['kubernetes.io/hostname'] ?? metadata.name);
  }
  const nodes = await listEvery(store, {
    resource: kubernetesNodeResource,
    labelSelector: controlPlaneLabel,
    metadataOnly: true,
  });
  for (const {metadata} of answerOf('nodes', nodes)) names.add(metadata.name);
  if (names.has(node)) return;
  const known = [...new Set([...ring.members, ...reports].map((member) => member.node))].sort();
  throw new UsageError(`${node}: no member of that name; known are ${known.join(', ') || 'none'}`);
}

const askPerson = (input: VerbInput, node: string): Promise<boolean> =>
  confirm(
    `${node} will no longer hold a rotation back. If its server comes back with old keys, it cannot read what was written meanwhile until its agent has run. Forget ${cleanLine(node)}?`,
    input.signal,
  );

interface Word {
  readonly node: string;
  readonly request: string;
  /** A refusal that the status showed before this request. */
  readonly before: string | undefined;
}

async function waitForWord(client: ClusterClient, input: VerbInput, word: Word): Promise<ExitCode> {
  const startedAtMs = await wallMs(client);
  client.watch();
  for (;;) {
    const state = await readClusterState(client);
    const elapsedMs = state.nowMs - startedAtMs;
    if (state.ring?.handledForget === word.request) {
      input.out(`${word.node} is forgotten`);
      return 0;
    }
    const refusal = refusalOf(state, word.node);
    const late = elapsedMs >= waitMs;
    // The status changes only with its text: one that stood there before counts once the controller has looked again.
    const fresh = refusal !== word.before || elapsedMs > idlePeriodMs + 5_000;
    if (refusal !== undefined && ((fresh && isFinal(refusal)) || late)) {
      return withdraw(client, input, {word, refusal});
    }
    if (late) return sayNothingHeard(input, state);
    if (!(await pauseFor(client, lookEveryMs))) return sayNothingHeard(input, state);
  }
}

/** A refused request is taken back: else it would be carried out whenever that node is silent for a minute. */
async function withdraw(
  {store}: ClusterClient,
  input: VerbInput,
  {word, refusal}: {readonly word: Word; readonly refusal: string},
): Promise<ExitCode> {
  const {object} = await changeAnnotation(store, {on: ringAddress, name: annotation.forgetNode, value: undefined});
  const read = readRing(object);
  if (read.outcome === 'ok' && read.ring.handledForget === word.request) {
    input.out(`${word.node} is forgotten`);
    return 0;
  }
  input.out(`refused: ${cleanLine(refusal)}; the request is taken back`);
  return 1;
}

function sayNothingHeard(input: VerbInput, {leader}: ClusterState): ExitCode {
  const why = leader?.alive === true ? 'the controller has not answered yet' : 'no controller holds the lease';
  input.out(`not yet: ${why}; the request stays`);
  return 1;
}

/** What the conditions say against forgetting this node. */
function refusalOf({status}: ClusterState, node: string): string | undefined {
  for (const {reason, message} of status.conditions ?? []) {
    const parts = message.split('; ').filter((part) => part.startsWith(`${node}: `));
    const refusal = parts.find(
      (part) =>
        reason === 'ForgetRefused' ||
        /: (its server renews its lease|whether its server lives is not known yet)$/.test(part),
    );
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

/** Whether a server lives is found out by watching its lease for a while. */
const isFinal = (refusal: string): boolean => !refusal.includes('not known yet');
