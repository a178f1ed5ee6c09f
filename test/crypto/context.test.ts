// The bytes that keep derived values apart: a reader written here takes every context back to its fields, so no two
// inputs share one.
import {type ContextInput, encodeContext, hex, purposeTable} from '@etcd-encryption/crypto';
import fc from 'fast-check';
import {expect, test} from 'vitest';
import {range} from './reference.ts';

const letters = [...'ABCXYZabcxyz0189'];
const inner = [...letters, '.', '_', '-'];
const id = fc
  .tuple(
    fc.constantFrom(...letters),
    fc.option(fc.tuple(fc.string({unit: fc.constantFrom(...inner), maxLength: 126}), fc.constantFrom(...letters))),
  )
  .map(([first, rest]) => first + (rest?.join('') ?? ''));
const anyContext: fc.Arbitrary<ContextInput> = fc.record({
  purpose: fc.string({
    unit: fc.integer({min: 0x21, max: 0x7e}).map((code) => String.fromCharCode(code)),
    minLength: 1,
    maxLength: 64,
  }),
  replicationGroupId: fc.oneof(id, fc.constant('')),
  dimension: fc.oneof(id, fc.constant('')),
  revision: fc.oneof(fc.integer({min: 0, max: 300}), fc.maxSafeInteger().map(Math.abs)),
  length: fc.integer({min: 1, max: 64}),
});

/** Reads a context from its first byte to its last, by derivation.md alone. */
function parseContext(bytes: Uint8Array): {readonly algorithm: string} & ContextInput {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  const text = (): string => {
    const end = at + 2 + view.getUint16(at);
    const characters = String.fromCharCode(...bytes.subarray(at + 2, end));
    at = end;
    return characters;
  };
  const [algorithm, purpose, replicationGroupId, dimension] = [text(), text(), text(), text()];
  const [revision, length] = [Number(view.getBigUint64(at)), view.getUint16(at + 8)];
  expect(bytes.length).toBe(at + 10);
  return {algorithm, purpose, replicationGroupId, dimension, revision, length};
}

test('any context ⇒ a reader takes it back to its fields', () => {
  fc.assert(
    fc.property(anyContext, (input) => {
      expect(parseContext(encodeContext(input))).toEqual({algorithm: 'hkdf-sha512-v1', ...input});
    }),
  );
});

test('fields whose letters could slide into each other ⇒ a context each', () => {
  const texts = ['', 'a', 'ab', 'abc', 'b', 'bc', 'c', '1', '11', 'x', 'x1', 'x-1', 'default', 'defaul', 'tdefault'];
  const numbers = [0, 1, 11, 255, 256, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 53 - 1];
  const inputs = ['aesgcm-256', 'aesgcm-256a', 'next-seed'].flatMap((purpose) =>
    texts.flatMap((replicationGroupId) =>
      texts.flatMap((dimension) =>
        numbers.flatMap((revision) =>
          [32, 64].map((length) => ({purpose, replicationGroupId, dimension, revision, length})),
        ),
      ),
    ),
  );
  expect(new Set(inputs.map((input) => hex(encodeContext(input)))).size).toBe(inputs.length);
});

test('the data key of revision 258 of a group ⇒ these bytes', () => {
  const input = {purpose: 'aesgcm-256', replicationGroupId: 'g', dimension: 'default', revision: 258, length: 32};
  expect(hex(encodeContext(input))).toBe(
    [
      ['000e', '686b64662d7368613531322d7631'],
      ['000a', '61657367636d2d323536'],
      ['0001', '67'],
      ['0007', '64656661756c74'],
      ['0000000000000102', '0020'],
    ]
      .flat()
      .join(''),
  );
});

