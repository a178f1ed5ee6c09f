// The node's age identity: made on the node, never leaves it. The file is an ordinary age identity file.

import {Secret, utf8} from '@etcd-encryption/crypto';
import {identityPath} from '../model/file-paths.ts';
import {ask, type Result, type Step} from '../ports.ts';
import {writeAtomically} from './atomic-write.ts';

/** The identity in an age identity file: the first line that is not a comment. */
export function readIdentity(bytes: Uint8Array): Secret | undefined {
  let start = 0;
  while (start < bytes.length) {
    const end = bytes.indexOf(10, start);
    const line = bytes.subarray(start, end < 0 ? bytes.length : end);
    if (line.length > 0 && line[0] !== 35) return line.length < 32 ? undefined : new Secret(line);
    if (end < 0) return undefined;
    start = end + 1;
  }
  return undefined;
}

/** Makes and stores an identity; one that exists is kept. */
export function* makeIdentity(): Step<Result<undefined>> {
  const made = yield* ask('seal.makeIdentity', {});
  if (!made.ok) return made;
  const {identity, recipient} = made.value;
  const bytes = identity.withBytes((secret) => {
    const head = utf8(`# public key: ${recipient}\n`);
    const whole = new Uint8Array(head.length + secret.length + 1);
    whole.set(head);
    whole.set(secret, head.length);
    whole[whole.length - 1] = 10;
    return whole;
  });
  identity.wipe();
  const check = (written: Uint8Array): string | undefined => {
    const secret = readIdentity(written);
    secret?.wipe();
    return secret === undefined ? 'it is no identity file' : undefined;
  };
  const stored = yield* writeAtomically({path: identityPath, bytes, mode: 0o600, check});
  bytes.fill(0);
  return stored;
}
