// docs/dependencies.md names every dependency with its exact version, its place and a reason, and nothing else.
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {type Manifest, readManifest, readPackages, root} from '../../scripts/workspace.ts';

interface Row {
  readonly name: string;
  readonly version: string;
  readonly declaredIn: string;
}

const manifests: readonly (readonly [string, Manifest])[] = [
  ['workspace', readManifest(root)],
  ...readPackages().map(({folder, manifest}) => [folder, manifest] as const),
];
const ownNames = new Set(manifests.map(([, manifest]) => manifest.name));
const declared = manifests.flatMap(([place, manifest]) =>
  [manifest.dependencies, manifest.devDependencies, manifest.optionalDependencies, manifest.peerDependencies].flatMap(
    (kind) => Object.entries(kind ?? {}).map(([name, version]) => ({place, name, version})),
  ),
);
const external = declared.filter(({name}) => !ownNames.has(name));
const tableRows = readFileSync(join(root, 'docs', 'dependencies.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => line.split('|').map((cell) => cell.trim()));

function expectedRows(): Row[] {
  const names = [...new Set(external.map(({name}) => name))].toSorted();
  return names.map((name) => {
    const uses = external.filter((one) => one.name === name);
    return {
      name,
      version: [...new Set(uses.map(({version}) => version))].join(' and '),
      declaredIn: uses
        .map(({place}) => place)
        .toSorted()
        .join(', '),
    };
  });
}

test('the document ⇒ has one row per dependency, with the declared version and place', () => {
  const documented = tableRows.map(([, name, version, declaredIn]) => ({
    name: name?.replaceAll('`', ''),
    version,
    declaredIn,
  }));
  expect(documented).toEqual(expectedRows());
});

test('every row ⇒ gives a reason', () => {
  for (const row of tableRows) expect(row[4], row[1]).toMatch(/\w+ \w+ \w+/);
});

test('every declared version ⇒ is exact', () => {
  for (const {place, name, version} of declared) expect(version, `${name} in ${place}`).toMatch(/^\d+\.\d+\.\d+$/);
});

test('packages of the workspace ⇒ are declared at the version they have', () => {
  const versions = new Map(manifests.map(([, manifest]) => [manifest.name, manifest.version]));
  for (const {name, version} of declared.filter((one) => ownNames.has(one.name))) {
    expect(version, name).toBe(versions.get(name));
  }
});
