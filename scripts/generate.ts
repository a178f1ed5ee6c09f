// Files of the repository that are written by a program: `npm run generate` writes them, `--check` compares them.
import {existsSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {root, type Violation} from './workspace.ts';

/** One generated file: its path below the root and how its whole text is made. Equal sources make equal bytes. */
export interface GeneratedFile {
  readonly file: string;
  readonly make: () => Promise<string>;
}

/** A generated file whose text is what an exported function of a source module returns. */
interface ModuleOutput {
  readonly file: string;
  /** The source module, below the root; when it does not exist, the file is not listed. */
  readonly source: string;
  /** The name of the module's exported function `() => string | Promise<string>`. */
  readonly call: string;
}

// To register a file, add a line here.
const moduleOutputs: readonly ModuleOutput[] = [
  {file: 'host-k8s/crd/etcdencryptionconfigs.yaml', source: 'host-k8s/src/crd/render.ts', call: 'renderConfigCrd'},
  {file: 'host-k8s/crd/etcdencryptionkeys.yaml', source: 'host-k8s/src/crd/render.ts', call: 'renderKeyCrd'},
  {file: 'host-k8s/crd/etcdencryptionnodes.yaml', source: 'host-k8s/src/crd/render.ts', call: 'renderNodeCrd'},
  {file: 'host-k8s/crd/etcdencryptionrings.yaml', source: 'host-k8s/src/crd/render.ts', call: 'renderRingCrd'},
  {file: 'host-k8s/crd/seedbundles.yaml', source: 'host-k8s/src/crd/render.ts', call: 'renderSeedBundleCrd'},
  {file: 'wasm/assembly/constants.gen.ts', source: 'wasm/scripts/compress.ts', call: 'renderConstants'},
  {
    file: 'wasm/assembly/compress-one-scalar.gen.ts',
    source: 'wasm/scripts/compress.ts',
    call: 'renderCompressOneScalar',
  },
  {file: 'wasm/assembly/compress-one-simd.gen.ts', source: 'wasm/scripts/compress.ts', call: 'renderCompressOneSimd'},
  {file: 'wasm/assembly/compress-three.gen.ts', source: 'wasm/scripts/compress.ts', call: 'renderCompressThree'},
  // Compiled from the files above: `npm run generate` writes in this order.
  {file: 'wasm/src/generated/simd.gen.ts', source: 'wasm/scripts/build.ts', call: 'renderSimdKernel'},
  {file: 'wasm/src/generated/scalar.gen.ts', source: 'wasm/scripts/build.ts', call: 'renderScalarKernel'},
  {file: 'docs/api/crypto.md', source: 'scripts/api-report.ts', call: 'renderCryptoApi'},
  {file: 'docs/api/wasm.md', source: 'scripts/api-report.ts', call: 'renderWasmApi'},
];

/** The generated files whose source modules exist. */
export function listGeneratedFiles(
  outputs: readonly ModuleOutput[] = moduleOutputs,
  top: string = root,
): GeneratedFile[] {
  return outputs
    .filter(({source}) => existsSync(join(top, source)))
    .map(({file, source, call}) => ({file, make: () => callExport(join(top, source), call)}));
}

/** The files that differ from what their generators make now. */
export async function checkGeneratedFiles(
  files: readonly GeneratedFile[] = listGeneratedFiles(),
  top: string = root,
): Promise<Violation[]> {
  const violations: Violation[] = [];
  for (const {file, make} of files) {
    const line = firstDifference(readText(join(top, file)), await make());
    if (line === undefined) continue;
    violations.push({file, line, rule: 'generated', message: 'is out of date; run npm run generate'});
  }
  return violations;
}

/** Writes the files that are out of date and returns their paths. */
export async function writeGeneratedFiles(
  files: readonly GeneratedFile[] = listGeneratedFiles(),
  top: string = root,
): Promise<string[]> {
  const written: string[] = [];
  for (const {file, make} of files) {
    const path = join(top, file);
    const text = await make();
    if (readText(path) === text) continue;
    mkdirSync(dirname(path), {recursive: true});
    writeFileSync(path, text);
    written.push(file);
  }
  return written;
}

async function callExport(path: string, name: string): Promise<string> {
  const loaded = (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>;
  const make = loaded[name];
  if (typeof make !== 'function') throw new TypeError(`${path} exports no function ${name}`);
  const text: unknown = await make();
  if (typeof text !== 'string') throw new TypeError(`${name} of ${path} returned ${typeof text}, expected a string`);
  return text;
}

function readText(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

function firstDifference(present: string | undefined, wanted: string): number | undefined {
  if (present === wanted) return undefined;
  const have = present?.split('\n') ?? [];
  const at = wanted.split('\n').findIndex((line, index) => line !== have[index]);
  return at === -1 ? have.length : at + 1;
}

async function main(args: readonly string[]): Promise<number> {
  const files = listGeneratedFiles();
  if (!args.includes('--check')) {
    const written = await writeGeneratedFiles(files);
    for (const file of written) console.log(`wrote ${file}`);
    console.log(`${files.length} generated files, ${written.length} written`);
    return 0;
  }
  const violations = await checkGeneratedFiles(files);
  for (const {file, message} of violations) console.error(`${file} ${message}`);
  console.log(`${files.length} generated files, ${violations.length} out of date`);
  return violations.length === 0 ? 0 : 1;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
