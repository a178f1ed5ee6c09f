// The forms in which a verb can answer: for people, or as JSON or YAML for programs.

import {stringify} from 'yaml';
import {optionalText, UsageError, type VerbInput, type VerbOption} from './verb.ts';

export type Output = 'table' | 'wide' | 'json' | 'yaml';

export const outputOption = (...forms: readonly Output[]): VerbOption => ({
  type: 'string',
  short: 'o',
  help: `${forms.join(' or ')} (-o)`,
});

/** The chosen form. @throws UsageError for one that the verb does not have */
export function outputOf(input: VerbInput, forms: readonly Output[]): Output {
  const text = optionalText(input, 'output');
  if (text === undefined) return 'table';
  const form = forms.find((each) => each === text);
  if (form === undefined) throw new UsageError(`--output: expected ${forms.join(' or ')}, got ${JSON.stringify(text)}`);
  return form;
}

/** A value as a document; people's form is the caller's. */
export function formatDocument(output: 'json' | 'yaml', value: unknown): string {
  return output === 'json' ? JSON.stringify(value, undefined, 2) : stringify(value, {lineWidth: 0});
}
