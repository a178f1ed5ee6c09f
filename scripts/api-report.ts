// The public surface of the library as a text that people read and reviews show: docs/api/*.md, one section for each
// entry of a package. A change of a name, a type or its words changes the text, so none goes unseen.
import {join} from 'node:path';
import {builtTarget, compilerProjects, reconcileOutput} from './build.ts';
import {runCommand} from './command.ts';
import {byLetters, createDeclarationReader, type Declaration, type ExportedName} from './declarations.ts';
import {readManifest, root} from './workspace.ts';

/** An entry of a package: the name users import and the declaration file behind it. */
export interface ApiEntry {
  readonly name: string;
  readonly file: string;
}

/** The text of docs/api/crypto.md. */
export const renderCryptoApi = (): Promise<string> => renderPackageApi('crypto');

/** The text of docs/api/wasm.md. */
export const renderWasmApi = (): Promise<string> => renderPackageApi('wasm');

async function renderPackageApi(folder: string): Promise<string> {
  await emitDeclarations(folder);
  const {name, exports} = readManifest(join(root, folder));
  const entries = Object.entries(exports ?? {}).map(([subpath, source]) => ({
    name: name + subpath.slice(1),
    file: join(root, 'dist', folder, builtTarget(source).types),
  }));
  return renderApi(name, entries);
}

async function emitDeclarations(folder: string): Promise<void> {
  const projects = compilerProjects(folder);
  const {code, output} = await runCommand('tsc', ['-b', ...projects], {quiet: true});
  if (code !== 0) throw new Error(`tsc -b ${folder} failed:\n${output.trimEnd()}`);
  // The compiler trusts its notes; when someone deleted outputs it has to be told.
  if (reconcileOutput(folder).length > 0) await runCommand('tsc', ['-b', '--force', ...projects], {quiet: true});
}

/** One page for the entries of a package. What several entries export is written out at the first. */
export function renderApi(packageName: string, entries: readonly ApiEntry[]): string {
  const reader = createDeclarationReader();
  const surfaces = entries.map(({name, file}) => ({name, exported: reader.exportsOf(file)}));
  const firstEntry = new Map<Declaration, string>();
  for (const {name, exported} of surfaces) {
    for (const {target} of exported) {
      if ('text' in target && !firstEntry.has(target)) firstEntry.set(target, name);
    }
  }
  const shown = new Set(firstEntry.keys());
  const sections = surfaces.map(({name, exported}) =>
    [
      `## \`${name}\``,
      exported.map(({exportedAs}) => `\`${exportedAs}\``).join(' · '),
      ...exported.map((one) => renderName(one, name, firstEntry)),
      ...renderUnexported(exported, shown),
    ].join('\n\n'),
  );
  return `${[heading(packageName), ...sections].join('\n\n')}\n`;
}

const heading = (name: string): string => `# API of \`${name}\`

Written by \`npm run generate\` from the declarations that the compiler emits; \`npm run check\` compares them. Later
releases may add to it; nothing in it is renamed.`;

function renderName(
  {exportedAs, target}: ExportedName,
  entry: string,
  firstEntry: ReadonlyMap<Declaration, string>,
): string {
  const title = `### ${exportedAs}`;
  if (!('text' in target)) return `${title}\n\n\`${target.name}\` of \`${target.from}\`.`;
  const first = firstEntry.get(target);
  if (first !== undefined && first !== entry) return `${title}\n\nAs in \`${first}\`.`;
  return `${title}\n\n${codeBlock(target.text)}`;
}

/** Types that the exported ones name and that no entry exports: part of the surface, though nobody can import them. */
function renderUnexported(exported: readonly ExportedName[], shown: Set<Declaration>): string[] {
  const reached: Declaration[] = [];
  const visit = (declaration: Declaration): void => {
    for (const next of declaration.named) {
      if (shown.has(next)) continue;
      shown.add(next);
      reached.push(next);
      visit(next);
    }
  };
  for (const {target} of exported) if ('text' in target) visit(target);
  if (reached.length === 0) return [];
  const texts = reached.toSorted((a, b) => byLetters(a.name, b.name)).map(({text}) => codeBlock(text));
  return ['### Named above, not exported', ...texts];
}

function codeBlock(text: string): string {
  return `\`\`\`ts\n${text}\n\`\`\``;
}
