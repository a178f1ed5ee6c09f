// What the workspace consists of: its root, its packages as their package.json files state them, and their source files.
import {globSync, readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

/** The repository's top folder. */
export const root: string = dirname(dirname(fileURLToPath(import.meta.url)));

/** The parts of a package.json that the workspace's tools read. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly description?: string;
  readonly license?: string;
  readonly engines?: {readonly node?: string};
  readonly sideEffects?: boolean | readonly string[];
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, string>>;
  readonly workspaces?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** One npm workspace: its folder below the root and its package.json. */
export interface WorkspacePackage {
  readonly folder: string;
  readonly manifest: Manifest;
}

/** A broken rule at a place, as `npm run check` prints it. */
export interface Violation {
  readonly file: string;
  readonly line: number;
  readonly rule: string;
  readonly message: string;
}

export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

/** Every workspace named by the root package.json, in its order. */
export function readPackages(top: string = root): WorkspacePackage[] {
  const folders = readManifest(top).workspaces ?? [];
  return folders.map((folder) => ({folder, manifest: readManifest(join(top, folder))}));
}

/** The names of all dependencies a package.json declares, of any kind. */
export function declaredDependencies(manifest: Manifest): Set<string> {
  const kinds = [
    manifest.dependencies,
    manifest.devDependencies,
    manifest.optionalDependencies,
    manifest.peerDependencies,
  ];
  return new Set(kinds.flatMap((kind) => Object.keys(kind ?? {})));
}

/** The TypeScript files below a folder, relative to `top`, sorted. */
export function sourceFiles(folder: string, top: string = root): string[] {
  const found = globSync(`${folder}/**/*.{ts,mts,cts,tsx}`, {cwd: top, exclude: ['**/node_modules/**', '**/dist/**']});
  return found.toSorted();
}

export function formatViolation({file, line, rule, message}: Violation): string {
  return `${file}:${line} ${rule}: ${message}`;
}
