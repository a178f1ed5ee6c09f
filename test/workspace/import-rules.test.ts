// The import rules refuse what they must refuse: each fixture is a source that breaks one row of the table.
import {describe, expect, test} from 'vitest';
import {checkAllImports, checkImports, folderRules, scanImports} from '../../scripts/import-rules.ts';
import {readPackages} from '../../scripts/workspace.ts';

const workspaceNames = new Set(readPackages().map(({manifest}) => manifest.name));

function rulesBroken(folder: string, source: string, file = `${folder}/src/fixture.ts`): string[] {
  const rule = folderRules.find((one) => one.folder === folder);
  if (rule === undefined) throw new RangeError(`no row for ${folder}`);
  const ownName = readPackages().find((one) => one.folder === folder)?.manifest.name;
  const declared = new Set(['@noble/hashes', '@noble/ciphers', 'yaml', 'undici', '@kubernetes/client-node']);
  for (const name of workspaceNames) declared.add(name);
  const violations = checkImports(file, source, {rule, workspaceNames, ownName, declared});
  return violations.map((violation) => `${violation.line} ${violation.rule}`);
}

describe('scanImports', () => {
  test('every way of naming a module ⇒ is found with its line', () => {
    const source = [
      "import {a} from 'static';",
      "import type {B} from 'type-only';",
      "import 'effect';",
      "export * from 'all';",
      "export {c} from 'named';",
      "type D = import('in-a-type').D;",
      "const e = await import('dynamic');",
      'const f = await import(`template`);',
      "import g = require('equals');",
      "const h = require('call');",
      '/// <reference types="reference" />',
      "import data from './data.json' with {type: 'json'};",
    ].join('\n');
    expect(scanImports('fixture.ts', source).map(({specifier, line}) => `${line} ${specifier}`)).toEqual([
      '1 static',
      '2 type-only',
      '3 effect',
      '4 all',
      '5 named',
      '6 in-a-type',
      '7 dynamic',
      '8 undefined',
      '9 equals',
      '10 call',
      '11 reference:reference',
      '12 ./data.json',
    ]);
  });

  test('imports in comments, strings, templates and regular expressions ⇒ are none', () => {
    const source = [
      "// import 'a';",
      "/* export * from 'b'; */",
      'const c = "import \'c\'";',
      "const d = `import 'd' ${1} export * from 'e'`;",
      "const f = /import 'f'/;",
      "export const from = 'g';",
    ].join('\n');
    expect(scanImports('fixture.ts', source)).toEqual([]);
  });

  test('a file that is not TypeScript ⇒ is refused with its place', () => {
    expect(() => scanImports('fixture.ts', 'const a = 1;\nconst = ;')).toThrow(/fixture\.ts:2 does not parse/);
  });
});

describe('checkImports', () => {
  test.each([
    ['crypto', "import {readFileSync} from 'node:fs';", '1 no-builtin'],
    ['crypto', "import type {Buffer} from 'buffer';", '1 no-builtin'],
    ['crypto', "import {plan} from '@etcd-encryption/rotation';", '1 not-allowed'],
    ['crypto', "import {z} from 'zod';", '1 not-allowed'],
    ['crypto', "import {parse} from 'yaml';", '1 only-below'],
    ['crypto', '\nconst name = "node:fs";\nexport const a = import(name);', '3 computed-import'],
    ['crypto', '/// <reference types="node" />', '1 reference-comment'],
    ['rotation', "import type {Host} from '@etcd-encryption/host-k8s';", '1 not-allowed'],
    ['rotation', "export type Host = import('@etcd-encryption/host-k8s').Host;", '1 not-allowed'],
    ['rotation', "export * from '@etcd-encryption/host-sim';", '1 not-allowed'],
    ['rotation', "import {a} from '../../crypto/src/key.ts';", '1 leaves-folder'],
    ['rotation', "import {a} from './fact.js';", '1 import-extension'],
    ['rotation', "import {a} from './fact';", '1 import-extension'],
    ['rotation', "import {sha512} from '@noble/hashes/sha2.js';", '1 not-allowed'],
    ['host-sim', "import {performance} from 'node:perf_hooks';", '1 no-builtin'],
    ['host-sim', "import {store} from '@etcd-encryption/host-k8s';", '1 not-allowed'],
    ['host-k8s', "import {world} from '@etcd-encryption/host-sim';", '1 not-allowed'],
    ['host-k8s', "import {main} from 'etcd-encryption-manager';", '1 not-allowed'],
    ['host-k8s', "import got from 'got';", '1 undeclared'],
    ['cli', "import {a} from '../../test/a.ts';", '1 leaves-folder'],
    ['test', "import leftPad from 'left-pad';", '1 undeclared'],
  ])('%s: %s ⇒ %s', (folder, source, broken) => {
    expect(rulesBroken(folder, source)).toEqual([broken]);
  });

  test('a snapshot reader that imports a Kubernetes client ⇒ is refused below snapshot/ only', () => {
    const source = "import {KubeConfig} from '@kubernetes/client-node';";
    expect(rulesBroken('host-k8s', source, 'host-k8s/src/snapshot/page.ts')).toEqual(['1 never-below']);
    expect(rulesBroken('host-k8s', source, 'host-k8s/src/transport.ts')).toEqual([]);
  });

  test('node:crypto in the library ⇒ is refused but below node/, where every other built-in still is', () => {
    const source = "import {createHmac} from 'node:crypto';";
    expect(rulesBroken('crypto', source)).toEqual(['1 no-builtin']);
    expect(rulesBroken('crypto', source, 'crypto/src/node.ts')).toEqual(['1 no-builtin']);
    expect(rulesBroken('rotation', source, 'rotation/src/node/index.ts')).toEqual(['1 no-builtin']);
    expect(rulesBroken('crypto', source, 'crypto/src/node/index.ts')).toEqual([]);
    const others = "import {readFileSync} from 'node:fs';\nimport {createHmac} from 'crypto';";
    expect(rulesBroken('crypto', others, 'crypto/src/node/index.ts')).toEqual(['1 no-builtin', '2 no-builtin']);
  });

  test.each([
    ['crypto', "import {sha512} from '@noble/hashes/sha2.js';"],
    ['rotation', "import {keyName} from '@etcd-encryption/crypto';\nimport {seen} from './model/fact.ts';"],
    ['host-sim', "import type {Plan} from '@etcd-encryption/rotation';"],
    ['host-k8s', "import {open} from 'node:fs/promises';\nimport {request} from 'undici';"],
    ['cli', "import {world} from '@etcd-encryption/host-sim';\nimport {join} from 'node:path';"],
    ['test', "import {plan} from '../../rotation/src/plan/controller.ts';\nconst x = await import(name);"],
  ])('%s: what its row allows ⇒ passes', (folder, source) => {
    expect(rulesBroken(folder, source)).toEqual([]);
  });

  test('yaml below encryption-configuration/ ⇒ passes', () => {
    const file = 'crypto/src/encryption-configuration/parse.ts';
    expect(rulesBroken('crypto', "import {parseDocument} from 'yaml';", file)).toEqual([]);
  });
});

test('a workspace folder without a row ⇒ is refused', () => {
  const packages = [...readPackages(), {folder: 'stray', manifest: {name: 'stray', version: '0.1.0'}}];
  expect(checkAllImports(packages).filter(({rule}) => rule === 'no-row')).toEqual([
    {file: 'stray/package.json', line: 1, rule: 'no-row', message: 'scripts/import-rules.ts has no row for stray'},
  ]);
});
