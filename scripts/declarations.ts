// What a package shows its users, read from the declarations that the compiler emitted: every exported name of an entry
// with the text of its declaration, wherever it stands, and what that text names in turn. It reads declaration files
// only: one statement per name, no inference left to do.
import {readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {identifierName, isNode, parseSource, type SourceComment, type SyntaxNode, walk} from './syntax-tree.ts';

/** A declared name: its file and text with the comment above it, and the declarations that the text names. */
export interface Declaration {
  readonly name: string;
  readonly file: string;
  readonly text: string;
  readonly named: readonly Declaration[];
}

/** A name that an entry passes on from another package. */
export interface ForeignName {
  readonly name: string;
  readonly from: string;
}

/** What an entry exports, sorted by the exported name. */
export type ExportedName = {readonly exportedAs: string; readonly target: Declaration | ForeignName};

/** Where a name leads: `name` in the module `from`, or this module's own `name` when there is no `from`. */
interface Link {
  readonly name: string;
  readonly from: string | undefined;
}

interface Module {
  readonly file: string;
  readonly texts: Map<string, string>;
  readonly nodes: Map<string, SyntaxNode[]>;
  readonly imports: Map<string, Link>;
  readonly exports: Map<string, Link>;
  readonly stars: string[];
}

/** Reads declaration files, each once. */
export interface DeclarationReader {
  /** @throws Error that names the file and what it could not follow */
  readonly exportsOf: (entry: string) => ExportedName[];
}

export function createDeclarationReader(): DeclarationReader {
  const modules = new Map<string, Module>();
  const declarations = new Map<string, Declaration>();

  function moduleOf(file: string): Module {
    const known = modules.get(file);
    if (known !== undefined) return known;
    const read = readModule(file, readFileSync(file, 'utf8'));
    modules.set(file, read);
    return read;
  }

  function resolveExport(file: string, name: string): Declaration | ForeignName | undefined {
    const module = moduleOf(file);
    const link = module.exports.get(name);
    if (link !== undefined) return follow(file, link);
    for (const star of module.stars) {
      const found = resolveExport(targetFile(file, star), name);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  function follow(file: string, {name, from}: Link): Declaration | ForeignName {
    if (from === undefined) return resolveLocal(file, name) ?? unresolved(file, name);
    if (!from.startsWith('.')) return {name, from};
    const target = targetFile(file, from);
    return resolveExport(target, name) ?? unresolved(target, name);
  }

  function resolveLocal(file: string, name: string): Declaration | ForeignName | undefined {
    const module = moduleOf(file);
    if (module.texts.has(name)) return declarationOf(module, name);
    const link = module.imports.get(name);
    return link === undefined ? undefined : follow(file, link);
  }

  function declarationOf(module: Module, name: string): Declaration {
    const id = `${module.file}#${name}`;
    const known = declarations.get(id);
    if (known !== undefined) return known;
    const named: Declaration[] = [];
    const made = {name, file: module.file, text: module.texts.get(name) ?? '', named};
    // Kept before its names are followed: types may name each other in a circle.
    declarations.set(id, made);
    for (const link of (module.nodes.get(name) ?? []).flatMap(namedTypes)) {
      const found = link.from === undefined ? resolveLocal(module.file, link.name) : follow(module.file, link);
      if (found !== undefined && 'text' in found && found !== made && !named.includes(found)) named.push(found);
    }
    return made;
  }

  function exportedNames(file: string): Set<string> {
    const {exports, stars} = moduleOf(file);
    const passedOn = stars.flatMap((star) => [...exportedNames(targetFile(file, star))]);
    return new Set([...exports.keys(), ...passedOn]);
  }

  return {
    exportsOf: (entry) =>
      [...exportedNames(entry)].toSorted(byLetters).map((exportedAs) => ({
        exportedAs,
        target: resolveExport(entry, exportedAs) ?? unresolved(entry, exportedAs),
      })),
  };
}

/** Order of names that no locale changes: by letters first, upper case before lower where only that differs. */
export function byLetters(a: string, b: string): number {
  const [x, y] = [a.toLowerCase(), b.toLowerCase()];
  if (x !== y) return x < y ? -1 : 1;
  return a < b ? -1 : Number(a > b);
}

function unresolved(file: string, name: string): never {
  throw new Error(`${file}: expected a declaration of ${name}, found none`);
}

function targetFile(file: string, specifier: string): string {
  return join(dirname(file), specifier.replace(/\.(?:ts|js)$/, '.d.ts'));
}

function readModule(file: string, source: string): Module {
  const {program, comments} = parseSource(file, source);
  const module: Module = {file, texts: new Map(), nodes: new Map(), imports: new Map(), exports: new Map(), stars: []};
  for (const statement of childNodes(program, 'body')) {
    const from = isNode(statement.source) ? String(statement.source.value) : undefined;
    switch (statement.type) {
      case 'ImportDeclaration':
        addImports(module, statement, from);
        break;
      case 'ExportAllDeclaration':
        if (statement.exported !== null) throw new Error(`${file}: export * as a name is not followed`);
        if (from === undefined || !from.startsWith('.'))
          throw new Error(`${file}: export * of a package is not followed`);
        module.stars.push(from);
        break;
      case 'ExportNamedDeclaration':
        if (isNode(statement.declaration)) addDeclaration(module, statement, textOf(source, comments, statement));
        for (const one of childNodes(statement, 'specifiers')) {
          module.exports.set(wordOf(one.exported), {name: wordOf(one.local), from});
        }
        break;
      default:
        addDeclaration(module, statement, textOf(source, comments, statement));
    }
  }
  return module;
}

function addImports({imports, file}: Module, statement: SyntaxNode, from: string | undefined): void {
  for (const one of childNodes(statement, 'specifiers')) {
    if (one.type !== 'ImportSpecifier') throw new Error(`${file}: only imports by name are followed`);
    imports.set(wordOf(one.local), {name: wordOf(one.imported), from});
  }
}

/** Adds what a statement declares; overloads and merged interfaces stand one after another. */
function addDeclaration({texts, nodes, exports}: Module, statement: SyntaxNode, text: string): void {
  const declaration = isNode(statement.declaration) ? statement.declaration : statement;
  const declared = [declaration, ...childNodes(declaration, 'declarations')];
  for (const name of declared.map(({id}) => identifierName(id))) {
    if (name === undefined) continue;
    const before = texts.get(name);
    texts.set(name, before === undefined ? text : `${before}\n${text}`);
    nodes.set(name, [...(nodes.get(name) ?? []), declaration]);
    if (declaration !== statement) exports.set(name, {name, from: undefined});
  }
}

/** A statement as a reader wants it: its comment, no `export declare`, no private parts, two spaces a level. */
function textOf(source: string, comments: readonly SourceComment[], {start, end}: SyntaxNode): string {
  const above = comments.findLast((one) => one.start < start && one.text.startsWith('*'));
  const gap = above === undefined ? 'none' : source.slice(above.start + above.text.length + 4, start);
  const comment = above !== undefined && gap.trim() === '' ? `/*${above.text}*/\n` : '';
  const code = source.slice(start, end).replace(/^(?:export )?(?:declare )?/, '');
  return (comment + code)
    .split('\n')
    .filter((line) => line.trim() !== '#private;')
    .map((line) => line.replace(/^(?: {4})+/, (indent) => indent.slice(indent.length / 2)))
    .join('\n');
}

const namingParents = new Set(['TSTypeReference', 'TSTypeQuery', 'TSInterfaceHeritage', 'TSClassImplements']);

/** The types, classes and symbols that a declaration names. */
function namedTypes(declaration: SyntaxNode): Link[] {
  const links: Link[] = [];
  walk(declaration, (node, {parent, field}) => {
    if (node.type === 'TSImportType' && isNode(node.source)) {
      const name = identifierName(node.qualifier);
      if (name !== undefined) links.push({name, from: String(node.source.value)});
    }
    const name = identifierName(node);
    if (name === undefined || parent === undefined) return;
    const isComputedKey = field === 'key' && parent.computed === true;
    if (namingParents.has(parent.type) || field === 'superClass' || isComputedKey) links.push({name, from: undefined});
  });
  return links;
}

function childNodes(node: SyntaxNode, field: string): SyntaxNode[] {
  const value = node[field];
  return Array.isArray(value) ? value.filter(isNode) : [];
}

/** The name of a specifier's side, which may be written as a string. */
function wordOf(value: unknown): string {
  return identifierName(value) ?? (isNode(value) ? String(value.value) : '');
}
