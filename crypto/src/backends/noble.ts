// The backend that is always there: @noble/hashes and @noble/ciphers in plain JavaScript.

import {hkdf} from '@noble/hashes/hkdf.js';
import {sha512} from '@noble/hashes/sha2.js';
import type {Backend} from '../backend.ts';
import {hmacSha512} from '../hash.ts';
import {requireHkdfArguments, requireManyArguments} from './arguments.ts';

/** Hashing in plain JavaScript. It works wherever JavaScript does and is what the others fall back to. */
export const nobleBackend: Backend = {
  name: 'noble',
  hmacSha512,
  hkdfSha512(ikm, salt, info, length) {
    requireHkdfArguments(ikm, salt, info, length);
    return hkdf(sha512, ikm, salt, info, length);
  },
  deriveMany(root, salts, contexts, length) {
    requireManyArguments(root, salts, contexts, length);
    return contexts.map((context, i) => hkdf(sha512, root, salts[i], context, length));
  },
};
