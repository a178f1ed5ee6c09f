// A cipher that takes what it must refuse is refused by name, and no key is derived with its backend either.
import {type Aes256Gcm, proveBackend} from '@etcd-encryption/crypto';
import {expect, test} from 'vitest';
import {bitsOf, expectRefused, flip, right, rightBackend} from './wrong-backends.ts';

const {seal, open} = right.aes256gcm;
const noTag = (sealed: Uint8Array) => sealed.subarray(0, Math.max(0, sealed.length - 16));
/** Opens whatever the tag says: seals zeros for the key stream. */
const openAnything: Aes256Gcm['open'] = (key, nonce, sealed, data) => {
  const text = noTag(sealed);
  const stream = seal(key, nonce, new Uint8Array(text.length), data);
  return text.map((byte, i) => byte ^ (stream[i] ?? 0));
};
/** Compares the tag with what `wanted` leaves of it. */
const comparing =
  (wanted: (tag: Uint8Array, given: Uint8Array) => Uint8Array): Aes256Gcm['open'] =>
  (key, nonce, sealed, data) => {
    const text = openAnything(key, nonce, sealed, data) ?? sealed;
    const tag = seal(key, nonce, text, data).subarray(text.length);
    const given = sealed.subarray(text.length);
    return Buffer.compare(wanted(tag, given), wanted(given, given)) === 0 ? text : undefined;
  };

test('a cipher that ignores the tag, or the path ⇒ refused', () => {
  expectRefused({aes256gcm: {seal, open: openAnything}}, 'aes256gcm.open');
  const ignoring: Aes256Gcm = {
    seal: (key, nonce, text) => seal(key, nonce, text, new Uint8Array(0)),
    open: (key, nonce, sealed) => open(key, nonce, sealed, new Uint8Array(0)),
  };
  expectRefused({aes256gcm: ignoring}, 'aes256gcm.seal');
  const ignoringWhenOpened: Aes256Gcm['open'] = (key, nonce, sealed, data) =>
    open(key, nonce, sealed, data) ?? openAnything(key, nonce, sealed, data);
  expectRefused({aes256gcm: {seal, open: ignoringWhenOpened}}, 'aes256gcm.open');
});

test('a cipher that compares a part of the tag only ⇒ refused', () => {
  const parts: readonly ((tag: Uint8Array) => Uint8Array)[] = [
    (tag) => tag.subarray(0, 4),
    (tag) => tag.subarray(0, 15),
    (tag) => tag.subarray(1),
  ];
  for (const part of parts) {
    expectRefused({aes256gcm: {seal, open: comparing(part)}}, 'aes256gcm.open');
    const ofWholeTags = comparing((tag, given) => (given.length === 16 ? part(tag) : tag));
    expectRefused({aes256gcm: {seal, open: ofWholeTags}}, 'aes256gcm.open');
  }
});

test('a cipher that opens under any path that was ever sealed under ⇒ refused', () => {
  const paths: Uint8Array[] = [];
  const remembering: Aes256Gcm = {
    seal(key, nonce, text, data) {
      paths.push(data);
      return seal(key, nonce, text, data);
    },
    open: (key, nonce, sealed) => paths.map((data) => open(key, nonce, sealed, data)).find((one) => one !== undefined),
  };
  expectRefused({aes256gcm: remembering}, 'aes256gcm.open');
});

test.each([4, 8, 12, 13, 14, 15])('a cipher that takes a tag of %d bytes ⇒ refused', (length) => {
  const short = comparing((tag, given) => (given.length === length ? tag.subarray(0, length) : tag));
  expectRefused({aes256gcm: {seal, open: short}}, 'aes256gcm.open');
});

test('a cipher with one bit wrong in what it seals or opens, or that opens nothing ⇒ refused', () => {
  for (const bit of bitsOf(53))
    expectRefused({aes256gcm: {seal: (...given) => flip(seal(...given), bit), open}}, 'aes256gcm.seal');
  const flipped: Aes256Gcm['open'] = (...given) => {
    const opened = open(...given);
    return opened === undefined ? undefined : flip(opened, 3);
  };
  expectRefused({aes256gcm: {seal, open: flipped}}, 'aes256gcm.open');
  expectRefused({aes256gcm: {seal, open: () => undefined}}, 'aes256gcm.open');
  expectRefused({aes256gcm: {seal: (_, __, text) => text, open}}, 'aes256gcm.seal');
});

test('a cipher whose comparison is whole ⇒ passes: the fixtures above fail for what they leave out', () => {
  const whole = {...rightBackend(), aes256gcm: {seal, open: comparing((tag) => tag)}};
  expect(proveBackend(whole)).toBe(whole);
});
