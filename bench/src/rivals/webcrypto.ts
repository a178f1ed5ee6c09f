// The Web Cryptography API of this process: asynchronous, so it is no backend of ours and has its own functions.

const {subtle} = globalThis.crypto;

/** Bytes without shared memory, as the interface takes them. */
type Plain = Uint8Array<ArrayBuffer>;

const plain = (bytes: Uint8Array): Plain =>
  bytes.buffer instanceof ArrayBuffer ? (bytes as Plain) : new Uint8Array(bytes);

/** The key of many derivations; importing it is part of the work. */
export type WebRoot = Awaited<ReturnType<typeof importRoot>>;

export function importRoot(root: Uint8Array) {
  return subtle.importKey('raw', plain(root), 'HKDF', false, ['deriveBits']);
}

/** HKDF-SHA512 of 32 bytes. */
export async function webHkdf(root: WebRoot, salt: Uint8Array, context: Uint8Array): Promise<Uint8Array> {
  const algorithm = {name: 'HKDF', hash: 'SHA-512', salt: plain(salt), info: plain(context)};
  return new Uint8Array(await subtle.deriveBits(algorithm, root, 256));
}

/** HMAC-SHA512: 64 bytes. */
export async function webHmac(key: Uint8Array, message: Uint8Array): Promise<Uint8Array> {
  const imported = await subtle.importKey('raw', plain(key), {name: 'HMAC', hash: 'SHA-512'}, false, ['sign']);
  return new Uint8Array(await subtle.sign('HMAC', imported, plain(message)));
}
