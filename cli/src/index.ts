// The one program: reads arguments, finds the verb, and turns what went wrong into an exit code.

import {parseArgs} from 'node:util';
import {version} from './release.ts';
import {UnreachableError, UsageError, type Verb, type VerbInput} from './verb.ts';
import {campaign} from './verbs/campaign.ts';
import {crds} from './verbs/crds.ts';
import {demo} from './verbs/demo.ts';
import {derive} from './verbs/derive.ts';
import {fingerprint} from './verbs/fingerprint.ts';
import {forgetNode} from './verbs/forget-node.ts';
import {inspect} from './verbs/inspect.ts';
import {mutants} from './verbs/mutants.ts';
import {pause} from './verbs/pause.ts';
import {plan} from './verbs/plan.ts';
import {preflight} from './verbs/preflight.ts';
import {agent, controller, scanner} from './verbs/programs.ts';
import {rehearse} from './verbs/rehearse.ts';
import {resume} from './verbs/resume.ts';
import {rotate} from './verbs/rotate.ts';
import {shrink} from './verbs/shrink.ts';
import {status} from './verbs/status.ts';
import {verify} from './verbs/verify.ts';

export const verbs: readonly Verb[] = [
  demo,
  preflight,
  plan,
  status,
  rotate,
  pause,
  resume,
  forgetNode,
  inspect,
  derive,
  fingerprint,
  verify,
  rehearse,
  campaign,
  shrink,
  mutants,
  controller,
  agent,
  scanner,
  crds,
];

const name = 'etcd-encryption-manager';
const sorry = (text: string): void => console.error(`${name}: ${text}`);

/** Runs a command line and answers its exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const [first, ...rest] = args;
  if (first === '--version') return print(version);
  if (first === undefined || first === 'help' || first === '--help' || first === '-h') return print(usage());
  const verb = verbs.find((each) => each.name === first);
  if (verb === undefined) {
    sorry(`${JSON.stringify(first)} is no verb; ${name} --help lists them`);
    return 2;
  }
  if (rest.includes('--help') || rest.includes('-h')) return print(verbUsage(verb));
  return runVerb(verb, rest);
}

function print(text: string): 0 {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  return 0;
}

async function runVerb(verb: Verb, args: readonly string[]): Promise<number> {
  const stop = new AbortController();
  const abort = (): void => stop.abort();
  process.once('SIGINT', abort);
  process.once('SIGTERM', abort);
  try {
    return await verb.run(readInput(verb, args, stop.signal));
  } catch (error) {
    sorry(error instanceof Error ? error.message : String(error));
    if (error instanceof UsageError) return 2;
    return error instanceof UnreachableError ? 4 : 1;
  } finally {
    process.off('SIGINT', abort);
    process.off('SIGTERM', abort);
  }
}

function readInput(verb: Verb, args: readonly string[], signal: AbortSignal): VerbInput {
  const options = Object.fromEntries(Object.entries(verb.options).map(([key, {help: _, ...option}]) => [key, option]));
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({args: [...args], options, allowPositionals: true, strict: true});
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  const most = verb.positionals ?? 0;
  if (parsed.positionals.length > most) {
    throw new UsageError(`${verb.name}: expected at most ${most} arguments, got ${parsed.positionals.length}`);
  }
  return {
    values: parsed.values as VerbInput['values'],
    positionals: parsed.positionals,
    out: (text) => print(text),
    err: (text) => process.stderr.write(text.endsWith('\n') ? text : `${text}\n`),
    signal,
  };
}

function usage(): string {
  const width = Math.max(...verbs.map((verb) => verb.name.length));
  const lines = verbs.map((verb) => `  ${verb.name.padEnd(width)}  ${verb.summary}`);
  return [
    `Rotates the keys that encrypt etcd without ever making one object unreadable.`,
    '',
    `usage: ${name} VERB [OPTIONS]`,
    '',
    ...lines,
    '',
    `${name} VERB --help shows a verb's options.`,
  ].join('\n');
}

function verbUsage(verb: Verb): string {
  const names = Object.entries(verb.options).map(
    ([key, option]) => [`--${key}${option.type === 'string' ? ' …' : ''}`, option.help] as const,
  );
  const width = Math.max(0, ...names.map(([text]) => text.length));
  const lines = names.map(([text, help]) => `  ${text.padEnd(width)}  ${help}`);
  return [
    `${verb.name}: ${verb.summary}`,
    '',
    `usage: ${name} ${verb.name}${verb.takes === undefined ? '' : ` ${verb.takes}`}${lines.length > 0 ? ' [OPTIONS]' : ''}`,
    ...(lines.length > 0 ? ['', ...lines] : []),
  ].join('\n');
}
