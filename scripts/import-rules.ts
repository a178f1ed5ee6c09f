// Which folder may import what: docs/architecture.md's table "may import" as data, and the check that holds it.
// A type-only import counts: what a package's types name, its users must install.
import {readFileSync} from 'node:fs';
import {isBuiltin} from 'node:module';
import {join, posix} from 'node:path';
import {isNode, parseSource, type SyntaxNode, walk} from './syntax-tree.ts';
import {
  declaredDependencies,
  type Manifest,
  readManifest,
  root,
  sourceFiles,
  type Violation,
  type WorkspacePackage,
} from './workspace.ts';

/** One row of the table. */
export interface FolderRule {
  readonly folder: string;
  /** Workspace packages it may import. */
  readonly packages: readonly string[] | 'all';
  /** Packages from npm: the listed ones, or every one its package.json declares. */
  readonly external: readonly string[] | 'declared';
  /** Whether Node's built-in modules are open to it. */
  readonly builtins: boolean;
  /** Built-in modules that files below one of these paths may import although they are closed to the folder. */
  readonly builtinsBelow?: Readonly<Record<string, readonly string[]>>;
  /** Whether relative imports may leave the folder: tests look into every folder. */
  readonly reachesOut: boolean;
  /** Packages that only files below one of these paths may import. */
  readonly onlyBelow?: Readonly<Record<string, readonly string[]>>;
  /** Packages that files below a path may not import. */
  readonly neverBelow?: Readonly<Record<string, readonly string[]>>;
}

const crypto = '@etcd-encryption/crypto';
const wasm = '@etcd-encryption/wasm';
const rotation = '@etcd-encryption/rotation';
const closed = {external: [], builtins: false, reachesOut: false} as const;
const open = {packages: 'all', external: 'declared', builtins: true, reachesOut: false} as const;

export const folderRules: readonly FolderRule[] = [
  {
    ...closed,
    folder: 'crypto',
    packages: [],
    external: ['@noble/ciphers', '@noble/hashes', 'yaml'],
    onlyBelow: {yaml: ['crypto/src/encryption-configuration/']},
    builtinsBelow: {'node:crypto': ['crypto/src/node/']},
  },
  {
    ...closed,
    folder: 'wasm',
    packages: [crypto],
    external: ['assemblyscript'],
    onlyBelow: {assemblyscript: ['wasm/scripts/']},
  },
  {...closed, folder: 'rotation', packages: [crypto]},
  {...closed, folder: 'host-sim', packages: [rotation, crypto, wasm], external: ['croner']},
  {
    ...open,
    folder: 'host-k8s',
    packages: [rotation, crypto],
    neverBelow: {'host-k8s/src/snapshot/': ['@kubernetes/client-node', 'undici']},
  },
  {...open, folder: 'cli'},
  {...open, folder: 'bench', reachesOut: true},
  {...open, folder: 'test', reachesOut: true},
  {...open, folder: 'scripts', reachesOut: true},
];

/** One import, export-from, dynamic import, require or import type. */
export interface ImportSite {
  /** The module's name; undefined when it is computed. */
  readonly specifier: string | undefined;
  readonly line: number;
}

/** Every place where a source names another module. */
export function scanImports(file: string, source: string): ImportSite[] {
  const tree = parseSource(file, source);
  const sites: ImportSite[] = [];
  walk(tree.program, (node) => {
    const named = moduleOperand(node);
    if (named === undefined) return;
    const literal = isNode(named) && named.type === 'Literal' && typeof named.value === 'string';
    sites.push({specifier: literal ? String(named.value) : undefined, line: tree.lineAt(node.start)});
  });
  for (const comment of tree.comments) {
    const types = /^\/\s*<reference\s+(?:types|path|lib)\s*=\s*["']([^"']+)["']/.exec(comment.text);
    if (types?.[1] !== undefined) sites.push({specifier: `reference:${types[1]}`, line: tree.lineAt(comment.start)});
  }
  return sites.toSorted((a, b) => a.line - b.line);
}

function moduleOperand(node: SyntaxNode): unknown {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportAllDeclaration':
    case 'ImportExpression':
    case 'TSImportType':
      return node.source;
    case 'ExportNamedDeclaration':
      return node.source ?? undefined;
    case 'TSExternalModuleReference':
      return node.expression;
    case 'CallExpression': {
      const callee = node.callee;
      const isRequire = isNode(callee) && callee.type === 'Identifier' && callee.name === 'require';
      return isRequire ? (node.arguments as unknown[])[0] : undefined;
    }
    default:
      return undefined;
  }
}

