// libsodium compiled to WebAssembly, in two ways: the wrappers' HMAC, and the compiled library's own HKDF, which the
// wrappers do not export. The second writes into memory that was reserved once and is the quicker one.

import sodium from 'libsodium-wrappers-sumo';
import {hkdfFrom, type Rival} from './rival.ts';

/** What is used of the compiled library; its types are not published. Lengths in bytes, places in its memory. */
interface CompiledSodium {
  readonly HEAPU8: Uint8Array;
  readonly _malloc: (bytes: number) => number;
  readonly _crypto_kdf_hkdf_sha512_extract: (
    prk: number,
    salt: number,
    saltBytes: number,
    ikm: number,
    ikmBytes: number,
  ) => number;
  readonly _crypto_kdf_hkdf_sha512_expand: (
    okm: number,
    okmBytes: number,
    info: number,
    infoBytes: number,
    prk: number,
  ) => number;
}

const family = 'libsodium';

/** Bytes reserved for each argument. */
const roomBytes = 1024;

export async function loadLibsodium(): Promise<readonly [Rival, Rival]> {
  await sodium.ready;
  return [
    {name: 'libsodium wrappers', family, hmac: wrappersHmac, hkdf: hkdfFrom(wrappersHmac)},
    {name: 'libsodium HKDF', family, hmac: wrappersHmac, hkdf: compiledHkdf()},
  ];
}

function wrappersHmac(key: Uint8Array, message: Uint8Array): Uint8Array {
  const state = sodium.crypto_auth_hmacsha512_init(key);
  sodium.crypto_auth_hmacsha512_update(state, message);
  return sodium.crypto_auth_hmacsha512_final(state);
}

function compiledHkdf(): Rival['hkdf'] {
  const {libsodium} = sodium as unknown as {readonly libsodium: CompiledSodium};
  const [prkAt, saltAt, ikmAt, infoAt, okmAt] = [0, 0, 0, 0, 0].map(() => libsodium._malloc(roomBytes));
  if (prkAt === undefined || saltAt === undefined || ikmAt === undefined || infoAt === undefined || okmAt === undefined)
    throw new Error('libsodium: expected five reservations, got fewer');
  return (ikm, salt, info, length) => {
    const memory = libsodium.HEAPU8;
    memory.set(ikm, ikmAt);
    memory.set(salt, saltAt);
    memory.set(info, infoAt);
    libsodium._crypto_kdf_hkdf_sha512_extract(prkAt, saltAt, salt.length, ikmAt, ikm.length);
    libsodium._crypto_kdf_hkdf_sha512_expand(okmAt, length, infoAt, info.length, prkAt);
    return libsodium.HEAPU8.slice(okmAt, okmAt + length);
  };
}
