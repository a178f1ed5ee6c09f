// From zod to what a CustomResourceDefinition may hold: a structural schema. zod writes OpenAPI 3.0; a union of objects
// becomes one object with every field, and `oneOf` below it says which fields belong to which state.

import {z} from 'zod';

/** A structural schema, k8s.io/apiextensions `JSONSchemaProps`; what we write of it. */
export interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly format?: string;
  readonly pattern?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema;
  readonly items?: JsonSchema;
  readonly oneOf?: readonly JsonSchema[];
  readonly [extension: `x-kubernetes-${string}`]: unknown;
}

/** The structural schema of a zod schema; throws TypeError for what a CRD cannot hold. */
export function structuralSchema(schema: z.ZodType): JsonSchema {
  return convert(z.toJSONSchema(schema, {target: 'openapi-3.0', io: 'input'}) as JsonSchema);
}

function convert(schema: JsonSchema): JsonSchema {
  if (schema.oneOf !== undefined) return convertUnion(schema.oneOf, schema);
  const {description, properties, additionalProperties, items, ...rest} = schema;
  if (rest.type === undefined) throw new TypeError(`schema without a type: ${Object.keys(schema).join(', ')}`);
  return {
    ...(description === undefined ? {} : {description}),
    ...(isInteger(schema) ? integerSchema(rest) : rest),
    ...(properties === undefined ? {} : {properties: mapValues(properties, convert)}),
    ...(additionalProperties === undefined ? {} : {additionalProperties: convert(additionalProperties)}),
    ...(items === undefined ? {} : {items: convert(items)}),
  };
}

/** zod's literals are numbers, to a CRD they are integers. */
const isInteger = ({type, enum: values}: JsonSchema): boolean =>
  type === 'integer' || (type === 'number' && values !== undefined && values.every(Number.isInteger));

/** zod's bounds of a safe integer say nothing that JSON does not. */
function integerSchema({minimum, maximum, ...rest}: JsonSchema): JsonSchema {
  return {
    ...rest,
    type: 'integer',
    format: 'int64',
    ...(minimum === undefined || minimum === Number.MIN_SAFE_INTEGER ? {} : {minimum}),
    ...(maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? {} : {maximum}),
  };
}

function convertUnion(branches: readonly JsonSchema[], {description}: JsonSchema): JsonSchema {
  const converted = branches.map(convert);
  const properties: Record<string, JsonSchema> = {};
  for (const branch of converted) {
    for (const [name, field] of Object.entries(branch.properties ?? {})) {
      properties[name] = mergeField(properties[name], field);
    }
  }
  const required = Object.keys(properties).filter((name) =>
    converted.every((branch) => branch.required?.includes(name)),
  );
  return {
    ...(description === undefined ? {} : {description}),
    type: 'object',
    required,
    properties,
    oneOf: converted.map((branch) => branchCondition(branch, required)),
  };
}

/** Fields of one name have one schema; the words of a tag are put together. */
function mergeField(present: JsonSchema | undefined, field: JsonSchema): JsonSchema {
  if (present === undefined) return field;
  if (present.enum !== undefined && field.enum !== undefined) {
    return {...present, enum: [...present.enum, ...field.enum]};
  }
  if (present.type !== field.type) throw new TypeError(`a union has two types for one field: ${present.description}`);
  return present;
}

/** Inside `oneOf` a structural schema may only judge values: the tag's word, and what must be there with it. */
function branchCondition(branch: JsonSchema, common: readonly string[]): JsonSchema {
  const tags = common.filter((name) => branch.properties?.[name]?.enum?.length === 1);
  const judged = tags.map((name): [string, JsonSchema] => [name, {enum: branch.properties?.[name]?.enum ?? []}]);
  return {properties: Object.fromEntries(judged), required: branch.required ?? []};
}

function mapValues<T, U>(record: Readonly<Record<string, T>>, change: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}
