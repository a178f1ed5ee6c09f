// Building blocks of the schemas: every field has a description, every integer a format, no field is nullable.
// Schemas describe what is stored and fill nothing in, so that their types are the engine's types.

import {z} from 'zod';

type Extra = Readonly<Record<string, unknown>>;

export const text = (description: string, extra: Extra = {}) => z.string().meta({description, ...extra});
export const shortText = (description: string, maxLength: number) => z.string().max(maxLength).meta({description});
export const flag = (description: string) => z.boolean().meta({description});
/** A whole number within ±2^53. */
export const integer = (description: string) => z.int().meta({description});
export const count = (description: string) => z.int().min(0).meta({description});
export const unixMs = (description: string) => z.int().meta({description: `${description}, in Unix milliseconds.`});
/** RFC 3339, for people. */
export const time = (description: string) => z.string().meta({description, format: 'date-time'});
export const word = <const W extends readonly [string, ...string[]]>(description: string, words: W) =>
  z.enum(words).meta({description});
export const list = <T extends z.ZodType>(description: string, item: T) => z.array(item).meta({description});
export const texts = (description: string) => z.array(z.string()).meta({description});
export const map = <T extends z.ZodType>(description: string, value: T) =>
  z.record(z.string(), value).meta({description});
export const object = <S extends z.ZodRawShape>(description: string, shape: S) => z.object(shape).meta({description});

/** One CEL rule. `self` is the described value. */
export interface CelRule {
  readonly rule: string;
  readonly message: string;
  /** CEL that makes the message; `message` is what stands in for it. */
  readonly messageExpression?: string;
}

/** Rules of a schema, in the CRD's own spelling. */
export const rules = (...all: readonly CelRule[]): Extra => ({'x-kubernetes-validations': all});

/** `time.ParseDuration` without a sign; the rule below refuses less than the least. */
const durationPattern =
  '^([0-9]+(\\.[0-9]*)?|\\.[0-9]+)(ns|us|µs|ms|s|m|h)(([0-9]+(\\.[0-9]*)?|\\.[0-9]+)(ns|us|µs|ms|s|m|h))*$';

export const duration = (description: string, least?: string) =>
  z
    .string()
    .max(64)
    .meta({
      description,
      pattern: durationPattern,
      ...(least === undefined
        ? {}
        : rules({rule: `duration(self) >= duration('${least}')`, message: `must be at least ${least}`})),
    });
