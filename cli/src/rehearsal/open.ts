// Finds a rehearsal by the path of its file or by the name of a ready one, and fills in the settings that it takes from
// a config beside it.

import {dirname, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import type {Rehearsal, Settings} from '@etcd-encryption/host-sim';
import {readBounded} from '../file-input.ts';
import {UsageError} from '../verb.ts';
import {readSettings} from './from-config.ts';
import {maxRehearsalLength} from './limits.ts';
import {parseRehearsal, problemText} from './read.ts';
import {readyFile} from './ready.ts';

export interface OpenedRehearsal {
  /** Its settings are in it. */
  readonly rehearsal: Rehearsal & {readonly settings: Settings};
  /** As it was asked for: a path, or a name. */
  readonly asked: string;
  /** What people should know about it, a line each. */
  readonly notes: readonly string[];
}

/** A character of UTF-8 has up to four bytes, and a file that is too long is still told from one of the wrong kind. */
const maxBytes = 4 * maxRehearsalLength;

/** @throws UsageError with every problem of the file at its line and column, or of the config that it names */
export async function openRehearsal(asked: string): Promise<OpenedRehearsal> {
  const ready = readyFile(asked);
  if (ready === undefined && !/[./\\]/.test(asked))
    throw new UsageError(
      `${asked}: no ready rehearsal has this name, and a file's has an ending; rehearse --list names all`,
    );
  const path = ready === undefined ? asked : fileURLToPath(ready);
  const read = parseRehearsal(await readText(path));
  if (read.outcome === 'invalid')
    throw new UsageError(read.problems.map((problem) => problemText(path, problem)).join('\n'));
  return {asked, ...(await withSettings(read.rehearsal, path))};
}

async function withSettings(rehearsal: Rehearsal, path: string): Promise<Omit<OpenedRehearsal, 'asked'>> {
  const {settings} = rehearsal;
  if (!('fromConfig' in settings)) return {rehearsal: {...rehearsal, settings}, notes: []};
  const config = resolve(dirname(path), settings.fromConfig);
  const read = readSettings(await readText(config));
  if (read.outcome === 'invalid')
    throw new UsageError(read.problems.map((problem) => `${config}: ${problem}`).join('\n'));
  const notes = read.unused.length === 0 ? [] : [`${config}: not rehearsed: ${read.unused.join(', ')}`];
  return {rehearsal: {...rehearsal, settings: read.settings}, notes};
}

async function readText(path: string): Promise<string> {
  const bytes = await readBounded(path, maxBytes);
  try {
    return new TextDecoder('utf-8', {fatal: true}).decode(bytes);
  } catch {
    throw new UsageError(`${path}: expected UTF-8, got other bytes`);
  }
}
