// AES-256-GCM of node:crypto, held to a nonce of 12 bytes and a tag of 16: left alone, Node takes nonces of any length
// and tags cut to 4 bytes, which one guess in 2^32 meets (NIST SP 800-38D, appendix C, on short tags).

import {createCipheriv, createDecipheriv} from 'node:crypto';
import type {Aes256Gcm} from '../backend.ts';
import {requireBytes} from '../bytes.ts';
import {dataKeyBytes} from '../limits.ts';

const nonceBytes = 12;
const tagBytes = 16;
const algorithm = 'aes-256-gcm';
const withTag = {authTagLength: tagBytes} as const;

export const aes256gcm: Aes256Gcm = {
  seal(key, nonce, plaintext, additionalData) {
    requireArguments(key, nonce, additionalData);
    requireBytes(plaintext, 'plaintext');
    const cipher = createCipheriv(algorithm, key, nonce, withTag).setAAD(additionalData);
    const sealed = new Uint8Array(plaintext.length + tagBytes);
    sealed.set(cipher.update(plaintext));
    cipher.final();
    sealed.set(cipher.getAuthTag(), plaintext.length);
    return sealed;
  },
  open(key, nonce, sealed, additionalData) {
    requireArguments(key, nonce, additionalData);
    requireBytes(sealed, 'sealed');
    if (sealed.length < tagBytes) return undefined;
    const textBytes = sealed.length - tagBytes;
    const decipher = createDecipheriv(algorithm, key, nonce, withTag).setAAD(additionalData);
    decipher.setAuthTag(sealed.slice(textBytes));
    const opened = decipher.update(sealed.subarray(0, textBytes));
    try {
      decipher.final();
      return new Uint8Array(opened);
    } catch {
      // Lengths are right by now, so a tag that does not verify is all that is left to throw for.
      return undefined;
    } finally {
      opened.fill(0);
    }
  },
};

function requireArguments(key: Uint8Array, nonce: Uint8Array, additionalData: Uint8Array): void {
  requireLength('key', key, dataKeyBytes);
  requireLength('nonce', nonce, nonceBytes);
  requireBytes(additionalData, 'additionalData');
}

function requireLength(what: string, value: Uint8Array, length: number): void {
  requireBytes(value, what);
  if (value.length !== length) throw new RangeError(`${what}: expected ${length} bytes, got ${value.length}`);
}
