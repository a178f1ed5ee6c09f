// Keys sealed with age (age-encryption.org/v1, armored) for X25519 recipients. The library takes identities as texts,
// which JavaScript cannot wipe; the bytes that are ours are wiped here.

import {Secret, utf8} from '@etcd-encryption/crypto';
import {type Answer, failed, ok, type Ports} from '@etcd-encryption/rotation';
import {armor, Decrypter, Encrypter, generateX25519Identity, identityToRecipient} from 'age-encryption';
import {maxRecipients, maxSealedLength} from './limits.ts';

export type SealPorts = Pick<Ports, Extract<keyof Ports, `seal.${string}`>>;

export function createSealPorts(): SealPorts {
  return {
    'seal.makeIdentity': makeIdentity,
    'seal.recipientOf': async ({identity}) => {
      const text = identityText(identity);
      if (text === undefined) return notAnIdentity();
      try {
        return ok({recipient: await identityToRecipient(text)});
      } catch {
        return notAnIdentity();
      }
    },
    'seal.seal': ({plaintext, recipients}) => sealFor(plaintext, recipients),
    'seal.open': ({sealed, identity}) => openWith(sealed, identity),
  };
}

const notAnIdentity = () => failed('invalid', 'identity: expected one AGE-SECRET-KEY-1 line');

async function makeIdentity(): Promise<Answer<'seal.makeIdentity'>> {
  const text = await generateX25519Identity();
  return ok({identity: secretOf(utf8(text)), recipient: await identityToRecipient(text)});
}

async function sealFor(plaintext: Secret, recipients: readonly string[]): Promise<Answer<'seal.seal'>> {
  if (recipients.length === 0 || recipients.length > maxRecipients) {
    return failed('invalid', `recipients: expected 1 to ${maxRecipients}, got ${recipients.length}`);
  }
  const encrypter = new Encrypter();
  for (const recipient of recipients) {
    try {
      encrypter.addRecipient(recipient);
    } catch {
      return failed(
        'invalid',
        `recipients: expected age recipients (age1…), got one that is none, of ${recipient.length} characters`,
      );
    }
  }
  const bytes = copyOf(plaintext);
  try {
    return ok({sealed: armor.encode(await encrypter.encrypt(bytes))});
  } catch {
    return failed('invalid', 'recipients: age refused the combination');
  } finally {
    bytes.fill(0);
  }
}

async function openWith(sealed: string, identity: Secret): Promise<Answer<'seal.open'>> {
  const text = identityText(identity);
  if (text === undefined) return notAnIdentity();
  if (sealed.length > maxSealedLength) {
    return failed('invalid', `sealed: expected at most ${maxSealedLength} characters, got ${sealed.length}`);
  }
  const decrypter = new Decrypter();
  try {
    decrypter.addIdentity(text);
  } catch {
    return notAnIdentity();
  }
  try {
    return ok({plaintext: secretOf(await decrypter.decrypt(armor.decode(sealed)))});
  } catch (error) {
    // The library tells the two apart by its words only; a test pins them.
    const foreign = error instanceof Error && error.message.startsWith('no identity matched');
    if (foreign) return failed('denied', 'the sealed text is not for this identity');
    return failed('invalid', 'the sealed text is damaged');
  }
}

/** The identity's line; comments and blank lines of an age identity file are left out. */
function identityText(identity: Secret): string | undefined {
  const text = identity.withBytes((bytes) => new TextDecoder().decode(bytes));
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  return lines.length === 1 && lines[0]?.startsWith('AGE-SECRET-KEY-1') === true ? lines[0] : undefined;
}

const copyOf = (secret: Secret): Uint8Array => secret.withBytes((bytes) => Uint8Array.from(bytes));

/** Takes the bytes over: the caller's are wiped. */
function secretOf(bytes: Uint8Array): Secret {
  const secret = new Secret(bytes);
  bytes.fill(0);
  return secret;
}
