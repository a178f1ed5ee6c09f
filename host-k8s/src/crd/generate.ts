// Writes host-k8s/crd/*.yaml, one file a kind: `node host-k8s/src/crd/generate.ts [--check]`. Equal sources give equal
// bytes; a test and `npm run check` compare.

import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {dirname} from 'node:path';
import {fileURLToPath} from 'node:url';
import {customResourceDefinitions} from './definitions.ts';
import {crdFileName, renderCrd} from './render.ts';

const folder = new URL('../../crd/', import.meta.url);

/** Files and what they shall hold. */
export function crdFiles(): readonly {readonly path: string; readonly text: string}[] {
  return customResourceDefinitions.map((definition) => ({
    path: fileURLToPath(new URL(crdFileName(definition), folder)),
    text: renderCrd(definition),
  }));
}

/** Paths whose text is not what it shall be. */
export function staleCrdFiles(): readonly string[] {
  return crdFiles().flatMap(({path, text}) => (readText(path) === text ? [] : [path]));
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function main(args: readonly string[]): number {
  const stale = staleCrdFiles();
  if (args.includes('--check')) {
    for (const path of stale) console.error(`${path} is out of date; run node host-k8s/src/crd/generate.ts`);
    return stale.length === 0 ? 0 : 1;
  }
  for (const {path, text} of crdFiles()) {
    if (!stale.includes(path)) continue;
    mkdirSync(dirname(path), {recursive: true});
    writeFileSync(path, text);
    console.log(`wrote ${path}`);
  }
  return 0;
}

if (import.meta.main) process.exitCode = main(process.argv.slice(2));
