// Looks for any four bytes of a secret in a text, in every form in which they could stand there.
import {hex, toBase64} from '@etcd-encryption/crypto';
import {expect} from 'vitest';

/** Fails if four bytes of a secret stand in the text as hex, numbers or base64, or four characters of an id. */
export function expectNoTrace(text: string, secrets: readonly Uint8Array[], ids: readonly string[] = []): void {
  for (const secret of secrets) {
    const windows = (whole: string, length: number, step: number): string[] => {
      const count = Math.floor((whole.length - length) / step) + 1;
      return Array.from({length: count}, (_, i) => whole.slice(i * step, i * step + length));
    };
    // Six digits of base64 are four and a half bytes, wherever they begin.
    for (const trace of windows(toBase64(secret), 6, 1)) expect(text).not.toContain(trace);
    for (const trace of windows(hex(secret), 8, 2)) expect(text.toLowerCase()).not.toContain(trace);
    for (let at = 0; at + 4 <= secret.length; at++)
      expect(text).not.toMatch(new RegExp(`\\b${secret.subarray(at, at + 4).join('\\s*,\\s*')}\\b`));
  }
  for (const id of ids) for (let at = 0; at + 4 <= id.length; at++) expect(text).not.toContain(id.slice(at, at + 4));
}
