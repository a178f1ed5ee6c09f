// Three ways through node:crypto, which is OpenSSL.

import {createHmac, hash, hkdfSync} from 'node:crypto';
import {hkdfFrom, hmacFromHash, type Rival} from './rival.ts';

const family = 'node:crypto';

const hmac: Rival['hmac'] = (key, message) => createHmac('sha512', key).update(message).digest();
const oneShotHmac = hmacFromHash((bytes) => hash('sha512', bytes, 'buffer'));

/** One call of `hkdfSync`. */
export const nodeHkdf: Rival = {
  name: 'hkdfSync',
  family,
  hmac,
  hkdf: (ikm, salt, info, length) => new Uint8Array(hkdfSync('sha512', ikm, salt, info, length)),
};

/** Two `createHmac` for a derivation. */
export const nodeHmac: Rival = {name: 'createHmac', family, hmac, hkdf: hkdfFrom(hmac)};

/** Four `crypto.hash` for a derivation: the quickest way into OpenSSL that Node has for short inputs. */
export const nodeHash: Rival = {name: 'crypto.hash', family, hmac: oneShotHmac, hkdf: hkdfFrom(oneShotHmac)};
