// The root Secret as an agent reads it: what is said of it, what is held, and what stays when it goes.

import {fingerprint, hex, toBase64, utf8} from '@etcd-encryption/crypto';
import {failed, keyResource, ok, type SyncPorts} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {
  AgentNode,
  bundleOf,
  bytesOf,
  chain,
  derivation,
  derivedKey,
  group,
  idsOf,
  keysOf,
  otherRoot,
  ringWith,
  root,
  settings,
} from './agent-node.ts';

const two = chain(2);
const place = 'Secret kube-system/etcd-derivation-root';

describe('the root Secret', () => {
  test('32 random bytes ⇒ ready, with the tags of root, group and dimension', () => {
    const agent = new AgentNode();
    agent.run();
    const {rootCheck, groupTag, dimensionTag} = fingerprint(settings, []);
    expect(agent.derivation.root).toEqual({state: 'ready', rootCheck, groupTag, dimensionTag});
    expect(agent.derivation.bundle).toEqual({state: 'absent'});
    expect(agent.derivation.derived).toEqual([]);
  });

  test('a ring of the random strategy ⇒ neither Secret nor bundle is read, and nothing is said of them', () => {
    const agent = new AgentNode({ring: ringWith({settings: {writeMode: 'rename'}}), bundle: bytesOf(bundleOf(two))});
    agent.run(2);
    expect(agent.report).not.toHaveProperty('derivation');
    const read = agent.requests.filter(({op}) => op === 'store.get').map(({args}) => JSON.stringify(args));
    expect(read.filter((text) => /"(Secret|SeedBundle)"/.test(text))).toEqual([]);
  });

  test.each([
    ['no Secret', null, 'missing', `${place}: there is none`],
    ['a field of another name', {root_key: 'AAAA'}, 'missing', `${place}: expected a field root-key, got root_key`],
    ['no field', {}, 'missing', `${place}: expected a field root-key, got none`],
    [
      'the key itself as the name of a field',
      {[hex(root)]: '', key: ''},
      'missing',
      `${place}: expected a field root-key, got key, 1 more`,
    ],
    ['a value that is no base64', {'root-key': '*'}, 'refused', `${place}, root-key: expected base64`],
    ['no bytes', {'root-key': ''}, 'refused', 'got 0'],
    ['31 bytes', {'root-key': toBase64(root.subarray(1))}, 'refused', 'got 31'],
    [
      'a line feed behind',
      {'root-key': toBase64(Uint8Array.of(...root, 10))},
      'refused',
      `${place}, root-key: expected 32 raw random bytes, got 33 (a trailing newline?)`,
    ],
    ['base64 text', {'root-key': toBase64(utf8(toBase64(root)))}, 'refused', 'got 44 (base64 text of a key'],
    ['hex text', {'root-key': toBase64(utf8(hex(root)))}, 'refused', 'got 64 (hex text of a key'],
    ['equal bytes', {'root-key': toBase64(new Uint8Array(32).fill(7))}, 'refused', 'got 32 equal ones'],
    ['32 characters', {'root-key': toBase64(utf8('correct horse battery staple 123'))}, 'refused', 'which is text'],
  ] as const)('%s ⇒ named, and no key comes from it', (_, secret, state, why) => {
    const agent = new AgentNode({secret, bundle: bytesOf(bundleOf(two))});
    agent.run(2);
    expect(agent.derivation.root).toMatchObject({state, why: expect.stringContaining(why)});
    expect(agent.derivation.bundle).toEqual({state: 'unknown', why: expect.stringContaining(why)});
    expect(agent.derivation.derived).toEqual([]);
    expect(agent.report.held).toEqual([]);
    expect(JSON.stringify(agent.report)).not.toContain(hex(root));
  });

  test('a group id that is none ⇒ refused by its name, without repeating it', () => {
    const wrong = {...derivation, replicationGroupId: 'secret group\n'};
    const agent = new AgentNode({ring: ringWith({settings: {writeMode: 'rename', derivation: wrong}})});
    agent.run();
    expect(agent.derivation.root).toMatchObject({state: 'refused', why: expect.stringContaining('replicationGroupId')});
    expect(JSON.stringify(agent.report)).not.toContain('secret group');
  });
});

const unreadable = (agent: AgentNode, kind: string): Partial<SyncPorts> => ({
  'store.get': (args) =>
    args.resource.kind === kind ? failed('unavailable', '503') : ok(agent.store.get(args.resource, args.name)),
});

