// The engine's events as sentences for people. Its reasons carry messages that name keys, nodes and numbers; this adds
// what they mean.

import type {NodeAction, ReasonName} from '@etcd-encryption/rotation';

type Say = (message: string) => string | undefined;

const controllerSays: Readonly<Partial<Record<ReasonName, Say>>> = {
  EpochRaised: (message) => `takes the lead: ${message}`,
  Trying: (message) => `a new kind of file goes to one node first: ${message}`,
  AskingServers: () => 'asks every server once more what it has loaded',
  Activating: (message) => `${message}: files are put in that order`,
  ServerDown: (message) => message,
};

/** What a controller did; undefined when it is not worth a line. */
function controllerSentence(reason: string, message: string): string | undefined {
  const say = controllerSays[reason as ReasonName];
  return say === undefined ? message : say(message);
}

const agentSays: Readonly<Partial<Record<NodeAction['do'], string>>> = {
  makeIdentity: 'made this node’s identity, for which keys are sealed',
  moveAside: 'moved a file aside that is not ours',
  appendHistory: 'holds the key and has written it to its history, synced to disk',
  mint: 'made the key from fresh randomness and stored it sealed for every node',
  sealKey: 'sealed a key of its files for every node',
  reseal: 'sealed a key anew, for another set of nodes',
  restoreFile: 'put the last good file back',
};

/** What an agent did; what shows in its files by itself needs no line. */
const agentSentence = (action: string): string | undefined => agentSays[action as NodeAction['do']];

/** `writes r2-1f2e3d4c, reads also r1 and clear values`: keys of ours after the first by their revision alone. */
export function orderText(order: readonly string[]): string {
  const [first, ...rest] = order.map((entry) => (entry === '' || entry === 'identity' ? 'clear values' : entry));
  if (first === undefined) return 'no provider at all';
  const others = rest.map((entry) => /^(r\d+)-[0-9a-f]{8}$/.exec(entry)?.[1] ?? entry);
  return others.length === 0 ? `writes ${first}` : `writes ${first}, reads also ${others.join(', ')}`;
}

export interface Sentence {
  readonly text: string;
  readonly failed: boolean;
}

/** One of the engine's trace events as a sentence; undefined when it is not worth a line. @param detail its fields, as JSON */
export function eventSentence(event: string, detail: string): Sentence | undefined {
  const [program, action = ''] = event.split('.');
  if (program !== 'controller' && program !== 'agent') return undefined;
  const {reason = '', message = '', outcome = 'done'} = JSON.parse(detail) as Readonly<Record<string, string>>;
  if (outcome !== 'done') return {text: `${action} failed: ${outcome}`, failed: true};
  // A page of the migration says how far it was before; the census tells what came of it.
  if (action === 'migratePage') return undefined;
  const text = program === 'controller' ? controllerSentence(reason, message) : agentSentence(action);
  return text === undefined ? undefined : {text, failed: false};
}
