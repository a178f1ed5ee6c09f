// @noble/hashes by itself, as its own documentation uses it.

import {hkdf} from '@noble/hashes/hkdf.js';
import {hmac} from '@noble/hashes/hmac.js';
import {sha512} from '@noble/hashes/sha2.js';
import type {Rival} from './rival.ts';

export const noble: Rival = {
  name: 'noble',
  family: 'noble',
  hmac: (key, message) => hmac(sha512, key, message),
  hkdf: (ikm, salt, info, length) => hkdf(sha512, ikm, salt, info, length),
};
