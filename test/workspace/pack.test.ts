// What is published: every package is built, packed, checked by publint and attw, and installed from its tarball into
// an empty project, where its exports load under Node, its types under the strict compiler, and the examples of its own
// README print what stands there.
import {createHmac} from 'node:crypto';
import {existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {transform} from 'esbuild';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {build, hasSources, publishedPackages} from '../../scripts/build.ts';
import {type CommandOptions, runCommand} from '../../scripts/command.ts';
import {pureFolders} from '../../scripts/purity-rules.ts';
import {type Manifest, readManifest, root} from '../../scripts/workspace.ts';
import {findNode, readExamples} from './readme-examples.ts';

interface Packed {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly tarball: string;
  readonly files: readonly string[];
}

const installMs = 300_000;
const packages = publishedPackages().filter(hasSources);
let work: string;
let project: string;
const packed = new Map<string, Packed>();

/** Runs a program that has to succeed and returns what it wrote. */
async function run(command: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const {code, output} = await runCommand(command, args, {...options, quiet: true});
  expect(code, `${command} ${args.join(' ')}\n${output}`).toBe(0);
  return output;
}

function packedOf(name: string): Packed {
  const found = packed.get(name);
  if (found === undefined) throw new RangeError(`${name} was not packed`);
  return found;
}

async function pack(folder: string): Promise<Packed> {
  const output = await run('npm', ['pack', '--json', '--pack-destination', work], {cwd: folder});
  const report = JSON.parse(output) as unknown;
  const entries = (Array.isArray(report) ? report : Object.values(report as object)) as {
    readonly filename: string;
    readonly files: readonly {readonly path: string}[];
  }[];
  const entry = entries[0];
  if (entry === undefined) throw new RangeError(`npm pack packed nothing in ${folder}`);
  const files = entry.files.map(({path}) => path);
  return {folder, manifest: readManifest(folder), tarball: join(work, entry.filename), files};
}

/** The names under which users import a package: `@etcd-encryption/crypto/stored-value` and the like. */
function importNames({manifest}: {readonly manifest: Manifest}): string[] {
  return Object.keys(manifest.exports ?? {}).map((subpath) => manifest.name + subpath.slice(1));
}

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'pack-'));
  project = join(work, 'project');
  mkdirSync(project);
  const folders = await build();
  if (folders === undefined) throw new Error('npm run build failed, see the messages of the compiler');
  for (const folder of folders) {
    const one = await pack(folder);
    packed.set(one.manifest.name, one);
  }
  writeFileSync(
    join(project, 'package.json'),
    '{"name": "user", "version": "1.0.0", "private": true, "type": "module"}',
  );
  const tarballs = [...packed.values()].map(({tarball}) => tarball);
  const nodeTypes = `@types/node@${readManifest(root).devDependencies?.['@types/node']}`;
  await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', nodeTypes, ...tarballs], {cwd: project});
}, installMs);

afterAll(() => rmSync(work, {recursive: true, force: true}));

test('the workspace ⇒ packs every package whose sources are there, crypto and rotation among them', () => {
  expect([...packed.keys()].toSorted()).toEqual(packages.map(({manifest}) => manifest.name).toSorted());
  expect([...packed.keys()]).toEqual(expect.arrayContaining(['@etcd-encryption/crypto', '@etcd-encryption/rotation']));
});

describe.each(packages.map((one) => [one.manifest.name, one] as const))('%s', (name, source) => {
  test('packed ⇒ holds JavaScript, declarations, licence and no TypeScript source', () => {
    const {files} = packedOf(name);
    expect(files).toEqual(expect.arrayContaining(['package.json', 'LICENSE', 'src/index.js', 'src/index.d.ts']));
    expect(files.filter((file) => /(?<!\.d)\.ts$|tsbuildinfo|\.test\./.test(file))).toEqual([]);
  });

  test('its built package.json ⇒ keeps exact versions and exports the same subpaths', () => {
    const {manifest} = packedOf(name);
    expect(manifest.dependencies).toEqual(source.manifest.dependencies);
    expect(Object.keys(manifest.exports ?? {})).toEqual([
      ...Object.keys(source.manifest.exports ?? {}),
      './package.json',
    ]);
  });

  test('publint ⇒ finds nothing to say', async () => {
    const output = await run('publint', ['run', packedOf(name).tarball, '--strict']);
    expect(output).toContain('All good!');
  });

  test('attw ⇒ finds the types where users of ES modules look for them', async () => {
    await run('attw', [packedOf(name).tarball, '--profile', 'esm-only']);
  });

  test('installed ⇒ every export loads under Node', async () => {
    const names = importNames(source);
    const script = names.map((one) => `console.log(Object.keys(await import('${one}')).length > 0)`).join('\n');
    writeFileSync(join(project, 'load.js'), script);
    const output = await run('node', ['load.js'], {cwd: project});
    expect(output.trim().split('\n')).toEqual(names.map(() => 'true'));
  });
});

