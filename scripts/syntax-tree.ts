// TypeScript source as a syntax tree, with a walk over it. Types are part of the tree, so a type-only import counts as
// an import; comments and strings are not, so nothing written in them can be taken for code.
import {parseSync} from 'oxc-parser';

/** A node of the ESTree with TypeScript nodes; every field beyond these depends on `type`. */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

export interface SourceComment {
  readonly text: string;
  readonly start: number;
}

export interface SyntaxTree {
  readonly program: SyntaxNode;
  readonly comments: readonly SourceComment[];
  /** The line, counted from 1, of an offset into the source. */
  readonly lineAt: (offset: number) => number;
}

/** Where a node stands: its parent and the parent's field that holds it. */
export interface Place {
  readonly parent: SyntaxNode | undefined;
  readonly field: string;
}

/** Parses one file; throws with file and line when it is not TypeScript. */
export function parseSource(file: string, source: string): SyntaxTree {
  const parsed = parseSync(file, source, {sourceType: 'module', preserveParens: false});
  const lineAt = lineCounter(source);
  const error = parsed.errors[0];
  if (error !== undefined) {
    throw new SyntaxError(`${file}:${lineAt(error.labels[0]?.start ?? 0)} does not parse: ${error.message}`);
  }
  return {
    program: parsed.program as unknown as SyntaxNode,
    comments: parsed.comments.map(({value, start}) => ({text: value, start})),
    lineAt,
  };
}

/** Calls `visit` for every node, parents before children, in source order of the fields. */
export function walk(
  node: SyntaxNode,
  visit: (node: SyntaxNode, place: Place) => void,
  place: Place = {parent: undefined, field: ''},
): void {
  visit(node, place);
  for (const [field, value] of Object.entries(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (isNode(child)) walk(child, visit, {parent: node, field});
    }
  }
}

export function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && typeof (value as {type?: unknown}).type === 'string';
}

/** The name of an identifier node, undefined for any other node. */
export function identifierName(value: unknown): string | undefined {
  return isNode(value) && value.type === 'Identifier' ? String(value.name) : undefined;
}

function lineCounter(source: string): (offset: number) => number {
  const starts = [0];
  for (let at = source.indexOf('\n'); at !== -1; at = source.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => Math.max(1, starts.findLastIndex((start) => start <= offset) + 1);
}
