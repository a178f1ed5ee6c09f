// The search for traces finds what it looks for: a search that finds nothing anywhere proves nothing.
import {inspect} from 'node:util';
import {expect, test} from 'vitest';
import {expectNoTrace} from './no-trace.ts';

const secret = Uint8Array.of(0x41, 0x42, 0x43, 0x44, 0xfb, 0xff, 0xfe, 0x3e, 0x09);
const four = Buffer.from(secret.subarray(2, 6));
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

test.each([
  ['hex', four.toString('hex')],
  ['upper-case hex', four.toString('hex').toUpperCase()],
  ['a Buffer as inspect shows it', inspect(four)],
  ['hex with prefixes', '0x43, 0x44, 0xfb, 0xff'],
  ['an array as inspect shows it', inspect(new Uint8Array(four))],
  ['a list of numbers', String([...four])],
  ['an array as JSON', JSON.stringify(new Uint8Array(four))],
  ['characters', four.toString('latin1')],
  ['base64 from the first byte', base64(secret.subarray(0, 6))],
  ['base64 from the second byte', base64(secret.subarray(1, 7))],
  ['base64 from the third byte', base64(secret.subarray(2, 8))],
  ['base64url', Buffer.from(secret.subarray(3, 9)).toString('base64url')],
])('four bytes of a secret as %s ⇒ found', (_, text) => {
  expect(() => expectNoTrace(`before ${text} after`, [secret])).toThrow();
});

test('four characters of an id ⇒ found', () => {
  expect(() => expectNoTrace('before roup after', [], ['group'])).toThrow();
});

test('three bytes of a secret, or none ⇒ not found', () => {
  expectNoTrace(`r1-${Buffer.from(secret.subarray(2, 5)).toString('hex')} 1, 2, 3 [secret]`, [secret], ['group']);
});