describe('a root key that was held', () => {
  test('its Secret cannot be read ⇒ unknown, and the next bundle is still opened with it', () => {
    const agent = new AgentNode({bundle: bytesOf(bundleOf(two))});
    agent.run(2);
    agent.ports = unreadable(agent, 'Secret');
    agent.putBundle(bytesOf(bundleOf(chain(3))));
    agent.run(2);
    expect(agent.derivation.root).toEqual({state: 'unknown', why: `${place}: unavailable: 503`});
    expect(agent.derivation.accepted?.generation).toBe(3);
    expect(agent.report.held).toEqual([...idsOf(chain(4))].sort());
  });

  test('its Secret is deleted ⇒ missing; keys stay held and told, the next bundle stays closed', () => {
    const agent = new AgentNode({bundle: bytesOf(bundleOf(two))});
    agent.run(2);
    const {accepted, next, derived} = agent.derivation;
    agent.remove('secrets', 'etcd-derivation-root');
    agent.run();
    expect(agent.derivation).toMatchObject({root: {state: 'missing'}, accepted, next, derived});
    expect(agent.memory.derivation?.root).toBeUndefined();
    agent.putBundle(bytesOf(bundleOf(chain(3))));
    agent.run();
    expect(agent.derivation.bundle).toEqual({state: 'unknown', why: `${place}: there is none`});
    expect(agent.report.held).toEqual([...idsOf(chain(3))].sort());
    agent.putSecret({'root-key': toBase64(root)});
    agent.run(2);
    expect(agent.derivation.accepted?.generation).toBe(3);
  });

  test('another root key takes its place ⇒ its own tags, and the bundle does not open under it', () => {
    const agent = new AgentNode({bundle: bytesOf(bundleOf(two))});
    agent.run(2);
    agent.putSecret({'root-key': toBase64(otherRoot)});
    agent.run(2);
    const {rootCheck} = fingerprint({rootKey: otherRoot, replicationGroupId: group}, []);
    expect(agent.derivation.root).toMatchObject({state: 'ready', rootCheck});
    expect(agent.derivation.bundle).toMatchObject({state: 'refused', outcome: 'root-key-mismatch'});
    expect(agent.derivation).not.toHaveProperty('accepted');
    expect(agent.derivation).not.toHaveProperty('next');
    expect(agent.report.held).toEqual([...idsOf(chain(3))].sort());
    expect(agent.state.bundle).toBe(bytesOf(bundleOf(two)));
  });

  test('another root key takes its place ⇒ every key that it cannot derive is sealed, once', () => {
    const {rootCheck = ''} = fingerprint(settings, []);
    const following = {bundleId: 'a'.repeat(32), generation: 2, hash: '', entries: [], sinceMs: 0, rootCheck};
    const agent = new AgentNode({
      bundle: bytesOf(bundleOf(two)),
      ring: ringWith({following, keys: keysOf(two).map(derivedKey).reverse()}),
    });
    const sealed = (): readonly string[] =>
      [...agent.store.objects.keys()].filter((name) => name.startsWith(keyResource.plural)).sort();
    agent.run(3);
    expect(sealed()).toEqual([]);
    agent.putSecret({'root-key': toBase64(otherRoot)});
    agent.run(3);
    expect(sealed()).toEqual([`${keyResource.plural}/r1`, `${keyResource.plural}/r2`]);
    const before = agent.requests.filter(({op}) => op === 'store.create').length;
    agent.run(2);
    expect(agent.requests.filter(({op}) => op === 'store.create')).toHaveLength(before);
  });

  test('the ring names another Secret ⇒ read from there, and the first key is wiped', () => {
    const agent = new AgentNode({bundle: bytesOf(bundleOf(two))});
    agent.run(2);
    const first = agent.memory.derivation?.root?.secret;
    const rootSecret = {namespace: 'kube-system', name: 'second'};
    agent.putRing(ringWith({version: 71, settings: {writeMode: 'rename', derivation: {...derivation, rootSecret}}}));
    agent.run();
    expect(agent.derivation.root).toEqual({state: 'missing', why: 'Secret kube-system/second: there is none'});
    expect(() => first?.withBytes(() => true)).toThrow(/wiped/);
    expect(agent.derivation.derived).toEqual([...idsOf(chain(3))].sort());
  });

  test('the strategy becomes random ⇒ the root key is wiped, keys stay', () => {
    const agent = new AgentNode({bundle: bytesOf(bundleOf(two))});
    agent.run(2);
    const first = agent.memory.derivation?.root?.secret;
    agent.putRing(ringWith({version: 71, settings: {writeMode: 'rename'}}));
    agent.run();
    expect(() => first?.withBytes(() => true)).toThrow(/wiped/);
    expect(agent.report).not.toHaveProperty('derivation');
    expect(agent.report.held).toEqual([...idsOf(chain(3))].sort());
  });

  test('a ring of another cluster asks for another Secret ⇒ what the own ring said stays', () => {
    const agent = new AgentNode({bundle: bytesOf(bundleOf(two))});
    agent.run(2);
    agent.putRing(ringWith({clusterId: 'c2', settings: {writeMode: 'rename'}}));
    agent.run();
    expect(agent.derivation.root.state).toBe('ready');
    expect(agent.derivation.accepted?.entries.map(({key}) => key)).toEqual(keysOf(two).map(({id}) => id));
  });
});
