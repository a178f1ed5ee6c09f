// Reads a rehearsal file. Whatever the text is, the answer is a rehearsal or a list of problems with their places.

import type {Rehearsal} from '@etcd-encryption/host-sim';
import {parseDocument, type YAMLError} from 'yaml';
import {rehearsalFile} from './document.ts';
import {maxProblems, maxRehearsalLength} from './limits.ts';
import type {Finding, Reading} from './place.ts';

export interface Problem {
  /** From 1. */
  readonly line: number;
  /** From 1, UTF-16 units. */
  readonly column: number;
  /** The field, what was expected, and what was there. */
  readonly message: string;
}

export type ReadRehearsal =
  | {readonly outcome: 'ok'; readonly rehearsal: Rehearsal}
  /** In the order of the file, at least one, at most {@link maxProblems}. */
  | {readonly outcome: 'invalid'; readonly problems: readonly Problem[]};

/** `FILE:LINE:COLUMN: …`, as compilers write it and editors follow it. */
export const problemText = (file: string, {line, column, message}: Problem): string =>
  `${file}:${line}:${column}: ${message}`;

/** Reads a file's text. Never throws. */
export function parseRehearsal(text: string): ReadRehearsal {
  if (text.length > maxRehearsalLength) {
    const message = `expected at most ${maxRehearsalLength} characters, got ${text.length}`;
    return {outcome: 'invalid', problems: [{line: 1, column: 1, message}]};
  }
  // Fields that stand twice are noted where all other fields are; the library compares each with each.
  const document = parseDocument(text, {prettyErrors: false, uniqueKeys: false, version: '1.2'});
  const syntax = [...document.errors, ...document.warnings];
  if (syntax.length > 0) return invalid(syntax.map(syntaxFinding), text);
  const reading: Reading = {findings: []};
  const rehearsal = rehearsalFile.read({node: document.contents, offset: 0, path: ''}, reading);
  return rehearsal === undefined ? invalid(reading.findings, text) : {outcome: 'ok', rehearsal};
}

/** The library descends with each level, and says so in its engine's words when a text of brackets ends its stack. */
function syntaxFinding({code, message, pos}: YAMLError): Finding {
  const got = code === 'RESOURCE_EXHAUSTION' ? 'lists or maps nested too deep' : `a problem: ${message}`;
  return {offset: pos[0], message: `expected YAML 1.2, got ${got}`};
}

function invalid(findings: readonly Finding[], text: string): ReadRehearsal {
  const inOrder = findings.toSorted((a, b) => a.offset - b.offset).slice(0, maxProblems);
  return {outcome: 'invalid', problems: inOrder.map(({offset, message}) => ({...placeOf(offset, text), message}))};
}

/** The library's own counter of lines misses some in a text that is not good YAML, so they are counted here. */
function placeOf(offset: number, text: string): Pick<Problem, 'line' | 'column'> {
  const before = text.slice(0, offset).split('\n');
  return {line: before.length, column: (before.at(-1) ?? '').length + 1};
}
