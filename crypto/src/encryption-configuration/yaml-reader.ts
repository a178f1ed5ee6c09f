// Builds the tree of a YAML document from its tokens, by libyaml's grammar. There are no aliases, so a text can never
// say more than it is long.

import {maxNesting} from '../limits.ts';
import {type Entry, nothing, Refusal, type Tree} from './tree.ts';
import {type Token, tokensOf} from './yaml-token.ts';
import {plainValue} from './yaml-value.ts';

type Walk = {readonly tokens: readonly Token[]; at: number; depth: number};

/** Where a node stands: `key` and `value` of a block mapping may be lists that are not indented. */
type Place = 'flow' | 'block' | 'block-member';

/** The first document of a YAML text, and whether more follows it. Throws a `Refusal`. */
export function readYaml(text: string): {readonly tree: Tree; readonly more: boolean} {
  const {tokens, more} = tokensOf(text);
  const walk: Walk = {tokens, at: 0, depth: 0};
  const tree = kind(walk) === 'end' ? nothing : readNode(walk, 'block');
  if (kind(walk) !== 'end') throw fault(walk, 'the end of the document');
  return {tree, more};
}

function readNode(walk: Walk, place: Place): Tree {
  if (walk.depth >= maxNesting) throw new Refusal('nested-too-deep', `expected at most ${maxNesting} levels, got more`);
  walk.depth++;
  const tree = readContent(walk, place);
  walk.depth--;
  return tree;
}

function readContent(walk: Walk, place: Place): Tree {
  const token = walk.tokens[walk.at];
  if (token === undefined) throw fault(walk, 'a value');
  if (token.kind === 'scalar') {
    walk.at++;
    if ('plain' in token) return token.plain ? plainValue(token.value) : {kind: 'text', value: token.value};
  }
  if (token.kind === 'entry' && place === 'block-member') return readUnindentedList(walk);
  if (token.kind === 'flow-list-start') return readFlowList(walk);
  if (token.kind === 'flow-mapping-start') return readFlowMapping(walk);
  if (token.kind === 'list-start' && place !== 'flow') return readBlockList(walk);
  if (token.kind === 'mapping-start' && place !== 'flow') return readBlockMapping(walk);
  throw fault(walk, 'a value');
}

function readBlockList(walk: Walk): Tree {
  walk.at++;
  const items: Tree[] = [];
  while (taken(walk, 'entry')) {
    items.push(isOneOf(walk, 'entry', 'block-end') ? nothing : readNode(walk, 'block'));
  }
  if (!taken(walk, 'block-end')) throw fault(walk, 'a "-" entry');
  return {kind: 'list', items};
}

function readUnindentedList(walk: Walk): Tree {
  const items: Tree[] = [];
  while (taken(walk, 'entry')) {
    items.push(isOneOf(walk, 'entry', 'key', 'value', 'block-end') ? nothing : readNode(walk, 'block'));
  }
  return {kind: 'list', items};
}

function readBlockMapping(walk: Walk): Tree {
  walk.at++;
  const entries: Entry[] = [];
  while (taken(walk, 'key')) {
    const name = nameOf(readNode(walk, 'block-member'), walk);
    if (!taken(walk, 'value')) throw fault(walk, '":"');
    const empty = isOneOf(walk, 'key', 'value', 'block-end');
    entries.push({name, value: empty ? nothing : readNode(walk, 'block-member')});
  }
  if (!taken(walk, 'block-end')) throw fault(walk, 'a key');
  return {kind: 'mapping', entries};
}

function readFlowList(walk: Walk): Tree {
  walk.at++;
  const items: Tree[] = [];
  while (!taken(walk, 'flow-list-end')) {
    if (items.length > 0) {
      if (!taken(walk, 'comma')) throw fault(walk, '"," or "]"');
      if (taken(walk, 'flow-list-end')) break;
    }
    if (taken(walk, 'key')) items.push({kind: 'mapping', entries: [readFlowPair(walk, 'flow-list-end')]});
    else items.push(readNode(walk, 'flow'));
  }
  return {kind: 'list', items};
}

function readFlowMapping(walk: Walk): Tree {
  walk.at++;
  const entries: Entry[] = [];
  while (!taken(walk, 'flow-mapping-end')) {
    if (entries.length > 0) {
      if (!taken(walk, 'comma')) throw fault(walk, '"," or "}"');
      if (taken(walk, 'flow-mapping-end')) break;
    }
    if (taken(walk, 'key')) entries.push(readFlowPair(walk, 'flow-mapping-end'));
    else entries.push({name: nameOf(readNode(walk, 'flow'), walk), value: nothing});
  }
  return {kind: 'mapping', entries};
}

function readFlowPair(walk: Walk, end: Token['kind']): Entry {
  const name = nameOf(readNode(walk, 'flow'), walk);
  if (!taken(walk, 'value')) throw fault(walk, '":"');
  return {name, value: isOneOf(walk, 'comma', end) ? nothing : readNode(walk, 'flow')};
}

function nameOf(tree: Tree, walk: Walk): string | undefined {
  if (tree.kind === 'mapping' || tree.kind === 'list') throw fault(walk, 'a key that is a text');
  if (tree.kind !== 'text') return undefined;
  if (tree.value === '<<') throw fault(walk, 'no merge key', 'unsupported-yaml');
  return tree.value;
}

function kind(walk: Walk): Token['kind'] {
  return walk.tokens[walk.at]?.kind ?? 'end';
}

function isOneOf(walk: Walk, ...kinds: readonly Token['kind'][]): boolean {
  return kinds.includes(kind(walk));
}

function taken(walk: Walk, wanted: Token['kind']): boolean {
  if (kind(walk) !== wanted) return false;
  walk.at++;
  return true;
}

function fault(walk: Walk, expected: string, reason: 'not-yaml' | 'unsupported-yaml' = 'not-yaml'): Refusal {
  const line = (walk.tokens[walk.at] ?? walk.tokens.at(-1))?.line ?? 0;
  return new Refusal(reason, `expected ${expected} in line ${line + 1}`);
}
