// The kernel's binary from its base64, by the engine's own decoder where there is one: in a process that has just
// begun, ours takes longer than compiling what it decodes. No check of the text: it is our own, and the engine
// validates what it compiles.

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** `Uint8Array.fromBase64` (ECMAScript 2026) and Node's `Buffer`, as far as they are there. */
interface Decoders {
  readonly Uint8Array: {readonly fromBase64?: (text: string) => Uint8Array};
  readonly Buffer?: {readonly from?: (text: string, encoding: 'base64') => Uint8Array};
}

/** Bytes of standard base64 with padding. */
export function decodeBinary(text: string): Uint8Array {
  const host = globalThis as unknown as Decoders;
  return host.Uint8Array.fromBase64?.(text) ?? host.Buffer?.from?.(text, 'base64') ?? decodeBase64(text);
}

/** The same without help. */
export function decodeBase64(text: string): Uint8Array {
  const digits = new Uint8Array(128);
  for (let i = 0; i < alphabet.length; i++) digits[alphabet.charCodeAt(i)] = i;
  const bytes = new Uint8Array(Math.floor((text.indexOf('=') === -1 ? text.length : text.indexOf('=')) * 0.75));
  let held = 0;
  for (let i = 0, to = 0; to < bytes.length; i++) {
    held = (held << 6) | (digits[text.charCodeAt(i)] ?? 0);
    if (i % 4 !== 0) bytes[to++] = held >> (6 - 2 * (i % 4));
  }
  return bytes;
}
