import {inspect} from 'node:util';
import {Secret} from '@etcd-encryption/crypto';
import {expect, test} from 'vitest';

const bytes = (): Uint8Array => Uint8Array.from({length: 32}, (_, i) => 0x41 + i);
// What any leak of the bytes above would contain, as text, as numbers, as hex or as base64.
const traces = ['ABCD', '65', '41424344', 'QUJD'];

const secretPrinters: readonly [string, (secret: Secret) => string][] = [
  ['String', (secret) => String(secret)],
  ['a template', (secret) => `${secret}`],
  ['a sum', (secret) => `${secret as unknown as string}`],
  ['JSON', (secret) => JSON.stringify({secret})],
  ['inspect', (secret) => inspect(secret)],
  ['inspect with everything', (secret) => inspect({secret}, {showHidden: true, depth: 9, getters: true})],
  ['Object.prototype.toString', (secret) => Object.prototype.toString.call(secret)],
  ['its own keys', (secret) => JSON.stringify([Reflect.ownKeys(secret), Object.entries(secret)])],
  ['structuredClone', (secret) => inspect(structuredClone({secret}), {showHidden: true})],
  ['an error that carries it', (secret) => inspect(new Error('failed', {cause: secret}))],
];

test.each(secretPrinters)('a secret is printed by %s ⇒ none of its bytes appear', (_, print) => {
  const printed = print(new Secret(bytes()));
  for (const trace of traces) expect(printed).not.toContain(trace);
});

test('a secret is printed as text, JSON or by inspect ⇒ [secret]', () => {
  const secret = new Secret(bytes());
  expect([String(secret), JSON.stringify(secret), inspect(secret)]).toEqual(['[secret]', '"[secret]"', '[secret]']);
});

test('misuse of a secret ⇒ neither message nor stack hold its bytes', () => {
  const secret = new Secret(bytes());
  const misuses = [
    () => secret.withBytes(async (copy) => copy.length),
    () => secret.withBytes((copy) => copy),
    () => secret.equals('ABCD' as unknown as Uint8Array),
    () => new Secret('ABCD' as unknown as Uint8Array),
  ];
  for (const misuse of misuses) {
    const error = caught(misuse);
    expect(error).toBeInstanceOf(TypeError);
    for (const trace of ['ABCD', 'QUJD', '41424344']) expect(`${error.message}${error.stack}`).not.toContain(trace);
  }
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

function caught(misuse: () => unknown): Error {
  try {
    misuse();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('expected an error, got none');
}
