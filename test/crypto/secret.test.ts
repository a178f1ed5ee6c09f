import {Console} from 'node:console';
import {Writable} from 'node:stream';
import {format, inspect} from 'node:util';
import {serialize} from 'node:v8';
import {adoptKey, DataKey, deriveDataKey, keyCheckValue, Secret} from '@etcd-encryption/crypto';
import {describe, expect, test} from 'vitest';
import {entryOf, settings} from './bundle-arbitraries.ts';
import {expectNoTrace} from './no-trace.ts';

const bytes = (): Uint8Array => Uint8Array.from({length: 32}, (_, i) => 0x41 + i);
const everything = {showHidden: true, showProxy: true, depth: null, getters: true, maxArrayLength: null};

const printers: readonly [string, (value: object) => string][] = [
  ['String', (value) => String(value)],
  ['a template', (value) => `${value}`],
  ['a sum', (value) => `${value as unknown as string}`],
  ['JSON', (value) => JSON.stringify({value, nested: [value]}, undefined, 2)],
  ['inspect', (value) => inspect(value)],
  ['inspect with everything', (value) => inspect(value, everything)],
  ['inspect, deep inside', (value) => inspect({a: [new Map([[value, new Set([value])]])]}, everything)],
  ['inspect without its own method', (value) => inspect(value, {...everything, customInspect: false})],
  ['format', (value) => format('%s %o %O %j %d', value, value, value, value, value)],
  ['Object.prototype.toString', (value) => Object.prototype.toString.call(value)],
  ['its own keys', (value) => inspect([Reflect.ownKeys(value), Object.entries(value), {...value}], everything)],
  ['structuredClone', (value) => inspect(structuredClone({value}), everything)],
  ['serialize', (value) => serialize(value).toString('latin1')],
  ['an error that carries it', (value) => inspect(new Error('failed', {cause: value}), everything)],
  ['an error made of it', (value) => inspect(new Error(String(value)))],
  ['console', (value) => printed(value)],
];

/** What a console writes of a value, by each of its methods. */
function printed(value: object): string {
  let text = '';
  const stream = new Writable({
    write(chunk, _, done) {
      text += String(chunk);
      done();
    },
  });
  const output = new Console({stdout: stream, stderr: stream});
  for (const write of [output.log, output.error, output.warn, output.debug, output.trace, output.table, output.dir])
    write(value);
  output.dir(value, everything);
  output.log('%s %o %O %j', value, value, value, value);
  return text;
}

const holders: readonly [string, () => object][] = [
  ['secret', () => new Secret(bytes())],
  ['data key', () => new DataKey({revision: 1, key: bytes()})],
  ['derived key', () => deriveDataKey({...settings, rootKey: bytes(), acceptWeakRoot: true, ...entryOf(1)})],
  ['adopted key', () => adoptKey({provider: 'aesgcm', name: 'key1', key: bytes()})],
];

describe.each(holders)('a %s', (_, make) => {
  test.each(printers)('printed by %s ⇒ no four bytes of it appear', (_name, print) => {
    const text = print(make());
    expect(text).not.toBe('');
    const derived = make();
    const own = derived instanceof DataKey ? derived.secret.withBytes((copy) => copy.slice()) : bytes();
    expectNoTrace(text, [bytes(), own]);
  });
});

test('a secret is printed as text, JSON or by inspect ⇒ [secret]', () => {
  const secret = new Secret(bytes());
  expect([String(secret), JSON.stringify(secret), inspect(secret)]).toEqual(['[secret]', '"[secret]"', '[secret]']);
});

test('a data key as JSON ⇒ revision, name, check value and [secret]', () => {
  const {name, checkValue} = new DataKey({revision: 7, key: bytes()});
  expect(JSON.parse(JSON.stringify(new DataKey({revision: 7, key: bytes()})))).toEqual({
    revision: 7,
    name,
    checkValue,
    secret: '[secret]',
  });
});

test('a secret or data key is cloned ⇒ an empty object in its place, which nothing takes for a secret', () => {
  const clone = structuredClone(new DataKey({revision: 1, key: bytes()}));
  expect([Object.getPrototypeOf(clone.secret), Reflect.ownKeys(clone.secret)]).toEqual([Object.prototype, []]);
  expect(clone).not.toBeInstanceOf(DataKey);
  expect(() => keyCheckValue(clone.secret)).toThrow(new TypeError('key: expected a Uint8Array, got an object'));
  expect(() => new Secret(bytes()).equals(clone.secret)).toThrow(TypeError);
});

test('withBytes ⇒ f sees the bytes, its result is returned and the copy is wiped', () => {
  let kept: Uint8Array = new Uint8Array();
  const sum = new Secret(bytes()).withBytes((copy) => {
    kept = copy;
    return copy.reduce((a, b) => a + b, 0);
  });
  expect(sum).toBe(bytes().reduce((a, b) => a + b, 0));
  expect(kept).toEqual(new Uint8Array(32));
});

test('f throws ⇒ the error passes and the copy is wiped', () => {
  let kept: Uint8Array = new Uint8Array();
  const fail = (copy: Uint8Array): never => {
    kept = copy;
    throw new RangeError('mine');
  };
  expect(() => new Secret(bytes()).withBytes(fail)).toThrow('mine');
  expect(kept).toEqual(new Uint8Array(32));
});

test('f returns a promise, the copy or a view on it ⇒ TypeError', () => {
  const secret = new Secret(bytes());
  expect(() => secret.withBytes(() => Promise.resolve(1))).toThrow(/expected a synchronous function/);
  expect(() => secret.withBytes((copy) => copy)).toThrow(/expected a result of its own/);
  expect(() => secret.withBytes((copy) => copy.subarray(1, 2))).toThrow(/expected a result of its own/);
  expect(() => secret.withBytes((copy) => copy.buffer)).toThrow(/expected a result of its own/);
  expect(secret.withBytes((copy) => copy.slice(0, 2))).toEqual(Uint8Array.of(0x41, 0x42));
});

test('f changes its copy, or the input is changed later ⇒ the secret stays', () => {
  const input = bytes();
  const secret = new Secret(input);
  input.fill(1);
  secret.withBytes((copy) => {
    copy.fill(2);
  });
  expect(secret.equals(bytes())).toBe(true);
});

test('a view of a larger buffer is given ⇒ only its own bytes are taken', () => {
  const secret = new Secret(Uint8Array.of(9, 1, 2, 9).subarray(1, 3));
  expect(secret.length).toBe(2);
  expect(secret.equals(Uint8Array.of(1, 2))).toBe(true);
});

test('equals ⇒ true for the same bytes only', () => {
  const secret = new Secret(bytes());
  expect(secret.equals(new Secret(bytes()))).toBe(true);
  expect(secret.equals(bytes().subarray(1))).toBe(false);
  for (let i = 0; i < 32; i++) {
    const other = bytes();
    other[i] = (other[i] ?? 0) ^ 1;
    expect(secret.equals(other)).toBe(false);
  }
});

test('a wiped secret is used ⇒ it throws, but still prints and knows its length', () => {
  const secret = new Secret(bytes());
  secret.wipe();
  secret.wipe();
  expect(() => secret.withBytes(() => 1)).toThrow(RangeError);
  expect(() => secret.equals(bytes())).toThrow(/got one that was wiped/);
  expect(() => new Secret(bytes()).equals(secret)).toThrow(/got one that was wiped/);
  expect([String(secret), secret.length]).toEqual(['[secret]', 32]);
});
