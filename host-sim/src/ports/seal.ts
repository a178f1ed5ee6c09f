// Sealing for recipients, in symbols: only a matching identity opens, a changed text is damaged, and the plaintext
// is in no sealed text as it stands. Not a cipher: whoever reads this file can undo it.

import {decodeUtf8, fromBase64, Secret, toBase64, utf8} from '@etcd-encryption/crypto';
import {sha256Hex} from '@etcd-encryption/crypto/sha256';
import {failed, ok, type Result, type SyncPorts} from '@etcd-encryption/rotation';

type SealOperation = Extract<keyof SyncPorts, `seal.${string}`>;

const identityPrefix = 'AGE-SECRET-KEY-1';
const recipientPrefix = 'age1';
const heading = 'simulated sealing v1';

export function createSealPort(randomBytes: (length: number) => Uint8Array): Pick<SyncPorts, SealOperation> {
  return {
    'seal.makeIdentity': () => {
      const identity = `${identityPrefix}${sha256Hex(randomBytes(32)).slice(0, 58).toUpperCase()}`;
      return ok({identity: new Secret(utf8(identity)), recipient: recipientOf(identity)});
    },
    'seal.recipientOf': ({identity}) => {
      const text = textOf(identity);
      if (!text.startsWith(identityPrefix)) return failed('invalid', 'not an identity');
      return ok({recipient: recipientOf(text)});
    },
    'seal.seal': ({plaintext, recipients}) => {
      if (recipients.length === 0) return failed('invalid', 'at least one recipient is needed');
      const wrong = recipients.some((recipient) => !/^age1[0-9a-f]{58}$/.test(recipient));
      if (wrong) return failed('invalid', 'recipients: expected age recipients, got one that is none');
      return ok({sealed: sealed(plaintext, [...recipients], sha256Hex(randomBytes(16)))});
    },
    'seal.open': ({sealed: text, identity}) => open(text, textOf(identity)),
  };
}

const textOf = (identity: Secret): string => identity.withBytes((bytes) => decodeUtf8(bytes).text).trim();

const recipientOf = (identity: string): string =>
  `${recipientPrefix}${sha256Hex(utf8(`recipient of ${identity}`)).slice(0, 58)}`;

function sealed(plaintext: Secret, recipients: readonly string[], nonce: string): string {
  const body = plaintext.withBytes((bytes) => toBase64(masked(bytes, nonce)));
  const lines = [heading, recipients.join(' '), nonce, body];
  return [...lines, sha256Hex(utf8(lines.join('\n')))].join('\n');
}

function open(text: string, identity: string): Result<{plaintext: Secret}> {
  const lines = text.trim().split('\n');
  const [first, recipients, nonce, body, sum] = lines;
  const damaged =
    lines.length !== 5 ||
    first !== heading ||
    recipients === undefined ||
    nonce === undefined ||
    body === undefined ||
    sum !== sha256Hex(utf8(lines.slice(0, 4).join('\n')));
  if (damaged) return failed('invalid', 'the sealed text is damaged');
  if (!identity.startsWith(identityPrefix)) return failed('invalid', 'not an identity');
  const mine = recipients.split(' ').includes(recipientOf(identity));
  if (!mine) return failed('denied', 'sealed for other recipients');
  const read = fromBase64(body);
  if (read.outcome !== 'ok') return failed('invalid', 'the sealed text is damaged');
  return ok({plaintext: new Secret(masked(read.bytes, nonce))});
}

function masked(bytes: Uint8Array, nonce: string): Uint8Array {
  let stream = '';
  for (let block = 0; stream.length < 2 * bytes.length; block++) stream += sha256Hex(utf8(`${nonce} ${block}`));
  return bytes.map((byte, index) => byte ^ Number.parseInt(stream.slice(2 * index, 2 * index + 2), 16));
}