describe.each([
  // Packages that run anywhere are compiled without Node's types, and their declarations are checked to the last one.
  {where: 'everywhere', pure: true, types: [], skipLibCheck: false},
  {where: 'under Node', pure: false, types: ['node'], skipLibCheck: true},
])('packages that run $where', ({where, pure, types, skipLibCheck}) => {
  test('installed ⇒ the types of every export hold under the strict compiler', async () => {
    const names = packages
      .filter(({folder}) => pureFolders.some((one) => one.folder === folder) === pure)
      .flatMap(importNames);
    const lines = names.map((name, at) => `import * as m${at} from '${name}';\nexport type T${at} = typeof m${at};`);
    const file = `types-${where.replace(' ', '-')}.ts`;
    writeFileSync(join(project, file), ['export {};', ...lines].join('\n'));
    await checkTypes([file], {types, skipLibCheck});
  });
});

const language = {module: 'nodenext', target: 'es2024', lib: ['es2024'], strict: true, noEmit: true};

/** Compiles files of the project under the strict compiler; throws with its words when one does not hold. */
async function checkTypes(
  files: readonly string[],
  options: {readonly types: readonly string[]; readonly skipLibCheck: boolean},
) {
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({compilerOptions: {...language, ...options}, files}));
  await run('tsc', ['-p', '.'], {cwd: project});
}

/** Node of the oldest major version that the packages run under. */
const oldNode = findNode({major: 20, minor: 19});
const nodes = [
  {program: process.execPath, version: process.versions.node},
  ...(oldNode === undefined ? [] : [oldNode]),
];
const documented = packages
  .map(({folder, manifest}) => ({name: manifest.name, folder, readme: join(root, folder, 'README.md')}))
  .filter(({readme}) => existsSync(readme))
  .map((one) => ({...one, examples: readExamples(one.readme, readFileSync(one.readme, 'utf8'))}));

describe.each(documented)('the README of $name', ({folder, examples}) => {
  const fileOf = (line: number): string => `${folder}-readme-${line}`;

  test('its examples ⇒ hold under the strict compiler', async () => {
    expect(examples).not.toEqual([]);
    for (const {line, source} of examples) writeFileSync(join(project, `${fileOf(line)}.ts`), source);
    await checkTypes(
      examples.map(({line}) => `${fileOf(line)}.ts`),
      {types: ['node'], skipLibCheck: true},
    );
  });

  test.each(nodes)('its examples under Node $version ⇒ print what stands there', async ({program}) => {
    for (const {line, source, output} of examples) {
      const file = `${fileOf(line)}.js`;
      writeFileSync(join(project, file), (await transform(source, {loader: 'ts'})).code);
      expect(await run(program, [file], {cwd: project, env: {FORCE_COLOR: '0'}}), `line ${line}`).toBe(output);
    }
  });
});

if (oldNode === undefined) test.skip('no Node from 20.19 to 20 on PATH ⇒ the examples were not run under it');

test('installed ⇒ crypto names a key as an independent HMAC says', async () => {
  const key = Uint8Array.from({length: 32}, (_, index) => index);
  const check = createHmac('sha512', key).update('etcd-encryption/key-check/v1').digest('hex').slice(0, 8);
  const script = `import {keyName, parseKeyName} from '@etcd-encryption/crypto';
    const name = keyName(3, Uint8Array.from({length: 32}, (_, index) => index));
    console.log(JSON.stringify({name, parsed: parseKeyName(name)}));`;
  writeFileSync(join(project, 'name.js'), script);
  expect(JSON.parse(await run('node', ['name.js'], {cwd: project}))).toEqual({
    name: `r3-${check}`,
    parsed: {revision: 3, checkPrefix: check},
  });
});

test('installed ⇒ every program of a package answers --version with its version', async () => {
  for (const {manifest} of packages) {
    for (const name of Object.keys(manifest.bin ?? {})) {
      const output = await run(join(project, 'node_modules', '.bin', name), ['--version'], {cwd: project});
      expect(output.trim()).toBe(manifest.version);
    }
  }
});

test('installed ⇒ the command names the ready rehearsals and plays one of them by its name', async () => {
  const command = join(project, 'node_modules', '.bin', 'etcd-encryption-manager');
  const listed = await run(command, ['rehearse', '--list'], {cwd: project});
  const files = readdirSync(join(root, 'cli', 'rehearsals')).map((file) => file.replace(/\.yaml$/, ''));
  expect(listed.split('\n').filter((line) => /^[a-z]/.test(line))).toEqual(files.toSorted());
  const played = await run(command, ['rehearse', 'busy-writers', '--seed', '1', '--json'], {cwd: project});
  expect(JSON.parse(played.trim().split('\n').at(-1) ?? '')).toMatchObject({seeds: 1, violations: 0, vacuous: 0});
}, 300_000);

test('installed ⇒ holds one copy of each package, from the tarballs', () => {
  const scope = readdirSync(join(project, 'node_modules', '@etcd-encryption'));
  const scoped = packages.map(({manifest}) => manifest.name).filter((name) => name.startsWith('@'));
  expect(scope.toSorted()).toEqual(scoped.map((name) => name.split('/')[1]).toSorted());
});
