// Looks for any four bytes of a secret in a text, in every form in which they could stand there.
import {hex, toBase64} from '@etcd-encryption/crypto';
import {expect} from 'vitest';

/**
 * Fails if four bytes of a secret stand in the text as hex digits (`4142`, `41 42`, `0x41,0x42`), decimal numbers
 * (`65, 66`, `{"0":65,"1":66}`), base64 of either alphabet or characters, or four characters of an id.
 */
export function expectNoTrace(text: string, secrets: readonly Uint8Array[], ids: readonly string[] = []): void {
  const plainBase64 = text.replaceAll('-', '+').replaceAll('_', '/');
  for (const secret of secrets) {
    // Bytes stand in base64 in three ways, by the place of the first among its threes; six digits are 4.5 bytes.
    for (const place of [0, 1, 2])
      for (const trace of windows(toBase64(secret.subarray(place)), 6)) expect(plainBase64).not.toContain(trace);
    for (let at = 0; at + 4 <= secret.length; at++) {
      const bytes = secret.subarray(at, at + 4);
      expect(text).not.toContain(String.fromCharCode(...bytes));
      expect(text).not.toMatch(new RegExp((hex(bytes).match(/../g) ?? []).join('(?:[\\s,:]|0x)*'), 'i'));
      expect(text).not.toMatch(new RegExp(`\\b${bytes.join('[\\s,]+(?:"?\\d+"?:\\s*)?')}\\b`));
    }
  }
  for (const id of ids) for (const trace of windows(id, 4)) expect(text).not.toContain(trace);
}

const windows = (whole: string, length: number): string[] =>
  Array.from({length: Math.max(0, whole.length - length + 1)}, (_, i) => whole.slice(i, i + length));
