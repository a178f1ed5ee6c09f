// The definitions: their types are the engine's, every field is described, the committed files are what the sources say.

import {readFileSync} from 'node:fs';
import {
  type ConfigSpec,
  type CustomResourceDefinition,
  crdFileName,
  customResourceDefinitions,
  type KeySpec,
  missingFields,
  type NodeStatus,
  type RingSpec,
  renderCrd,
  renderCrds,
} from '@etcd-encryption/host-k8s';
import {type KeyObject, type NodeReport, type Ring, resourceProblem} from '@etcd-encryption/rotation';
import {describe, expect, expectTypeOf, it} from 'vitest';
import {parseAllDocuments} from 'yaml';

type JsonSchema = CustomResourceDefinition['spec']['versions'][number]['schema']['openAPIV3Schema'];

/** Readonly all the way down: the engine's types are, zod's are not. */
type Frozen<T> = T extends string | number | boolean
  ? T
  : T extends readonly (infer I)[]
    ? readonly Frozen<I>[]
    : {readonly [K in keyof T]: Frozen<T[K]>};

/** The same with nothing optional. */
type Complete<T> = T extends string | number | boolean
  ? T
  : T extends readonly (infer I)[]
    ? readonly Complete<I>[]
    : {readonly [K in keyof T]-?: Complete<T[K]>};

type StoredKey = {readonly v: number} & Omit<KeyObject['key'], 'id'> &
  Omit<KeyObject, 'name' | 'key' | 'resourceVersion'>;

describe('types of the schemas', () => {
  it('are the types of the engine, both ways', () => {
    expectTypeOf<Ring>().toExtend<Frozen<RingSpec>>();
    expectTypeOf<Frozen<RingSpec>>().toExtend<Ring>();
    expectTypeOf<NodeReport>().toExtend<Frozen<NodeStatus>>();
    expectTypeOf<Frozen<NodeStatus>>().toExtend<NodeReport>();
    expectTypeOf<StoredKey>().toExtend<Frozen<KeySpec>>();
    expectTypeOf<Frozen<KeySpec>>().toExtend<StoredKey>();
    expectTypeOf<ConfigSpec['type']>().toEqualTypeOf<'aesgcm'>();
  });

  it('name every optional field of the engine, however deep', () => {
    expectTypeOf<Complete<Ring>>().toExtend<Complete<RingSpec>>();
    expectTypeOf<Complete<RingSpec>>().toExtend<Complete<Ring>>();
    expectTypeOf<Complete<NodeReport>>().toExtend<Complete<NodeStatus>>();
    expectTypeOf<Complete<NodeStatus>>().toExtend<Complete<NodeReport>>();
    expectTypeOf<Complete<StoredKey>>().toExtend<Complete<KeySpec>>();
    expectTypeOf<Complete<KeySpec>>().toExtend<Complete<StoredKey>>();
  });
});

const schemas = customResourceDefinitions.map((definition) => ({
  name: definition.spec.names.kind as string,
  schema: definition.spec.versions[0]?.schema.openAPIV3Schema ?? {},
}));

/** Every schema below one, with its path; conditions of `oneOf` are no fields. */
function* walk(schema: JsonSchema, path: string): Generator<{path: string; schema: JsonSchema}> {
  yield {path, schema};
  for (const [name, field] of Object.entries(schema.properties ?? {})) yield* walk(field, `${path}.${name}`);
  if (schema.items !== undefined) yield* walk(schema.items, `${path}[]`);
  if (schema.additionalProperties !== undefined) yield* walk(schema.additionalProperties, `${path}.*`);
}

describe.each(schemas)('schema of $name', ({name, schema}) => {
  const fields = [...walk(schema, name)];

  it('has a description on every field', () => {
    const fieldsOnly = fields.filter(({path}) => !path.endsWith('[]') || path.includes('[].'));
    const bare = fieldsOnly.filter(({path, schema: {description}}) => {
      return !path.endsWith('[]') && path !== `${name}.metadata` && !(description && description.length >= 3);
    });
    expect(bare.map(({path}) => path)).toEqual([]);
    expect(fields.length).toBeGreaterThan(name === 'SeedBundle' ? 4 : 10);
  });

  it('is structural: a type on every field, integers of 64 bits, no null, no closed object', () => {
    for (const {path, schema: field} of fields) {
      expect(field.type, path).toMatch(/^(object|array|string|integer|boolean)$/);
      if (field.type === 'integer') expect(field.format, path).toBe('int64');
      expect(field, path).not.toHaveProperty('nullable');
      expect(field.additionalProperties, path).not.toBe(false);
    }
  });
});

