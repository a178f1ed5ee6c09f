import {fromBase64, toBase64} from '@etcd-encryption/crypto';
import fc from 'fast-check';
import {expect, test} from 'vitest';

const key = Uint8Array.from({length: 32}, (_, i) => 0xf8 + i * 5);
const text = Buffer.from(key).toString('base64');

// What Go's standard decoder and Node's Buffer do with a 32-byte key; only what both of ours ask for is accepted.
const accepted: readonly [string, string][] = [
  ['plain', text],
  ['a line feed at the end', `${text}\n`],
  ['a line feed inside', `${text.slice(0, 7)}\n${text.slice(7)}`],
  ['CR LF everywhere', Array.from(text).join('\r\n')],
  ['a line feed between the padding and the end', `\n${text}\n\n`],
];
const refused: readonly [string, string, number][] = [
  ['the URL alphabet', text.replaceAll('+', '-').replaceAll('/', '_'), text.search(/[+/]/)],
  ['no padding', text.replace('=', ''), 43],
  ['a space inside', `${text.slice(0, 7)} ${text.slice(7)}`, 7],
  ['a tab at the end', `${text}\t`, 44],
  ['"!" inside', `${text.slice(0, 7)}!${text.slice(8)}`, 7],
  ['one digit too many', `AAAAA`, 5],
  ['padding bits that are not zero', text.replace(/.=$/, `${nextDigit(text.charAt(42))}=`), 42],
  ['a placeholder of a shell', '$' + '{ENCRYPTION_KEY}', 0],
  ['padding too much', `${text}=`, 44],
  ['padding in the middle', `AA==${text}`, 4],
  ['a letter of another script', `\u0410${text.slice(1)}`, 0],
];

test.each(accepted)('base64 of a key: %s ⇒ accepted', (_, given) => {
  expect(fromBase64(given)).toEqual({outcome: 'ok', bytes: key});
});

test.each(refused)('base64 of a key: %s ⇒ refused with the place', (_, given, at) => {
  expect(fromBase64(given)).toEqual({outcome: 'malformed', at});
});

test('an empty text ⇒ no bytes', () => {
  expect(fromBase64('')).toEqual({outcome: 'ok', bytes: new Uint8Array()});
  expect(toBase64(new Uint8Array())).toBe('');
});

test('any bytes are written and read ⇒ the same as Node writes, the same bytes again', () => {
  fc.assert(
    fc.property(fc.uint8Array({maxLength: 80}), (bytes) => {
      expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
      expect(fromBase64(toBase64(bytes))).toEqual({outcome: 'ok', bytes});
    }),
  );
});

test('any text that is accepted is written again ⇒ the same text without its line breaks', () => {
  const digits = fc.string({unit: fc.constantFrom(...'AQgw/+9z=\r\n -_'), maxLength: 14});
  fc.assert(
    fc.property(digits, (given) => {
      const result = fromBase64(given);
      const canonical = Buffer.from(given, 'base64').toString('base64');
      const stripped = given.replace(/[\r\n]/g, '');
      expect(result.outcome === 'ok').toBe(canonical === stripped);
      if (result.outcome === 'ok') expect(toBase64(result.bytes)).toBe(stripped);
      else expect(result.at).toBeLessThanOrEqual(given.length);
    }),
    {numRuns: 2000},
  );
});

test('something else than a text or bytes ⇒ TypeError', () => {
  expect(() => fromBase64(7 as unknown as string)).toThrow(TypeError);
  expect(() => toBase64([1, 2] as unknown as Uint8Array)).toThrow(TypeError);
});

function nextDigit(digit: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  return alphabet.charAt(alphabet.indexOf(digit) + 1);
}
