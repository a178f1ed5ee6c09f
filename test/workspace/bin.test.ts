// The program's door under an old Node, with and without the pinned one, and what it passes on.
import {type ChildProcess, spawn} from 'node:child_process';
import {cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {readManifest, root} from '../../scripts/workspace.ts';

// Runs before the program and makes it believe that it runs under an old Node; the pinned Node does not inherit it.
const pretendOldNode = `data:text/javascript,${encodeURIComponent(
  "Object.defineProperty(process, 'versions', {value: {...process.versions, node: '20.19.5'}});",
)}`;
const mainSource = `export async function main(args) {
  if (args[0] === 'wait') {
    process.once('SIGTERM', () => process.exit(43));
    console.log('waiting');
    await new Promise((resolve) => setTimeout(resolve, 20_000));
  }
  console.log(JSON.stringify({args, node: process.versions.node}));
  return args.length;
}
`;

let folder: string;
let bin: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bin-'));
  bin = join(folder, 'package', 'bin', 'etcd-encryption-manager.js');
  mkdirSync(join(folder, 'package', 'src'), {recursive: true});
  cpSync(join(root, 'cli', 'bin'), join(folder, 'package', 'bin'), {recursive: true});
  writeFileSync(join(folder, 'package', 'package.json'), '{"type": "module"}');
  writeFileSync(join(folder, 'package', 'src', 'index.js'), mainSource);
});

afterEach(() => rmSync(folder, {recursive: true}));

function pinNode(): void {
  const pinned = join(folder, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin');
  mkdirSync(pinned, {recursive: true});
  symlinkSync(process.execPath, join(pinned, 'node'));
}

function start(args: readonly string[], nodeArgs: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [...nodeArgs, bin, ...args], {env: {...process.env, ...env}});
  return {child, ended: collect(child)};
}

async function collect(child: ChildProcess): Promise<{code: number | null; out: string; err: string}> {
  const texts = {out: '', err: ''};
  child.stdout?.on('data', (chunk: Buffer) => {
    texts.out += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    texts.err += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return {code, ...texts};
}

test('a new enough Node ⇒ main gets the arguments and its number is the exit code', async () => {
  const {code, out} = await start(['a', 'b c']).ended;
  expect({code, ...JSON.parse(out)}).toEqual({code: 2, args: ['a', 'b c'], node: process.versions.node});
});

test('an old Node and no pinned one ⇒ a message with both versions, exit code 1', async () => {
  const {code, out, err} = await start(['a'], ['--import', pretendOldNode]).ended;
  expect({code, out}).toEqual({code: 1, out: ''});
  expect(err).toMatch(/^etcd-encryption-manager needs Node 22\.19\.0 or newer; this is Node 20\.19\.5 \(.+\)\n$/);
});

test('an old Node and a pinned one above ⇒ the pinned one runs it, with arguments and exit code', async () => {
  pinNode();
  const {code, out} = await start(['a', 'b', 'c'], ['--import', pretendOldNode]).ended;
  expect({code, ...JSON.parse(out)}).toEqual({code: 3, args: ['a', 'b', 'c'], node: process.versions.node});
});

test('a pinned Node that is too old itself ⇒ a message, not a circle', async () => {
  pinNode();
  const {code, err} = await start([], [], {NODE_OPTIONS: `--import=${pretendOldNode}`}).ended;
  expect(code).toBe(1);
  expect(err).toContain('needs Node 22.19.0 or newer; this is Node 20.19.5');
});

test('a signal while the pinned Node runs ⇒ reaches it, and its exit code comes back', async () => {
  pinNode();
  const {child, ended} = start(['wait'], ['--import', pretendOldNode]);
  await new Promise((resolve) => child.stdout.once('data', resolve));
  child.kill('SIGTERM');
  expect((await ended).code).toBe(43);
});

test('the version it asks for ⇒ is the one its package.json names', async () => {
  expect(readManifest(join(root, 'cli')).engines).toEqual({node: '>=22.19'});
});
