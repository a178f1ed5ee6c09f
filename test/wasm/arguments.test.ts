// Misuse is refused by a TypeError or RangeError that names the argument, and before anything is copied.
import type {Backend} from '@etcd-encryption/crypto';
import {expect, test} from 'vitest';
import {backendOn} from '../../wasm/src/backend.ts';
import {createKernelSync} from '../../wasm/src/kernel.ts';
import {bytesOf} from './known.ts';

const kernel = createKernelSync('scalar');
const untouched = Buffer.from(kernel.memory);
const backend = backendOn(kernel);
const bytes = bytesOf(32, 1);
const any = (value: unknown): never => value as never;
const words = new Uint16Array(4);

const misuses: readonly (readonly [string, (backend: Backend) => unknown, ErrorConstructor, string])[] = [
  ['a key as text', (b) => b.hmacSha512(any('key'), bytes), TypeError, 'key: expected a Uint8Array, got a string'],
  [
    'no message',
    (b) => b.hmacSha512(bytes, any(undefined)),
    TypeError,
    'message: expected a Uint8Array, got a undefined',
  ],
  [
    'words as ikm',
    (b) => b.hkdfSha512(any(words), bytes, bytes, 1),
    TypeError,
    'ikm: expected a Uint8Array, got an object',
  ],
  [
    'an array as salt',
    (b) => b.hkdfSha512(bytes, any([1]), bytes, 1),
    TypeError,
    'salt: expected a Uint8Array, got an array',
  ],
  ['null as info', (b) => b.hkdfSha512(bytes, bytes, any(null), 1), TypeError, 'info: expected a Uint8Array, got null'],
  [
    'a length as text',
    (b) => b.hkdfSha512(bytes, bytes, bytes, any('1')),
    TypeError,
    'length: expected a number, got a string',
  ],
  ...[0, -1, 1.5, 16_321, Number.NaN, Number.POSITIVE_INFINITY].map(
    (length) =>
      [
        `${length} bytes of HKDF`,
        (b: Backend) => b.hkdfSha512(bytes, bytes, bytes, length),
        RangeError,
        `length: expected a whole number from 1 to 16320, got ${length}`,
      ] as const,
  ),
  [
    '65 bytes of each',
    (b) => b.deriveMany(bytes, [], [], 65),
    RangeError,
    'length: expected a whole number from 1 to 64, got 65',
  ],
  [
    '0 bytes of each',
    (b) => b.deriveMany(bytes, [], [], 0),
    RangeError,
    'length: expected a whole number from 1 to 64, got 0',
  ],
  [
    'a root as text',
    (b) => b.deriveMany(any('root'), [], [], 1),
    TypeError,
    'root: expected a Uint8Array, got a string',
  ],
  [
    'salts in no array',
    (b) => b.deriveMany(bytes, any(bytes), [], 1),
    TypeError,
    'salts: expected an array, got an object',
  ],
  [
    'contexts in no array',
    (b) => b.deriveMany(bytes, [], any('x'), 1),
    TypeError,
    'contexts: expected an array, got a string',
  ],
  [
    'a salt as text behind a good one',
    (b) => b.deriveMany(bytes, [bytes, any('x')], [bytes, bytes], 1),
    TypeError,
    'salts[1]: expected a Uint8Array, got a string',
  ],
  [
    'a hole among contexts',
    (b) => b.deriveMany(bytes, [bytes, bytes], any(Object.assign(new Array(2), [bytes])), 1),
    TypeError,
    'contexts[1]: expected a Uint8Array, got a undefined',
  ],
  [
    'a context less',
    (b) => b.deriveMany(bytes, [bytes, bytes], [bytes], 1),
    RangeError,
    'contexts: expected 2, one for each salt, got 1',
  ],
  [
    'keys of a salt less',
    (b) => b.deriveKeys?.(bytes, [bytes], [bytes, bytes], bytes),
    RangeError,
    'contexts: expected 1, one for each salt, got 2',
  ],
  [
    'a check text as text',
    (b) => b.deriveKeys?.(bytes, [bytes], [bytes], any('x')),
    TypeError,
    'checkText: expected a Uint8Array, got a string',
  ],
  [
    'a check text of 65 bytes',
    (b) => b.deriveKeys?.(bytes, [bytes], [bytes], bytesOf(65, 1)),
    RangeError,
    'checkText: expected at most 64 bytes, got 65',
  ],
];

test.each(misuses)('%s ⇒ refused by name, nothing is copied', (_situation, call, kind, message) => {
  const refusal = expect(() => call(backend));
  refusal.toThrow(kind);
  expect(() => call(backend)).toThrow(message);
  expect(untouched.equals(kernel.memory)).toBe(true);
});
