// hash-wasm: its HMAC is made anew, asynchronously, for every key, so HMAC is built from its hash, which is quicker.

import {createSHA512} from 'hash-wasm';
import {hkdfFrom, hmacFromHash, type Rival} from './rival.ts';

export async function loadHashWasm(): Promise<Rival> {
  const sha512 = await createSHA512();
  const hmac = hmacFromHash((bytes) => sha512.init().update(bytes).digest('binary'));
  return {name: 'hash-wasm', family: 'hash-wasm', hmac, hkdf: hkdfFrom(hmac)};
}