describe('definitions', () => {
  it('are rendered as one document each that say the same', () => {
    const documents = parseAllDocuments(renderCrds()).map((document) => document.toJS() as unknown);
    expect(documents).toEqual(customResourceDefinitions);
  });

  it.each(customResourceDefinitions)('$metadata.name stands in host-k8s/crd as it is rendered', (definition) => {
    const file = new URL(`../../host-k8s/crd/${crdFileName(definition)}`, import.meta.url);
    expect(readFileSync(file, 'utf8')).toBe(renderCrd(definition));
  });

  it('have the names that people know', () => {
    const config = customResourceDefinitions[0];
    expect(config?.spec.names).toMatchObject({kind: 'EtcdEncryptionConfig', shortNames: ['eec']});
    const columns = config?.spec.versions[0]?.additionalPrinterColumns ?? [];
    const shown = (wide: boolean) => columns.filter(({priority}) => (priority === 1) === wide).map(({name}) => name);
    expect(shown(false)).toEqual(['Revision', 'Ready', 'Phase', 'Nodes', 'Migration', 'Next', 'Age']);
    expect(shown(true)).toEqual(['Strategy', 'Role', 'Failover-Ready']);
  });

  it('give a status subresource to the config alone', () => {
    const withStatus = customResourceDefinitions.filter(({spec}) => spec.versions[0]?.subresources !== undefined);
    expect(withStatus.map(({spec}) => spec.names.kind)).toEqual(['EtcdEncryptionConfig']);
  });
});

describe('missing fields', () => {
  const [config, ring] = customResourceDefinitions;
  if (config === undefined || ring === undefined) throw new Error('no definitions');
  type Raw = Record<string, Record<string, unknown>>;
  const edited = (definition: typeof ring, edit: (version: Raw) => void): typeof ring => {
    const copy = structuredClone(definition);
    edit(copy.spec.versions[0] as unknown as Raw);
    return copy;
  };
  const rotationOf = (version: Raw): Record<string, unknown> => {
    const root = version.schema?.openAPIV3Schema as {properties: {spec: {properties: {rotation: Raw}}}};
    return root.properties.spec.properties.rotation;
  };

  it('of the same definition ⇒ none', () => expect(missingFields(ring, ring)).toEqual([]));

  it('of no definition ⇒ not installed', () => {
    expect(missingFields(ring, undefined)).toEqual(['etcdencryptionrings: not installed']);
  });

  it('of an older definition ⇒ the nested field by its path', () => {
    const older = edited(ring, (version) => {
      delete (rotationOf(version).properties as Record<string, unknown>).adding;
    });
    expect(missingFields(ring, older)).toEqual(['etcdencryptionrings: spec.rotation.adding']);
  });

  it('of a definition that keeps unknown fields ⇒ none', () => {
    const open = edited(ring, (version) => {
      const rotation = rotationOf(version);
      rotation.properties = {};
      rotation['x-kubernetes-preserve-unknown-fields'] = true;
    });
    expect(missingFields(ring, open)).toEqual([]);
  });

  it('of a definition without the status subresource ⇒ named', () => {
    const bare = edited(config, (version) => {
      delete version.subresources;
    });
    expect(missingFields(config, bare)).toEqual(['etcdencryptionconfigs: status subresource']);
  });
});

describe('rules of the config', () => {
  it('speak of our group by the name the engine has', () => {
    expect(JSON.stringify(customResourceDefinitions[0])).toContain('cluster\\\\\\\\.alauda\\\\\\\\.io');
    expect(resourceProblem('x.cluster.alauda.io')).toBeDefined();
  });
});
