// No clock, no randomness, no timer and nothing of the host inside the code that decides: time and random bytes are
// handed in. The check reads names in the syntax tree, so it also refuses a local variable of such a name: rename it.
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {identifierName, isNode, type Place, parseSource, type SyntaxNode, walk} from './syntax-tree.ts';
import {root, sourceFiles, type Violation} from './workspace.ts';

/** A folder whose code gets everything handed in. */
export interface PureFolder {
  readonly folder: string;
  /** Whether `Date` may turn a given number into text and back: still no clock, `new Date()` and `Date.now` stay out. */
  readonly datesOfGivenTime: boolean;
}

export const pureFolders: readonly PureFolder[] = [
  {folder: 'crypto', datesOfGivenTime: false},
  {folder: 'rotation', datesOfGivenTime: false},
  {folder: 'host-sim', datesOfGivenTime: true},
];

const impureNames: ReadonlyMap<string, string> = new Map([
  ...['Date', 'performance', 'Temporal', 'Intl'].map((name) => [name, 'reads the clock'] as const),
  ...['setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'clearImmediate', 'Atomics'].map(
    (name) => [name, 'is a timer'] as const,
  ),
  ...['queueMicrotask', 'process', 'fetch', 'navigator', 'require', 'Buffer'].map(
    (name) => [name, 'belongs to the host'] as const,
  ),
  ...['globalThis', 'eval', 'Function'].map((name) => [name, 'reaches everything else'] as const),
  ...['WeakRef', 'FinalizationRegistry'].map((name) => [name, 'shows when garbage is collected'] as const),
  ['crypto', 'is randomness of the host'],
]);

// Text encoding is a pure function that ECMAScript lacks; declaring it lets a folder use it without the DOM's types.
const declarable: ReadonlySet<string> = new Set(['TextEncoder', 'TextDecoder']);

/** The places where one source reads a clock, randomness, a timer or the host. */
export function checkPurity(file: string, source: string, folder: PureFolder): Violation[] {
  const tree = parseSource(file, source);
  const violations: Violation[] = [];
  walk(tree.program, (node, place) => {
    const message = impurity(node, place, folder);
    if (message !== undefined) violations.push({file, line: tree.lineAt(node.start), rule: 'purity', message});
  });
  return violations;
}

function impurity(node: SyntaxNode, place: Place, folder: PureFolder): string | undefined {
  const declared = ambientNames(node).filter((name) => !declarable.has(name));
  if (declared.length > 0) return `"declare ${declared.join(', ')}" smuggles in something of the host`;
  const name = identifierName(node);
  if (name === undefined || isLabel(place)) return undefined;
  if (name === 'Math') return mathImpurity(place);
  if (name === 'Date' && folder.datesOfGivenTime && givesTime(node, place)) return undefined;
  const reason = impureNames.get(name);
  return reason === undefined ? undefined : `${name} ${reason}; ${folder.folder} gets it handed in`;
}

/** Names that a `declare` statement outside a type brings into being. */
function ambientNames(node: SyntaxNode): string[] {
  if (node.declare !== true) return [];
  switch (node.type) {
    case 'VariableDeclaration':
      return (node.declarations as SyntaxNode[]).map((one) => identifierName(one.id) ?? 'pattern');
    case 'TSDeclareFunction':
    case 'ClassDeclaration':
    case 'TSModuleDeclaration':
      return [identifierName(node.id) ?? 'module'];
    default:
      return [];
  }
}

/** Whether the identifier only names a member, key or label, which is not a use of the global of that name. */
function isLabel({parent, field}: Place): boolean {
  if (parent === undefined) return false;
  switch (parent.type) {
    case 'MemberExpression':
      return field === 'property' && parent.computed !== true;
    case 'Property':
    case 'MethodDefinition':
    case 'PropertyDefinition':
    case 'AccessorProperty':
    case 'TSAbstractMethodDefinition':
    case 'TSAbstractPropertyDefinition':
    case 'TSPropertySignature':
    case 'TSMethodSignature':
      return field === 'key' && parent.computed !== true;
    case 'TSQualifiedName':
      return field === 'right';
    case 'ImportSpecifier':
      return field === 'imported' && identifierName(parent.local) !== identifierName(parent.imported);
    case 'ExportSpecifier':
      return field === 'exported';
    case 'LabeledStatement':
    case 'BreakStatement':
    case 'ContinueStatement':
      return field === 'label';
    case 'TSNamedTupleMember':
      return field === 'label';
    default:
      return false;
  }
}

function mathImpurity({parent, field}: Place): string | undefined {
  if (parent?.type === 'TSQualifiedName') return undefined;
  const plain = parent?.type === 'MemberExpression' && field === 'object' && parent.computed !== true;
  if (!plain) return 'Math may only be used as Math.<function>, so that Math.random cannot hide';
  return identifierName(parent.property) === 'random'
    ? 'Math.random is randomness; random bytes are handed in'
    : undefined;
}

/** `new Date(time)`, `Date.UTC`, `Date.parse` and the type `Date`: all of them say nothing about now. */
function givesTime(node: SyntaxNode, {parent, field}: Place): boolean {
  if (parent === undefined) return false;
  if (parent.type === 'TSTypeReference') return true;
  if (parent.type === 'NewExpression' && field === 'callee') {
    const first = (parent.arguments as SyntaxNode[])[0];
    return isNode(first) && first.type !== 'SpreadElement';
  }
  const member = parent.type === 'MemberExpression' && parent.object === node && parent.computed !== true;
  return member && ['UTC', 'parse'].includes(identifierName(parent.property) ?? '');
}

interface CompilerConfig {
  readonly compilerOptions?: {readonly lib?: readonly string[]; readonly types?: readonly string[]};
}

/** The compiler's part: a pure folder inherits `lib: ["es2023"]` and `types: []` and changes neither. */
export function checkCompilerScope(
  file: string,
  config: CompilerConfig,
  base: CompilerConfig | undefined,
): Violation | undefined {
  const lib = config.compilerOptions?.lib ?? base?.compilerOptions?.lib;
  const types = config.compilerOptions?.types ?? base?.compilerOptions?.types;
  if (lib?.length === 1 && lib[0] === 'es2023' && types?.length === 0) return undefined;
  return {file, line: 1, rule: 'compiler-scope', message: 'must compile with "lib": ["es2023"] and "types": []'};
}

/** All pure folders: their sources and their compiler settings. */
export function checkAllPurity(top: string = root): Violation[] {
  const base = readConfig(join(top, 'tsconfig.base.json'));
  return pureFolders.flatMap((folder) => {
    const file = `${folder.folder}/tsconfig.json`;
    const scope = checkCompilerScope(file, readConfig(join(top, file)), base);
    const sources = sourceFiles(`${folder.folder}/src`, top);
    const found = sources.flatMap((name) => checkPurity(name, readFileSync(join(top, name), 'utf8'), folder));
    return scope === undefined ? found : [scope, ...found];
  });
}

function readConfig(file: string): CompilerConfig {
  return JSON.parse(readFileSync(file, 'utf8')) as CompilerConfig;
}
