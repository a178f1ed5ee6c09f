// `plan`: what the controller will do next, what it waits for and since when, in plain words. Writes nothing.

import {
  type Action,
  type Condition,
  formatTime,
  type Phase,
  type Plan,
  type Reason,
  type Ring,
  reasons,
} from '@etcd-encryption/rotation';
import {type ClusterClient, kubeconfigOption, type OpenCluster, openCluster, withCluster} from '../cluster-client.ts';
import {conditionOf, type Leader, readLeader, type StatusFields} from '../cluster-state.ts';
import {type Foresight, foresee} from '../foresight.ts';
import {hideAdopted} from '../key-label.ts';
import {formatDocument, outputOf, outputOption} from '../output.ts';
import {cell, choosePaint, cleanLine, formatTable} from '../table.ts';
import {inWords} from '../time-words.ts';
import type {ExitCode, Verb, VerbInput} from '../verb.ts';

const forms = ['json', 'yaml'] as const;

export const planVerb = (open: OpenCluster): Verb => ({
  name: 'plan',
  summary: 'says what it will do next, what it waits for and since when; changes nothing',
  options: {kubeconfig: kubeconfigOption, output: outputOption(...forms)},
  run: (input) => withCluster(open, input, (client) => run(client, input)),
});

export const plan: Verb = planVerb(openCluster);

interface PlanSummary {
  readonly phase: Phase;
  readonly rotation?: unknown;
  readonly next: readonly {readonly does: string; readonly reason: string; readonly message: string}[];
  readonly waits: readonly {
    readonly reason: string;
    readonly meaning: string;
    readonly message: string;
    readonly since?: string;
  }[];
  readonly notes: readonly {readonly reason: string; readonly message: string}[];
  readonly afterwards: readonly Phase[];
  readonly controller: string;
}

async function run(client: ClusterClient, input: VerbInput): Promise<ExitCode> {
  const output = outputOf(input, forms);
  const foresight = await foresee(client);
  const nowMs = foresight.observation.now.wallMs;
  const summary = summarise(foresight, await readLeader(client.store, nowMs));
  if (output === 'json' || output === 'yaml') input.out(formatDocument(output, summary));
  else input.out(render(summary, nowMs));
  return 0;
}

function summarise({plan: decided, observation, config}: Foresight, leader: Leader | undefined): PlanSummary {
  const status = (config?.status ?? {}) as StatusFields;
  const [action] = decided.actions;
  const ring = observation.ring.state === 'seen' ? observation.ring.value : undefined;
  const acts = action !== undefined;
  return {
    phase: decided.phase,
    ...(ring?.rotation === undefined ? {} : {rotation: rotationOf(ring.rotation)}),
    next: acts
      ? decided.reasons.map(({reason, message}) => ({
          does: inPlainWords(action),
          reason,
          message: hideAdopted(message),
        }))
      : [],
    waits: acts ? [] : decided.reasons.map((reason) => waitOf(reason, status)),
    notes: decided.notes.map(({reason, message}) => ({reason, message: hideAdopted(message)})),
    afterwards: stepsAfter(decided),
    controller: leaderWords(leader),
  };
}

const rotationOf = (rotation: NonNullable<Ring['rotation']>) => ({
  revision: rotation.revision,
  reason: rotation.reason,
  ...(rotation.request === undefined ? {} : {request: rotation.request}),
  startTime: formatTime(rotation.startedAtMs),
});

function inPlainWords(action: Action): string {
  switch (action.do) {
    case 'createRing':
      return 'make the ring';
    case 'replaceRing':
      return action.record === undefined ? 'change the ring' : `change the ring and record: ${action.record.deed}`;
    case 'checkLists':
      return `list ${action.resources.join(', ')} once, to find values that cannot be read`;
    case 'migratePage':
      return action.of === 'proof'
        ? 'write a page of objects once more, as proof that nothing changes'
        : 'rewrite a page of objects';
    case 'publishBundle':
      return 'write the SeedBundle';
    case 'askCompaction':
      return `ask whether etcd is compacted past ${action.revisions.join(', ')}`;
    default:
      return action satisfies never;
  }
}

/** Since when: the condition that gives this very reason, else the one that says that something is under way. */
function waitOf({reason, message}: Reason, status: StatusFields): PlanSummary['waits'][number] {
  const same = (status.conditions ?? []).filter((condition) => condition.reason === reason);
  const since =
    newest(same) ??
    sinceOf(conditionOf(status, 'Progressing'), 'True') ??
    sinceOf(conditionOf(status, 'Ready'), 'False');
  const known = reason === 'Scheduled' ? undefined : since;
  return {
    reason,
    meaning: reasons[reason],
    message: hideAdopted(message),
    ...(known === undefined ? {} : {since: known}),
  };
}

const sinceOf = (condition: Condition | undefined, wanted: Condition['status']): string | undefined =>
  condition?.status === wanted ? condition.lastTransitionTime : undefined;

const newest = (conditions: readonly Condition[]): string | undefined =>
  conditions
    .map(({lastTransitionTime}) => lastTransitionTime)
    .sort()
    .at(-1);

const order: readonly Phase[] = [
  'Preflight',
  'Minting',
  'Distributing',
  'Activating',
  'Converging',
  'Migrating',
  'Verifying',
  'Dropping',
];

function stepsAfter({phase, view}: Plan): readonly Phase[] {
  const at = order.indexOf(phase);
  return at < 0 || view?.ring.rotation === undefined ? [] : order.slice(at + 1);
}

function leaderWords(leader: Leader | undefined): string {
  if (leader?.alive === true) return `${leader.holder} leads`;
  return 'no controller holds the lease: nothing happens until one runs';
}

function render(summary: PlanSummary, nowMs: number): string {
  const {phase, rotation, next, waits, notes, afterwards, controller} = summary;
  const rows: (readonly [string, string])[] = [
    ['phase', phase],
    ...(rotation === undefined
      ? []
      : [['rotation', rotationWords(rotation as ReturnType<typeof rotationOf>, nowMs)] as const]),
    ...next.map(({does, reason, message}) => ['next', `${does}: ${message} (${reason})`] as const),
    ...waits.map((wait) => ['waits', waitWords(wait, nowMs)] as const),
    ...notes.map(({reason, message}) => ['note', `${message} (${reason})`] as const),
    ...(afterwards.length === 0 ? [] : [['then', afterwards.join(' → ')] as const]),
    ['controller', controller],
  ];
  return formatTable(
    rows.map(([name, text]) => [cell(name, 'dim'), cell(text, name === 'note' ? 'warn' : 'plain')]),
    choosePaint(),
  );
}

function rotationWords({revision, reason, request, startTime}: ReturnType<typeof rotationOf>, nowMs: number): string {
  const why = request === undefined ? reason : `${reason}: ${request}`;
  return `to r${revision} (${why}), begun ${inWords(nowMs - Date.parse(startTime))} ago`;
}

function waitWords({reason, meaning, message, since}: PlanSummary['waits'][number], nowMs: number): string {
  const words = cleanLine(message) === '' ? meaning : message;
  const ago = since === undefined ? '' : `, since ${since} (${inWords(nowMs - Date.parse(since))})`;
  return `${words} (${reason}: ${meaning})${ago}`;
}
