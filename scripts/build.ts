// `npm run build`: writes dist/<package>/ for every package that is published: JavaScript, declarations and a
// package.json whose exports name them. Only these folders are ever packed.
import {chmodSync, cpSync, existsSync, globSync, mkdirSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {endProgramsOnSignal, runCommand} from './command.ts';
import {type Manifest, readPackages, root, type WorkspacePackage} from './workspace.ts';

/** Folders of a package that are shipped as they are, when they exist. */
const dataFolders = ['bin', 'crd', 'chart', 'rehearsals'] as const;

interface ExportTarget {
  readonly types: string;
  readonly default: string;
}

/** Where an export of a source file leads once it is built. */
export function builtTarget(source: string): ExportTarget {
  if (!source.startsWith('./src/') || !source.endsWith('.ts')) {
    throw new RangeError(`An export must name a file like ./src/index.ts, got ${source}`);
  }
  const stem = source.slice(0, -'.ts'.length);
  return {types: `${stem}.d.ts`, default: `${stem}.js`};
}

/** The package.json of a built package. Versions of other workspace packages stay exact. */
export function builtManifest(manifest: Manifest, files: readonly string[]): Record<string, unknown> {
  const {name, version, description, license, engines, sideEffects, bin, exports, dependencies} = manifest;
  const rewritten = Object.entries(exports ?? {}).map(([subpath, source]) => [subpath, builtTarget(source)]);
  return {
    name,
    version,
    description,
    license,
    type: 'module',
    engines,
    sideEffects,
    bin,
    exports: {...Object.fromEntries(rewritten), './package.json': './package.json'},
    files,
    dependencies,
  };
}

/** The packages that are published, hence built. */
export function publishedPackages(): WorkspacePackage[] {
  return readPackages().filter(({manifest}) => manifest.private !== true);
}

/** Whether every source that a package exports is there; a folder without them is not a package yet. */
export function hasSources({folder, manifest}: WorkspacePackage): boolean {
  return Object.values(manifest.exports ?? {}).every((source) => existsSync(join(root, folder, source)));
}

/** Completes dist/<package>/ around the compiler's output and returns that folder. */
export function writePackage({folder, manifest}: WorkspacePackage): string {
  const target = join(root, 'dist', folder);
  mkdirSync(target, {recursive: true});
  const data = dataFolders.filter((name) => existsSync(join(root, folder, name)));
  for (const name of dataFolders) rmSync(join(target, name), {recursive: true, force: true});
  for (const name of data) cpSync(join(root, folder, name), join(target, name), {recursive: true});
  for (const file of Object.values(manifest.bin ?? {})) chmodSync(join(target, file), 0o755);
  const readme = [join(root, folder, 'README.md'), join(root, 'README.md')].find((file) => existsSync(file));
  if (readme !== undefined) cpSync(readme, join(target, 'README.md'));
  cpSync(join(root, 'LICENSE'), join(target, 'LICENSE'));
  const files = ['src/**/*.js', 'src/**/*.js.map', 'src/**/*.d.ts', ...data];
  writeFileSync(join(target, 'package.json'), `${JSON.stringify(builtManifest(manifest, files), undefined, 2)}\n`);
  return target;
}

/** Removes outputs whose source is gone and returns the sources whose output is missing. */
export function reconcileOutput(folder: string): string[] {
  const target = join(root, 'dist', folder, 'src');
  const stems = new Set(globSync('**/*.ts', {cwd: join(root, folder, 'src')}).map((file) => file.slice(0, -3)));
  for (const file of globSync('**/*', {cwd: target})) {
    const path = join(target, file);
    if (statSync(path).isFile() && !stems.has(file.replace(/(\.d\.ts|\.js|\.js\.map)$/, ''))) rmSync(path);
  }
  return [...stems].filter((stem) => !existsSync(join(target, `${stem}.js`)));
}

/**
 * The compiler projects of a package: its own, and those of folders below `src/` that know other types than the rest.
 * All of them write into one output.
 */
export function compilerProjects(folder: string): string[] {
  const inner = globSync(`${folder}/src/**/tsconfig.json`, {cwd: root}).toSorted();
  return [folder, ...inner.map((file) => dirname(file))];
}

/** Builds every published package and returns their folders; undefined when the compiler refuses. */
export async function build(): Promise<string[] | undefined> {
  const packages = publishedPackages().filter(hasSources);
  const projects = packages.flatMap(({folder}) => compilerProjects(folder));
  if ((await runCommand('tsc', ['-b', ...projects])).code !== 0) return undefined;
  // The compiler trusts its notes; when someone deleted outputs it has to be told.
  const missing = packages.flatMap(({folder}) => reconcileOutput(folder));
  if (missing.length > 0 && (await runCommand('tsc', ['-b', '--force', ...projects])).code !== 0) return undefined;
  return packages.map(writePackage);
}

if (import.meta.main) {
  endProgramsOnSignal();
  const folders = await build();
  for (const folder of folders ?? []) console.log(`built ${folder}`);
  for (const one of publishedPackages()) {
    if (!hasSources(one)) console.log(`not built: ${one.folder} lacks a source that its package.json exports`);
  }
  process.exitCode = folders === undefined ? 1 : 0;
}
