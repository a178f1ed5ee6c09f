// `status`: nodes and the keys that their servers have loaded, and every condition that is not fine.

import type {Condition, Ring} from '@etcd-encryption/rotation';
import {
  type ClusterClient,
  kubeconfigOption,
  type OpenCluster,
  openCluster,
  pauseFor,
  withCluster,
} from '../cluster-client.ts';
import {type ClusterState, readClusterState} from '../cluster-state.ts';
import {formatDocument, type Output, outputOf, outputOption} from '../output.ts';
import {type LoadState, type NodeSummary, type StatusSummary, summarise} from '../status-summary.ts';
import {type Cell, cell, choosePaint, cleanLine, formatTable, type Paint, type Tone} from '../table.ts';
import {inWords, timeOf} from '../time-words.ts';
import {type ExitCode, UnreachableError, UsageError, type Verb, type VerbInput} from '../verb.ts';

const forms = ['wide', 'json', 'yaml'] as const;
/** A watch that is deaf costs this long, ms. */
const watchPeriodMs = 2_000;

export const statusVerb = (open: OpenCluster): Verb => ({
  name: 'status',
  summary: 'shows nodes and loaded keys, phase, next rotation and what is not fine',
  options: {
    kubeconfig: kubeconfigOption,
    watch: {type: 'boolean', short: 'w', help: 'again at each change, until interrupted'},
    check: {type: 'boolean', help: 'exit code 1 when it is not ready'},
    output: outputOption(...forms),
  },
  run: (input) => withCluster(open, input, (client) => run(client, input)),
});

export const status: Verb = statusVerb(openCluster);

async function run(client: ClusterClient, input: VerbInput): Promise<ExitCode> {
  const output = outputOf(input, forms);
  const {watch, check} = input.values;
  if (watch === true && check === true) throw new UsageError('--watch, --check: expected one of them, got both');
  if (watch === true) return watchStatus(client, input, output);
  const state = await readClusterState(client);
  const summary = summarise(state);
  input.out(render(summary, state, output));
  return check === true && !summary.ready ? 1 : 0;
}

/** On a terminal the screen is drawn anew; elsewhere each change is one more answer. */
async function watchStatus(client: ClusterClient, input: VerbInput, output: Output): Promise<ExitCode> {
  const screen = process.stdout.isTTY === true && output !== 'json' && output !== 'yaml';
  let last = '';
  client.watch();
  for (;;) {
    try {
      const state = await readClusterState(client);
      const summary = summarise(state);
      const news = JSON.stringify(withoutTimes(summary));
      if (screen || news !== last) {
        const text = output === 'json' ? JSON.stringify(summary) : render(summary, state, output);
        const before = screen
          ? '\x1b[H\x1b[2J'
          : last === ''
            ? ''
            : output === 'yaml'
              ? '---\n'
              : output === 'json'
                ? ''
                : '\n';
        input.out(before + text);
      }
      last = news;
    } catch (error) {
      // A server that restarts is no reason to stop looking; one that was never reached is.
      if (!(error instanceof UnreachableError) || last === '') throw error;
      input.err(error.message);
    }
    if (!(await pauseFor(client, watchPeriodMs))) return 0;
  }
}

/** Times that only say that somebody is alive are no change. */
const withoutTimes = ({controller, nodes, ...rest}: StatusSummary): unknown => ({
  ...rest,
  controller: controller === undefined ? undefined : {holder: controller.holder, alive: controller.alive},
  nodes: nodes.map(({reportTime: _, ...node}) => node),
});

function render(summary: StatusSummary, state: ClusterState, output: Output): string {
  if (output === 'json' || output === 'yaml') return formatDocument(output, summary);
  const paint = choosePaint();
  const lines = [header(summary, state.nowMs, paint), ...detailLines(summary, state, paint)];
  const table = nodeTable(summary, state.nowMs, output === 'wide', paint);
  const problems = summary.nodes.flatMap(({node, problems: list}) => list.map((text) => `${node}: ${text}`));
  return [
    ...lines,
    ...(table === '' ? [] : ['', table]),
    ...(problems.length === 0 ? [] : ['', ...problems.map((text) => paint('warn', cleanLine(text)))]),
  ].join('\n');
}

function header(summary: StatusSummary, nowMs: number, paint: Paint): string {
  const nextMs = timeOf(summary.nextRotation);
  const next =
    summary.nextRotation === undefined || nextMs === undefined
      ? 'no rotation yet'
      : `next rotation ${summary.nextRotation} (${nextMs > nowMs ? `in ${inWords(nextMs - nowMs)}` : 'due'})`;
  const ready = summary.ready ? paint('good', 'ready') : paint('bad', 'not ready');
  return `revision ${summary.revision}, ${cleanLine(summary.phase)}, ${ready}, ${next}`;
}

