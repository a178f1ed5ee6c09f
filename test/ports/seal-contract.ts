// What every implementation of the seal ports must do. Identities and plaintexts are secrets; sealed texts and
// recipients are public.

import {Secret} from '@etcd-encryption/crypto';
import type {Ports} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {expectError, expectValue} from './answers.ts';

export type SealPorts = Pick<Ports, Extract<keyof Ports, `seal.${string}`>>;

type Case = (ports: SealPorts) => Promise<void>;

const secret = (length = 32): Secret => new Secret(Uint8Array.from({length}, (_, index) => index + 1));
const make = async (ports: SealPorts) => expectValue(await ports['seal.makeIdentity']({}));

const cases: Readonly<Record<string, Case>> = {
  'two identities are made ⇒ they differ': async (ports) => {
    const [one, other] = [await make(ports), await make(ports)];
    expect(one.recipient).not.toBe(other.recipient);
    expect(one.identity.equals(other.identity)).toBe(false);
  },
  'an identity is printed ⇒ [secret]': async (ports) => {
    const {identity, recipient} = await make(ports);
    expect(JSON.stringify({identity})).toBe('{"identity":"[secret]"}');
    expect(recipient).toMatch(/^age1/);
  },
  'the recipient of an identity is asked for ⇒ the one it was made with': async (ports) => {
    const {identity, recipient} = await make(ports);
    expect(expectValue(await ports['seal.recipientOf']({identity}))).toEqual({recipient});
  },
  'an identity with a line end, as from a file ⇒ the same recipient': async (ports) => {
    const {identity, recipient} = await make(ports);
    const withLineEnd = identity.withBytes((bytes) => new Secret(Uint8Array.of(...bytes, 0x0a)));
    expect(expectValue(await ports['seal.recipientOf']({identity: withLineEnd}))).toEqual({recipient});
  },
  'the recipient of no identity is asked for ⇒ invalid': async (ports) => {
    expectError(await ports['seal.recipientOf']({identity: secret()}), 'invalid');
  },
  'sealed for one, opened by it ⇒ the same bytes': async (ports) => {
    const {identity, recipient} = await make(ports);
    const {sealed} = expectValue(await ports['seal.seal']({plaintext: secret(), recipients: [recipient]}));
    expect(expectValue(await ports['seal.open']({sealed, identity})).plaintext.equals(secret())).toBe(true);
  },
  'sealed for three, opened by each ⇒ the same bytes': async (ports) => {
    const all = [await make(ports), await make(ports), await make(ports)];
    const recipients = all.map(({recipient}) => recipient);
    const {sealed} = expectValue(await ports['seal.seal']({plaintext: secret(), recipients}));
    for (const {identity} of all) {
      expect(expectValue(await ports['seal.open']({sealed, identity})).plaintext.equals(secret())).toBe(true);
    }
  },
  'sealed for one, opened by another ⇒ denied': async (ports) => {
    const [one, other] = [await make(ports), await make(ports)];
    const {sealed} = expectValue(await ports['seal.seal']({plaintext: secret(), recipients: [one.recipient]}));
    expectError(await ports['seal.open']({sealed, identity: other.identity}), 'denied');
  },
  'sealed twice ⇒ different texts': async (ports) => {
    const {recipient} = await make(ports);
    const one = expectValue(await ports['seal.seal']({plaintext: secret(), recipients: [recipient]}));
    const other = expectValue(await ports['seal.seal']({plaintext: secret(), recipients: [recipient]}));
    expect(one.sealed).not.toBe(other.sealed);
  },
  'sealed ⇒ a text that does not show the plaintext': async (ports) => {
    const {recipient} = await make(ports);
    const {sealed} = expectValue(await ports['seal.seal']({plaintext: secret(), recipients: [recipient]}));
    const shown = secret().withBytes((bytes) => Buffer.from(bytes).toString('base64'));
    expect(sealed).not.toContain(shown);
  },
  'sealing ⇒ the plaintext stays the caller’s, unchanged': async (ports) => {
    const {recipient} = await make(ports);
    const plaintext = secret();
    expectValue(await ports['seal.seal']({plaintext, recipients: [recipient]}));
    expect(plaintext.equals(secret())).toBe(true);
  },
  'an empty plaintext ⇒ opened as empty': async (ports) => {
    const {identity, recipient} = await make(ports);
    const {sealed} = expectValue(await ports['seal.seal']({plaintext: secret(0), recipients: [recipient]}));
    expect(expectValue(await ports['seal.open']({sealed, identity})).plaintext.length).toBe(0);
  },
  'no recipient ⇒ invalid': async (ports) => {
    expectError(await ports['seal.seal']({plaintext: secret(), recipients: []}), 'invalid');
  },
  'a recipient that is none ⇒ invalid, and what was given is not shown, since it may be an identity': async (ports) => {
    const {recipient} = await make(ports);
    const error = expectError(
      await ports['seal.seal']({plaintext: secret(), recipients: [recipient, 'AGE-SECRET-KEY-1NOBODY']}),
      'invalid',
    );
    expect(error.message).toContain('recipient');
    expect(error.message).not.toContain('NOBODY');
  },
  'a sealed text that is cut ⇒ invalid': async (ports) => {
    const {identity, recipient} = await make(ports);
    const {sealed} = expectValue(await ports['seal.seal']({plaintext: secret(), recipients: [recipient]}));
    for (const length of [0, 10, sealed.length >> 1, sealed.length - 40]) {
      expectError(await ports['seal.open']({sealed: sealed.slice(0, length), identity}), 'invalid');
    }
  },
  'something else than a sealed text ⇒ invalid': async (ports) => {
    const {identity} = await make(ports);
    expectError(await ports['seal.open']({sealed: 'nothing sealed', identity}), 'invalid');
  },
  'opened with something else than an identity ⇒ invalid': async (ports) => {
    const {recipient} = await make(ports);
    const {sealed} = expectValue(await ports['seal.seal']({plaintext: secret(), recipients: [recipient]}));
    expectError(await ports['seal.open']({sealed, identity: secret()}), 'invalid');
  },
};

/** How many cases every implementation runs. */
export const sealContractCases: number = Object.keys(cases).length;

export function sealContract(name: string, make: () => SealPorts): void {
  describe(`seal contract: ${name}`, () => {
    test.for(Object.entries(cases))('%s', ([, run]) => run(make()));
  });
}
