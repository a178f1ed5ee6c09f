// The story that a demonstration tells, the same on the simulated and on the real control plane: everything is in
// clear and in use; then the first encryption and rotation after rotation, one of them with a node that is down.

import {readdirSync, readFileSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {annotation, backupDirectory, configurationPath, historyPath, parseHistory} from '@etcd-encryption/rotation';
import {formatCensus} from './census.ts';
import type {Narrator} from './narrator.ts';
import {tallyText} from './result.ts';
import type {Stage, Status} from './stage.ts';

interface Step {
  readonly title: string;
  /** Text of the request; absent: the engine starts by itself. */
  readonly request?: string;
  readonly nodeDown?: true;
}

function stepsOf(rotations: number, scheduled: boolean): readonly Step[] {
  const later = [
    {title: 'an operator asks for it', request: 'a drill'},
    scheduled ? {title: 'its interval has passed'} : {title: 'asked for again', request: 'another drill'},
    {
      title: 'asked for, and a node is down',
      request: 'the auditor wants to see one',
      nodeDown: true,
    },
    {title: 'somebody may have seen the key', request: 'compromised-laptop'},
  ] as const satisfies readonly Step[];
  const rest = Array.from({length: rotations}, (_, index): Step => {
    const step = later[index % later.length] ?? later[0];
    const again = Math.floor(index / later.length);
    return 'request' in step && again > 0 ? {...step, request: `${step.request} ${again + 1}`} : step;
  });
  return [{title: 'first encryption: everything is in clear'}, ...rest];
}

/** Revision of the newest rotation that is complete. */
const completed = (status: Status | undefined): number => status?.history?.[0]?.revision ?? 0;

/** Plays all of it, or until something went wrong. */
export async function playScript(stage: Stage, narrator: Narrator, rotations: number): Promise<void> {
  const names: string[] = [];
  const showCensus = async (): Promise<void> => {
    const census = await stage.census();
    narrator.line('users', tallyText(stage.tally()), hasFailed(stage) ? 'bad' : 'good');
    narrator.block(formatCensus(census, names));
    names.push(...Object.keys(census).filter((name) => !names.includes(name)));
  };
  narrator.heading('before');
  await showCensus();
  await stage.begin();
  const steps = stepsOf(rotations, stage.scheduled);
  for (const [index, step] of steps.entries()) {
    narrator.heading(`${index === 0 ? '' : `rotation ${index} of ${rotations}: `}${step.title}`);
    const done = await playStep(stage, narrator, step, index + 1);
    await showCensus();
    if (!done) narrator.line('demo', `revision ${index + 1} was not completed`, 'bad');
    if (!done || hasFailed(stage)) return;
  }
}

const hasFailed = (stage: Stage): boolean => {
  const {failedReads, failedWrites} = stage.tally();
  return failedReads + failedWrites > 0;
};

async function playStep(stage: Stage, narrator: Narrator, step: Step, revision: number): Promise<boolean> {
  if (step.request !== undefined) {
    narrator.line('operator', `kubectl annotate eec default --overwrite ${annotation.rotate}='${step.request}'`);
    await stage.request(step.request);
  } else if (revision > 1) narrator.line('operator', 'does nothing');
  if (step.nodeDown === true) await playOutage(stage, narrator);
  const done = await stage.until((status) => completed(status) >= revision, stage.patienceMs);
  const last = stage.status()?.history?.[0];
  if (done && last !== undefined) {
    narrator.line('controller', `revision ${revision} took ${last.seconds} s, ${last.values} values rewritten`, 'good');
  }
  return done;
}

/** A node loses its power as soon as the rotation has begun, and comes back when everybody could see what is missing. */
async function playOutage(stage: Stage, narrator: Narrator): Promise<void> {
  const node = stage.nodes.at(-1) ?? '';
  await stage.until((status) => status?.phase !== 'Idle', stage.patienceMs);
  narrator.line('demo', `${node} goes down`, 'bad');
  await stage.powerOff(node);
  const before = stage.status()?.revision;
  const named = await stage.until((status) => namesNode(status, node), stage.patienceMs);
  await stage.pass(stage.outageMs);
  const kept = stage.status()?.revision === before;
  narrator.line(
    'demo',
    `the plan ${named ? `names ${node}` : `does not name ${node}`}; the write key ${kept ? 'has not changed' : 'has changed'}`,
  );
  narrator.line('demo', `${node} comes back`, 'good');
  await stage.powerOn(node);
}

const namesNode = (status: Status | undefined, node: string): boolean =>
  status?.conditions?.some(
    ({type, status: holds, message}) => type === 'Progressing' && holds === 'True' && message.includes(node),
  ) === true;

/** What is there at the end: the resource, and the files of every node. */
export async function showOutcome(stage: Stage, narrator: Narrator): Promise<void> {
  narrator.heading('$ kubectl get EtcdEncryptionConfig default -o yaml');
  narrator.block((await stage.yaml()).trimEnd());
  narrator.heading(`files in ${stage.dir}`);
  for (const node of stage.nodes) narrator.block(fileText(join(stage.dir, node), node));
}

function fileText(root: string, node: string): string {
  const keys = parseHistory(readFileSync(join(root, historyPath))).keys.map(({name}) => name);
  const backups = readdirSync(join(root, backupDirectory)).length;
  const mode = (statSync(join(root, configurationPath)).mode & 0o777).toString(8).padStart(4, '0');
  return [
    `  ${node}${configurationPath}  ${mode}`,
    `  ${node}${historyPath}  ${keys.length} keys: ${keys.join(', ')}`,
    `  ${node}${backupDirectory}/  ${backups} earlier versions`,
  ].join('\n');
}