function detailLines(summary: StatusSummary, {nowMs, ring}: ClusterState, paint: Paint): readonly string[] {
  const {controller, request, paused} = summary;
  const renewedMs = timeOf(controller?.renewTime);
  const renewed = renewedMs === undefined ? '' : `, renewed ${inWords(nowMs - renewedMs)} ago`;
  return [
    ...roleLines(summary, nowMs, paint),
    ...(controller === undefined || controller.holder === ''
      ? []
      : [`controller ${cleanLine(controller.holder)}${renewed}`]),
    ...(paused === undefined ? [] : [paint('warn', `paused: ${cleanLine(paused) || 'no reason given'}`)]),
    ...(request === undefined || request.handled ? [] : [`requested: ${cleanLine(request.text)}`]),
    ...(ring?.rotation === undefined ? [] : [rotationLine(ring.rotation, nowMs)]),
    ...summary.notFine.map((condition, index) => conditionLine(condition, summary.notFine.slice(0, index), paint)),
    ...summary.problems.map((text) => paint('bad', cleanLine(text))),
  ];
}

/** Under the deterministic strategy: the side of the pair, and the key that both hold already. */
function roleLines({role, published}: StatusSummary, nowMs: number, paint: Paint): readonly string[] {
  if (role === undefined) return [];
  const line = `role ${cleanLine(role)}`;
  const colored = role === 'Unknown' ? paint('warn', line) : line;
  if (published === undefined) return [`${colored}, no key waits`];
  const leftMs = (timeOf(published.activateTime) ?? nowMs) - nowMs;
  const from = leftMs > 0 ? `from ${published.activateTime} (in ${inWords(leftMs)})` : 'when it is due';
  return [`${colored}, ${cleanLine(published.key)} is published and may write ${from}`];
}

function rotationLine(rotation: NonNullable<Ring['rotation']>, nowMs: number): string {
  const why = rotation.request === undefined ? rotation.reason : `${rotation.reason}: ${rotation.request}`;
  return cleanLine(`rotation to r${rotation.revision} (${why}), begun ${inWords(nowMs - rotation.startedAtMs)} ago`);
}

/** Several conditions often say the same; each message is shown once. */
function conditionLine(condition: Condition, before: readonly Condition[], paint: Paint): string {
  const {type, status, reason, message} = condition;
  const tone: Tone = type === 'Progressing' ? 'plain' : type === 'Degraded' ? 'bad' : 'warn';
  const told = before.some((other) => other.message.includes(message));
  return paint(tone, cleanLine(`${type}=${status} ${reason}${told ? '' : `: ${message}`}`));
}

const words: Readonly<Record<LoadState, readonly [string, Tone]>> = {
  write: ['write', 'good'],
  'part-write': ['write/part', 'warn'],
  read: ['read', 'plain'],
  'part-read': ['read/part', 'warn'],
  none: ['-', 'warn'],
  unknown: ['?', 'bad'],
};

const stateTones: Readonly<Record<string, Tone>> = {
  Success: 'good',
  Processing: 'warn',
  Updated: 'warn',
  UpdateFailed: 'bad',
  RestartFailed: 'bad',
};

function nodeTable({nodes, keys}: StatusSummary, nowMs: number, wide: boolean, paint: Paint): string {
  if (nodes.length === 0) return '';
  const heads = keys.map(({name, short, check}) =>
    wide ? (check === undefined ? `${short} (adopted)` : name) : short,
  );
  const head = [
    'NODE',
    'ADDRESS',
    'STATE',
    'SERVER',
    ...heads,
    ...(nodes.some(({clear}) => clear) ? ['CLEAR'] : []),
    'REPORT',
  ];
  const clears = nodes.some(({clear}) => clear);
  const rows = nodes.map((node): readonly Cell[] => [
    cell(node.node),
    cell(node.address),
    cell(node.state || '-', stateTones[node.state] ?? 'plain'),
    cell(node.server, node.server === 'up' ? 'plain' : 'bad'),
    ...keys.map((_, index) => loadCell(node.keys[index]?.state ?? 'unknown')),
    ...(clears ? [cell(node.clear ? 'write' : '-', node.clear ? 'warn' : 'plain')] : []),
    reportCell(node, nowMs),
  ]);
  return formatTable([head.map((text) => cell(text, 'dim')), ...rows], paint);
}

function loadCell(state: LoadState): Cell {
  const [text, tone] = words[state];
  return cell(text, tone);
}

function reportCell({reportTime, silent}: NodeSummary, nowMs: number): Cell {
  const at = timeOf(reportTime);
  return cell(at === undefined ? 'none' : `${inWords(nowMs - at)} ago`, silent ? 'bad' : 'plain');
}