/** The facts the rules need beside the source: who is in the workspace and what the folder's package.json declares. */
export interface ImportContext {
  readonly rule: FolderRule;
  readonly workspaceNames: ReadonlySet<string>;
  readonly ownName: string | undefined;
  readonly declared: ReadonlySet<string>;
}

/** The imports of one file that break its folder's row. */
export function checkImports(file: string, source: string, context: ImportContext): Violation[] {
  return scanImports(file, source).flatMap(({specifier, line}) => {
    const broken = judgeImport(file, specifier, context);
    return broken === undefined ? [] : [{file, line, ...broken}];
  });
}

type Judgement = Pick<Violation, 'rule' | 'message'> | undefined;

function judgeImport(file: string, specifier: string | undefined, context: ImportContext): Judgement {
  const {rule} = context;
  if (specifier === undefined) {
    if (rule.builtins) return undefined;
    return {rule: 'computed-import', message: `${rule.folder} may only import modules by a literal name`};
  }
  if (specifier.startsWith('reference:')) {
    return {rule: 'reference-comment', message: 'types come from tsconfig.json, not from a reference comment'};
  }
  if (/^\.{0,2}\//.test(specifier) || specifier === '.' || specifier === '..') {
    return judgeRelative(file, specifier, rule);
  }
  if (isBuiltin(specifier)) {
    const opened = rule.builtinsBelow?.[specifier]?.some((place) => file.startsWith(place)) ?? false;
    if (rule.builtins || opened) return undefined;
    return {rule: 'no-builtin', message: `${rule.folder} may not import Node's "${specifier}"`};
  }
  return judgePackage(file, packageName(specifier), context);
}

function judgeRelative(file: string, specifier: string, rule: FolderRule): Judgement {
  if (!/\.(ts|json)$/.test(specifier)) {
    return {rule: 'import-extension', message: `"${specifier}" must name the source file with its .ts extension`};
  }
  const target = posix.join(posix.dirname(file), specifier);
  if (rule.reachesOut || target.startsWith(`${rule.folder}/`)) return undefined;
  return {rule: 'leaves-folder', message: `"${specifier}" leaves ${rule.folder}; import the package by its name`};
}

function judgePackage(file: string, name: string, context: ImportContext): Judgement {
  const {rule, workspaceNames, ownName, declared} = context;
  if (name === ownName) return undefined;
  const list = workspaceNames.has(name) || name.startsWith('@etcd-encryption/') ? rule.packages : rule.external;
  if (typeof list !== 'string' && !list.includes(name)) {
    const allowed = list.length === 0 ? 'none' : list.join(', ');
    return {rule: 'not-allowed', message: `${rule.folder} may not import "${name}" (allowed: ${allowed})`};
  }
  const places = rule.onlyBelow?.[name];
  if (places !== undefined && !places.some((place) => file.startsWith(place))) {
    return {rule: 'only-below', message: `"${name}" may only be imported below ${places.join(', ')}`};
  }
  for (const [place, names] of Object.entries(rule.neverBelow ?? {})) {
    if (file.startsWith(place) && names.includes(name)) {
      return {rule: 'never-below', message: `"${name}" may not be imported below ${place}`};
    }
  }
  if (declared.has(name)) return undefined;
  return {rule: 'undeclared', message: `"${name}" is not a dependency in ${rule.folder}'s package.json`};
}

function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** The whole repository against the table. */
export function checkAllImports(packages: readonly WorkspacePackage[], top: string = root): Violation[] {
  const workspaceNames = new Set(packages.map(({manifest}) => manifest.name));
  const rootManifest = readManifest(top);
  const violations: Violation[] = packages
    .filter(({folder}) => !folderRules.some((rule) => rule.folder === folder))
    .map(({folder}) => ({
      file: `${folder}/package.json`,
      line: 1,
      rule: 'no-row',
      message: `scripts/import-rules.ts has no row for ${folder}`,
    }));
  for (const rule of folderRules) {
    const manifest = packages.find(({folder}) => folder === rule.folder)?.manifest;
    const context = {
      rule,
      workspaceNames,
      ownName: manifest?.name,
      declared: declaredFor(rule, manifest, rootManifest),
    };
    for (const file of sourceFiles(rule.folder, top).filter((name) => !name.startsWith('wasm/assembly/'))) {
      violations.push(...checkImports(file, readFileSync(join(top, file), 'utf8'), context));
    }
  }
  return violations;
}

// Tests, benchmarks and scripts are never installed elsewhere, so the tools of the root package.json are theirs too.
function declaredFor(rule: FolderRule, manifest: Manifest | undefined, rootManifest: Manifest): Set<string> {
  const own = manifest === undefined ? new Set<string>() : declaredDependencies(manifest);
  return rule.reachesOut ? own.union(declaredDependencies(rootManifest)) : own;
}
