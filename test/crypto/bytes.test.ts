import {createHash, createHmac} from 'node:crypto';
import {concat, constantTimeEqual, decodeUtf8, hex, hmacSha512, startsWith, utf8} from '@etcd-encryption/crypto';
import {sha256Hex} from '@etcd-encryption/crypto/sha256';
import fc from 'fast-check';
import {expect, test} from 'vitest';
import {allEqual} from '../../crypto/src/bytes.ts';

test('any text ⇒ the UTF-8 that TextEncoder makes, and back', () => {
  fc.assert(
    fc.property(fc.string({unit: 'binary'}), (text) => {
      expect(utf8(text)).toEqual(new TextEncoder().encode(text));
      expect(decodeUtf8(utf8(text))).toEqual({text, invalidAt: undefined});
    }),
  );
});

test('half a character ⇒ U+FFFD', () => {
  expect(utf8('a\ud800b')).toEqual(new TextEncoder().encode('a\ufffdb'));
});

test('any bytes ⇒ decoded if they are UTF-8, the first wrong byte is told otherwise', () => {
  fc.assert(
    fc.property(fc.uint8Array({max: 255, maxLength: 12}), (bytes) => {
      const {text, invalidAt} = decodeUtf8(bytes);
      const decode = () => new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(bytes);
      if (invalidAt === undefined) expect(text).toBe(decode());
      else {
        expect(decode).toThrow();
        expect(decodeUtf8(bytes.subarray(0, invalidAt)).invalidAt).toBeUndefined();
      }
    }),
    {numRuns: 3000},
  );
});

test('a broken character ⇒ one U+FFFD for each of its bytes, as in Go', () => {
  expect(decodeUtf8(Uint8Array.of(0x61, 0xe2, 0x82, 0x62))).toEqual({text: 'a\ufffd\ufffdb', invalidAt: 1});
});

test('any key and message ⇒ the HMAC and SHA-256 of Node', () => {
  fc.assert(
    fc.property(fc.uint8Array({maxLength: 200}), fc.uint8Array({maxLength: 300}), (key, message) => {
      expect(hex(hmacSha512(key, message))).toBe(createHmac('sha512', key).update(message).digest('hex'));
      expect(sha256Hex(message)).toBe(createHash('sha256').update(message).digest('hex'));
    }),
  );
});

test('arrays are joined, compared and searched ⇒ views count with their own bytes only', () => {
  const view = Uint8Array.of(0, 1, 2, 3).subarray(1, 3);
  expect(concat(view, new Uint8Array(), view)).toEqual(Uint8Array.of(1, 2, 1, 2));
  expect(constantTimeEqual(view, Uint8Array.of(1, 2))).toBe(true);
  expect(constantTimeEqual(view, Uint8Array.of(1, 2, 3))).toBe(false);
  expect(constantTimeEqual(view, Uint8Array.of(1, 3))).toBe(false);
  expect([startsWith(view, Uint8Array.of(1)), startsWith(view, Uint8Array.of(2))]).toEqual([true, false]);
});

test('something else than bytes ⇒ a TypeError that names the argument and the type', () => {
  expect(() => hex('ab' as never)).toThrow('bytes: expected a Uint8Array, got a string');
  expect(() => concat(null as never)).toThrow('part: expected a Uint8Array, got null');
  expect(() => constantTimeEqual([1] as never, new Uint8Array())).toThrow('a: expected a Uint8Array, got an array');
});

test('equal bytes, one of them or none ⇒ all equal; one bit of any other than the rest ⇒ not', () => {
  for (const byte of [0, 1, 0x80, 0xff]) {
    const bytes = new Uint8Array(32).fill(byte);
    expect([bytes, bytes.subarray(31), bytes.subarray(32)].map(allEqual)).toEqual([true, true, true]);
    for (let bit = 0; bit < 256; bit++) {
      const changed = bytes.map((one, i) => (i === bit >> 3 ? one ^ (1 << (bit & 7)) : one));
      expect(allEqual(changed)).toBe(false);
    }
  }
});
