// What a plain YAML scalar means to kube-apiserver. Its YAML library follows version 1.1 with exceptions of its own:
// `y` and `off` are booleans, `12:30` and dates are texts, `0o7` and `1_000` are numbers.

import {nothing, type Tree} from './tree.ts';

const nulls: ReadonlySet<string> = new Set(['', '~', 'null', 'Null', 'NULL']);
const booleans: ReadonlySet<string> = /* @__PURE__ */ new Set(
  /* @__PURE__ */ ['y', 'yes', 'true', 'on', 'n', 'no', 'false', 'off'].flatMap((word) => [
    word,
    `${word.charAt(0).toUpperCase()}${word.slice(1)}`,
    word.toUpperCase(),
  ]),
);
const specialFloats = /^(?:[+-]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const numbers: readonly RegExp[] = [
  /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/,
  /^[-+]?0[xX][0-9a-fA-F]+$/,
  /^[-+]?0[oO][0-7]+$/,
  /^[-+]?0[bB][-+]?[01]+$/,
];

/** The value of a plain scalar. A number too large for Go counts as a number, though Go would take it as text. */
export function plainValue(text: string): Tree {
  if (nulls.has(text)) return nothing;
  if (booleans.has(text)) return {kind: 'boolean'};
  if (specialFloats.test(text)) return {kind: 'number', spelling: text};
  if (/^[-+.0-9]/.test(text)) {
    const digits = text.replaceAll('_', '');
    if (numbers.some((pattern) => pattern.test(digits))) return {kind: 'number', spelling: digits};
  }
  return {kind: 'text', value: text};
}
