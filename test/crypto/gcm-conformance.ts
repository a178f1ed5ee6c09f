// What AES-256-GCM of a backend must do: the known answer, a nonce of 12 bytes, a tag of 16, and nothing less.
import {type Aes256Gcm, DataKey, hex, utf8} from '@etcd-encryption/crypto';
import {sealWithNonce} from '@etcd-encryption/crypto/testing';
import {describe, expect, test} from 'vitest';
import {noise, range} from './reference.ts';

const counting = (length: number) => Uint8Array.from({length}, (_, i) => i);
const known = {
  key: counting(32),
  nonce: counting(12),
  path: utf8('/registry/secrets/default/a'),
  plaintext: utf8('k8s\0hello'),
  sealed: '2c3aa51bad80ae77e27b0021a973d391392ee4642d668570e3',
};

/** Registers the tests of one cipher. */
export function describeGcm(cipher: Aes256Gcm): void {
  const {key, nonce, path, plaintext} = known;
  const sealed = () => Uint8Array.from(Buffer.from(known.sealed, 'hex'));
  const open = (bytes: Uint8Array) => cipher.open(key, nonce, bytes, path);

  describe('aes256gcm', () => {
    test('the known answer ⇒ sealed and opened', () => {
      expect(hex(cipher.seal(key, nonce, plaintext, path))).toBe(known.sealed);
      expect(open(sealed())).toEqual(plaintext);
    });

    test('plaintexts of 0 to 300 bytes and paths of every length ⇒ as a stored value is sealed, and they open', () => {
      for (const length of range(0, 300)) {
        const [text, data] = [noise(length, 1), noise(length % 70, 2)];
        const made = cipher.seal(noise(32, 3), noise(12, 4), text, data);
        const key = new DataKey({revision: 1, key: noise(32, 3)});
        const stored = sealWithNonce({plaintext: text, etcdKey: data, key}, noise(12, 4));
        expect(hex(made)).toBe(hex(stored.subarray(stored.length - length - 16)));
        expect(cipher.open(noise(32, 3), noise(12, 4), made, data)).toEqual(text);
      }
    });

    test('any bit of ciphertext, tag, key, nonce or path flipped ⇒ refused', () => {
      const parts = {sealed: sealed(), key, nonce, path};
      for (const [name, part] of Object.entries(parts)) {
        for (const bit of range(0, part.length * 8 - 1)) {
          const flipped = Uint8Array.from(part, (byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
          const given = {...parts, [name]: flipped};
          expect(
            cipher.open(given.key, given.nonce, given.sealed, given.path),
            `bit ${bit} of ${name}`,
          ).toBeUndefined();
        }
      }
    });

    test('any number of bytes cut off or one added ⇒ refused', () => {
      for (const length of range(0, sealed().length - 1)) expect(open(sealed().subarray(0, length))).toBeUndefined();
      expect(open(Uint8Array.of(...sealed(), 0))).toBeUndefined();
    });

    test('the tag of an empty plaintext, cut to any length ⇒ refused', () => {
      const tag = cipher.seal(key, nonce, new Uint8Array(0), path);
      expect([tag.length, cipher.open(key, nonce, tag, path)]).toEqual([16, new Uint8Array(0)]);
      for (const length of range(0, 15)) expect(open(tag.subarray(0, length)), `${length} bytes`).toBeUndefined();
    });

    test('a key or nonce of another length ⇒ RangeError with the length that came', () => {
      for (const length of [0, 1, 8, 11, 13, 16, 24, 31, 33]) {
        const bytes = noise(length);
        for (const [argument, wrongKey, wrongNonce] of [
          ['key', bytes, nonce],
          ['nonce', key, bytes],
        ] as const) {
          const message = `${argument}: expected ${argument === 'key' ? 32 : 12} bytes, got ${length}`;
          expect(() => cipher.seal(wrongKey, wrongNonce, plaintext, path)).toThrow(new RangeError(message));
          expect(() => cipher.open(wrongKey, wrongNonce, sealed(), path)).toThrow(new RangeError(message));
        }
      }
    });

    test('anything but a Uint8Array ⇒ TypeError', () => {
      const text = 'text' as unknown as Uint8Array;
      const calls = [
        () => cipher.seal(text, nonce, plaintext, path),
        () => cipher.seal(key, text, plaintext, path),
        () => cipher.seal(key, nonce, text, path),
        () => cipher.seal(key, nonce, plaintext, text),
        () => cipher.open(key, nonce, text, path),
        () => cipher.open(key, nonce, sealed(), text),
      ];
      for (const call of calls)
        expect(call).toThrow(/^(key|nonce|plaintext|sealed|additionalData): expected a Uint8Array/);
    });

    test('what comes out ⇒ plain arrays on buffers of their own; what went in ⇒ unchanged', () => {
      const input = sealed();
      for (const result of [cipher.seal(key, nonce, plaintext, path), open(input) ?? input.subarray(1)]) {
        expect(Object.getPrototypeOf(result)).toBe(Uint8Array.prototype);
        expect([result.byteOffset, result.buffer.byteLength]).toEqual([0, result.length]);
      }
      expect([hex(input), hex(key), hex(nonce)]).toEqual([known.sealed, hex(counting(32)), hex(counting(12))]);
    });
  });
}
