// `rotate`: asks for a rotation, and can wait for it. Reason and time are the request, so that asking twice is two.

import {annotation, type CompletedRotation, formatTime, parseDuration} from '@etcd-encryption/rotation';
import {changeAnnotation, checkReason} from '../annotation.ts';
import {
  answerOf,
  type ClusterClient,
  kubeconfigOption,
  type OpenCluster,
  openCluster,
  pauseFor,
  wallMs,
  withCluster,
} from '../cluster-client.ts';
import {
  type ClusterState,
  conditionOf,
  configAddress,
  readClusterState,
  readLeader,
  type StatusFields,
} from '../cluster-state.ts';
import {hideAdopted} from '../key-label.ts';
import {createProgress} from '../progress.ts';
import {cleanLine} from '../table.ts';
import {inWords} from '../time-words.ts';
import {
  type ExitCode,
  optionalText,
  requireText,
  UnreachableError,
  UsageError,
  type Verb,
  type VerbInput,
} from '../verb.ts';

const defaultTimeout = '1h';
const lookEveryMs = 1_000;

export const rotateVerb = (open: OpenCluster): Verb => ({
  name: 'rotate',
  summary: 'asks for a new key now',
  options: {
    kubeconfig: kubeconfigOption,
    reason: {type: 'string', help: 'why, in one line; one that begins with compromised- skips windows; required'},
    wait: {type: 'boolean', help: 'until that rotation is complete'},
    timeout: {type: 'string', help: `longest wait, a duration such as 10m; default ${defaultTimeout}`},
  },
  run: (input) => withCluster(open, input, (client) => run(client, input)),
});

export const rotate: Verb = rotateVerb(openCluster);

async function run(client: ClusterClient, input: VerbInput): Promise<ExitCode> {
  const reason = checkReason(requireText(input, 'reason'));
  const timeoutMs = timeoutOf(input);
  const request = `${reason} ${formatTime(await wallMs(client), true)}`;
  const {object} = await changeAnnotation(client.store, {on: configAddress, name: annotation.rotate, value: request});
  input.out(`requested: ${request}`);
  const paused = object.metadata.annotations?.[annotation.pause];
  if (paused !== undefined) input.err(`it is paused (${cleanLine(paused)}): the request waits for resume`);
  if ((object.spec as {readonly mode?: unknown} | undefined)?.mode === 'observe')
    input.err('spec.mode is observe: nothing will be rotated');
  const leader = await readLeader(client.store, await wallMs(client));
  if (leader?.alive !== true) input.err('no controller holds the lease: nothing happens until one runs');
  return input.values.wait === true ? waitFor(client, input, {request, timeoutMs}) : 0;
}

function timeoutOf(input: VerbInput): number {
  const text = optionalText(input, 'timeout');
  if (text !== undefined && input.values.wait !== true) throw new UsageError('--timeout: only together with --wait');
  const ms = parseDuration(text ?? defaultTimeout);
  if (ms === undefined || ms <= 0) throw new UsageError(`--timeout: expected a duration such as 10m, got ${text}`);
  return ms;
}

interface Wait {
  readonly request: string;
  readonly timeoutMs: number;
}

async function waitFor(client: ClusterClient, input: VerbInput, {request, timeoutMs}: Wait): Promise<ExitCode> {
  const progress = createProgress(input);
  const startedAt = await monotonicMs(client);
  for (;;) {
    const look = await lookAt(client);
    const elapsedMs = (await monotonicMs(client)) - startedAt;
    const state = 'why' in look ? undefined : look;
    const done = state?.ring?.history.find(({requestedBy}) => requestedBy === request);
    if (done !== undefined) return sayDone(input, done);
    if (state !== undefined && isReplaced(state, request)) {
      input.err('another request took the place of this one before it began');
      return 1;
    }
    progress.show(`${inWords(elapsedMs).padStart(7)}  ${'why' in look ? look.why : progressText(look, elapsedMs)}`);
    if (elapsedMs >= timeoutMs) {
      if (state === undefined && 'why' in look) throw new UnreachableError(look.why);
      return sayLate(input, state, timeoutMs);
    }
    if (!(await pauseFor(client, lookEveryMs))) {
      input.err('stopped waiting; the request stays');
      return 1;
    }
  }
}

/** One look; a server that does not answer now may answer in a moment. */
async function lookAt(client: ClusterClient): Promise<ClusterState | {readonly why: string}> {
  try {
    return await readClusterState(client);
  } catch (error) {
    if (error instanceof UnreachableError) return {why: error.message};
    throw error;
  }
}

async function monotonicMs({clock}: ClusterClient): Promise<number> {
  const now = answerOf('clock', await clock['clock.now']({}));
  return now.monotonicMs;
}

const isReplaced = ({config, ring}: ClusterState, request: string): boolean =>
  config?.metadata.annotations?.[annotation.rotate] !== request &&
  ring?.handledRequest !== request &&
  ring?.rotation?.request !== request;

function sayDone(input: VerbInput, done: CompletedRotation): ExitCode {
  const took = inWords(done.completedAtMs - done.startedAtMs);
  const what = `r${done.revision} is the write key everywhere; ${done.rewritten} values rewritten in ${took}`;
  if (done.outcome === 'Complete') {
    input.out(`complete: ${what}`);
    return 0;
  }
  input.out(`blocked: ${what}; some objects could not be rewritten, the old key stays (status names them)`);
  return 1;
}

function sayLate(input: VerbInput, state: ClusterState | undefined, timeoutMs: number): ExitCode {
  const degraded = conditionOf(state?.status ?? {}, 'Degraded');
  const why =
    degraded?.status === 'True'
      ? `${degraded.reason}: ${degraded.message}`
      : `${state?.status.phase ?? 'Unknown'}: ${conditionOf(state?.status ?? {}, 'Progressing')?.message ?? ''}`;
  input.err(`not complete after ${inWords(timeoutMs)}; the request stays. ${cleanLine(hideAdopted(why))}`);
  return 1;
}

function progressText({status, ring}: ClusterState, elapsedMs: number): string {
  const degraded = conditionOf(status, 'Degraded');
  const word = conditionOf(status, 'Progressing')?.message ?? '';
  const trouble = degraded?.status === 'True' ? `; ${degraded.reason}: ${degraded.message}` : '';
  const left = ring?.rotation === undefined ? '' : remaining(status, elapsedMs);
  const text = `${status.phase ?? 'Unknown'}${counts(status)}${left}: ${word}${trouble}`;
  return cleanLine(hideAdopted(text)).slice(0, 300);
}

/** `nodes 2/3, resources 1/2, secrets 500 seen, 480 rewritten`. */
function counts({progress = {}}: StatusFields): string {
  const {nodes, resources, resource, seen, rewritten} = progress;
  const parts = [
    ...(typeof nodes === 'string' ? [`nodes ${nodes}`] : []),
    ...(typeof resources === 'string' ? [`resources ${resources}`] : []),
    ...(typeof resource === 'string' ? [`${resource} ${seen ?? 0} seen, ${rewritten ?? 0} rewritten`] : []),
  ];
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

/** By how long the last rotation took; nothing when there was none, or when this one takes longer. */
function remaining({history = []}: StatusFields, elapsedMs: number): string {
  const seconds = history[0]?.seconds ?? 0;
  const leftMs = seconds * 1_000 - elapsedMs;
  return leftMs <= 0 ? '' : `, about ${inWords(leftMs)} left`;
}