test('a UUID as group ⇒ 85 bytes; the longest names ⇒ 303', () => {
  const group = '6f1b9e2c-7c3a-4a9c-8b72-2fd0f8f3c1ab';
  const input = {purpose: 'aesgcm-256', replicationGroupId: group, dimension: 'default', revision: 1, length: 32};
  expect(encodeContext(input)).toHaveLength(85);
  const longest = Math.max(
    ...Object.entries(purposeTable).map(([purpose, {length}]) => {
      const name = 'n'.repeat(128);
      return encodeContext({purpose, replicationGroupId: name, dimension: name, revision: 1, length}).length;
    }),
  );
  expect(longest).toBe(303);
});

test('every purpose of the table ⇒ its salt, its inputs and its length as derivation.md has them', () => {
  const rows = Object.entries(purposeTable).map(([purpose, {salt, group, dimension, revision, length}]) =>
    [purpose, salt, group ? 'group' : '-', dimension ? 'dimension' : '-', revision ? 'revision' : '-', length].join(
      ' ',
    ),
  );
  expect(rows).toEqual([
    'aesgcm-256 seed group dimension revision 32',
    'next-seed seed group dimension revision 32',
    'seed-bundle-mac bundle id group dimension - 64',
    'root-check empty - - - 8',
    'group-tag empty group - - 16',
    'dimension-tag empty group dimension - 8',
  ]);
});

const good: ContextInput = {purpose: 'p', replicationGroupId: 'g', dimension: 'd', revision: 1, length: 32};
const refusedIds: readonly (readonly [string, string])[] = [
  ['group ', 'white space at its end (a trailing newline?)'],
  ['group\n', 'white space at its end (a trailing newline?)'],
  ['group\r\n', 'white space at its end (a trailing newline?)'],
  [' group', 'white space at its start'],
  ['gr oup', 'another character at place 3'],
  ['x/1', 'another character at place 2'],
  ['gro\0up', 'another character at place 4'],
  ['caf\u00e9', 'another character at place 4'],
  ['cafe\u0301', 'another character at place 5'],
  ['gr\u043eup', 'another character at place 3'],
  ['\u{1f511}key', 'another character at place 1'],
  ['.group', 'a dot, underscore or dash at its start'],
  ['group-', 'a dot, underscore or dash at its end'],
  ['a'.repeat(129), '129 characters'],
];

test.each(refusedIds)('the id %j ⇒ refused with the cause and without the id', (value, cause) => {
  for (const field of ['replicationGroupId', 'dimension'] as const) {
    const wanted = '1 to 128 of A-Z a-z 0-9 . _ - that begin and end with a letter or digit';
    const message = `${field}: expected ${wanted}, got ${cause}`;
    expect(() => encodeContext({...good, [field]: value})).toThrow(new RangeError(message));
  }
});

test.each(['a', 'A', '0', 'a.b', 'a_b', 'a-b', 'a'.repeat(128)])('the id %j ⇒ accepted as it is', (value) => {
  expect(parseContext(encodeContext({...good, replicationGroupId: value, dimension: value}))).toMatchObject({
    replicationGroupId: value,
    dimension: value,
  });
});

test('another purpose, revision or length ⇒ RangeError; another type ⇒ TypeError', () => {
  const encode = (more: object) => () => encodeContext({...good, ...more});
  for (const purpose of ['', 'a b', 'a\n', 'caf\u00e9', 'p'.repeat(65)])
    expect(encode({purpose})).toThrow(/^purpose: /);
  for (const revision of [-1, 1.5, Number.NaN, 2 ** 53, Number.POSITIVE_INFINITY])
    expect(encode({revision})).toThrow(/^revision: expected a whole number from 0 to 9007199254740991, got /);
  for (const length of [0, -1, 65, 1.5, Number.NaN])
    expect(encode({length})).toThrow(/^length: expected a whole number from 1 to 64, got /);
  for (const field of Object.keys(good)) {
    expect(encode({[field]: null})).toThrow(TypeError);
    expect(encode({[field]: ['g']})).toThrow(TypeError);
  }
  expect(range(1, 64).map((length) => encodeContext({...good, length}).at(-1))).toEqual(range(1, 64));
});
