// Which share of a campaign a command line asks for: `3/32`, or `job/32` for a pod of a Kubernetes Indexed Job, which
// knows its place from its environment.

import type {Shard} from '@etcd-encryption/host-sim';
import {optionalText, UsageError, type VerbInput} from '../verb.ts';

/** Set by Kubernetes in each pod of an Indexed Job. */
const indexVariable = 'JOB_COMPLETION_INDEX';

/** `undefined` when all seeds are asked for. @throws UsageError for anything but a share that there is */
export function readShard(
  input: VerbInput,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Shard | undefined {
  const text = optionalText(input, 'shard');
  if (text === undefined) return undefined;
  const [, place, parts] = /^(\d{1,9}|job)\/(\d{1,9})$/.exec(text) ?? [];
  const of = Number(parts);
  if (place === undefined || of < 1) throw expected('I/N or job/N', text);
  const index = place === 'job' ? indexOf(env[indexVariable]) : Number(place);
  if (index >= of) throw expected(`a share from 0 to ${of - 1} of ${of}`, `${index}/${of}`);
  return {index, of};
}

function indexOf(text: string | undefined): number {
  if (text === undefined || !/^\d{1,9}$/.test(text))
    throw new UsageError(`${indexVariable}: expected the place of this pod in its Job, got ${text ?? 'nothing'}`);
  return Number(text);
}

const expected = (what: string, text: string): UsageError =>
  new UsageError(`--shard: expected ${what}, got ${JSON.stringify(text)}`);
