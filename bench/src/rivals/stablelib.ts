// @stablelib: HKDF and HMAC in plain JavaScript.

import {HKDF} from '@stablelib/hkdf';
import {hmac} from '@stablelib/hmac';
import {SHA512} from '@stablelib/sha512';
import type {Rival} from './rival.ts';

export const stablelib: Rival = {
  name: 'stablelib',
  family: 'stablelib',
  hmac: (key, message) => hmac(SHA512, key, message),
  hkdf: (ikm, salt, info, length) => new HKDF(SHA512, ikm, salt, info).expand(length),
};
