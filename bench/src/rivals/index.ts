// Every synchronous rival, loaded once.

import {loadHashWasm} from './hash-wasm.ts';
import {loadLibsodium} from './libsodium.ts';
import {noble} from './noble.ts';
import {nodeHash, nodeHkdf, nodeHmac} from './node-crypto.ts';
import type {Rival} from './rival.ts';
import {stablelib} from './stablelib.ts';

export async function loadRivals(): Promise<readonly Rival[]> {
  return [nodeHkdf, nodeHmac, nodeHash, noble, stablelib, await loadHashWasm(), ...(await loadLibsodium())];
}
