// Derived keys on their way into a node's file: history and state file first, no sealed object, no secret anywhere else.

import {fromBase64, hex, toBase64} from '@etcd-encryption/crypto';
import {sha256Hex} from '@etcd-encryption/crypto/sha256';
import {
  configurationPath,
  guardFile,
  historyPath,
  keyResource,
  type PortRequest,
  parseHistory,
  type Ring,
  type RingKey,
  refOf,
  type StoredObject,
  writeKeyObject,
} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {seal} from '../fake-store.ts';
import {blockOf, cluster, layoutOf, now, restingRing} from '../fixtures.ts';
import {
  AgentNode,
  bundleOf,
  bytesOf,
  chain,
  derivation,
  derivedKey,
  keysOf,
  otherRoot,
  ringWith,
  root,
  settings,
} from './agent-node.ts';

const keys = keysOf(chain(3)).map(derivedKey);
const [r1, r2, r3] = keys as [RingKey, RingKey, RingKey];

/** A ring whose files hold these keys, newest first; the last one writes. */
const filing = (held: readonly RingKey[], changes: Partial<Ring> = {}): Ring => ({
  ...restingRing([...held]),
  settings: {writeMode: 'rename', derivation},
  layout: layoutOf([...held], held.at(-1)?.id ?? ''),
  ...changes,
});

const bundle = bytesOf(bundleOf(chain(2)));
const blocksIn = (agent: AgentNode): readonly string[] => {
  const {file} = agent.report;
  return file.state === 'loadable' ? (file.blocks[0]?.order ?? []) : [];
};
const pathsOf = (requests: readonly PortRequest[]): readonly string[] =>
  requests.flatMap(({op, args}) =>
    op === 'files.rename'
      ? [`rename ${args.to}`]
      : op.startsWith('files.') && 'path' in args
        ? [`${op.slice(6)} ${args.path}`]
        : [],
  );

describe('a file with derived keys', () => {
  test('⇒ written after history and state file, both synced; no key is sealed', () => {
    const agent = new AgentNode({ring: filing([r1]), bundle: bytesOf(bundleOf(chain(1)))});
    agent.placeFile(chain(1));
    agent.run(3);
    agent.requests.length = 0;
    agent.putBundle(bytesOf(bundleOf(chain(3))));
    agent.putRing(filing([r3, r1], {version: 71}));
    agent.run();
    expect(blocksIn(agent)).toEqual([r1.id, r3.id, 'identity']);
    const paths = pathsOf(agent.requests);
    const [history, state, file] = [
      paths.indexOf(`sync ${historyPath}`),
      paths.indexOf('rename /etc/kubernetes/encryption-provider.state'),
      paths.indexOf(`rename ${configurationPath}`),
    ] as const;
    expect(history).toBeGreaterThanOrEqual(0);
    expect(state).toBeGreaterThan(history);
    expect(file).toBeGreaterThan(state);
    expect(agent.store.objects.has('etcdencryptionkeys/r1')).toBe(false);
    expect(agent.requests.filter(({op}) => op === 'seal.seal')).toEqual([]);
    expect(agent.report.problems).toEqual([]);
  });

  test('root, bundle and ring come in one period ⇒ the history has each key before the file', () => {
    const ring = filing([r2, r1], {layout: layoutOf([r2, r1], 'identity')});
    const agent = new AgentNode({ring, bundle});
    agent.placeFile([]);
    let kept: readonly string[] = [];
    const rename = agent.disk.ports['files.rename'];
    agent.ports = {
      'files.rename': (args) => {
        if (args.to === configurationPath) {
          const history = parseHistory(agent.disk.read(historyPath) ?? new Uint8Array());
          kept = history.keys.map((key) => refOf(key).id);
        }
        return rename?.(args) ?? {ok: true, value: undefined};
      },
    };
    agent.run();
    expect(blocksIn(agent)).toEqual(['identity', r2.id, r1.id]);
    expect([...kept].sort()).toEqual([r1.id, r2.id].sort());
  });

  test.each([
    ['the history', historyPath, 'HistoryNotWritable'],
    ['the state file', '/etc/kubernetes/encryption-provider.state', 'CannotWriteFile'],
  ])('%s cannot be written ⇒ the file stays as it is', (_, path, reason) => {
    const agent = new AgentNode({ring: filing([r1]), bundle: bytesOf(bundleOf(chain(1)))});
    agent.placeFile(chain(1));
    agent.run(3);
    expect(blocksIn(agent)).toEqual([r1.id, 'identity']);
    agent.disk.failAt = (op, at) =>
      (op === 'files.write' || op === 'files.rename') && at === path
        ? {code: 'unavailable', message: 'no space', reason: 'ENOSPC'}
        : undefined;
    agent.putBundle(bytesOf(bundleOf(chain(3))));
    agent.putRing(filing([r3, r1], {version: 71}));
    agent.run(2);
    expect(blocksIn(agent)).toEqual([r1.id, 'identity']);
    expect(agent.problem(reason)).toBeDefined();
    agent.disk.failAt = () => undefined;
    agent.run(2);
    expect(blocksIn(agent)).toEqual([r1.id, r3.id, 'identity']);
  });
});

describe('a derived key that is not held', () => {
  const said = (given: ConstructorParameters<typeof AgentNode>[0]): string | undefined => {
    const agent = new AgentNode({ring: filing([r1]), ...given});
    agent.run(2);
    return agent.problem('KeyNotHeld');
  };

  test.each([
    ['no Secret', {secret: null, bundle}, 'Secret kube-system/etcd-derivation-root: there is none'],
    ['a Secret that is refused', {secret: {'root-key': 'AAAA'}, bundle}, 'got 3'],
    ['no bundle', {}, 'there is no SeedBundle'],
    ['a bundle that does not open', {bundle: 'AAAA'}, 'SeedBundle: malformed: '],
    [
      'a bundle under another root key',
      {bundle: bytesOf(bundleOf(chain(2)), {...settings, rootKey: otherRoot})},
      'root-key-mismatch',
    ],
  ])('%s ⇒ the cause is named', (_, given, cause) => {
    expect(said(given)).toContain(`${r1.name} cannot be derived: `);
    expect(said(given)).toContain(cause);
  });

  test('its revision is in no bundle that is read ⇒ named', () => {
    const [other] = keysOf(chain(1, new Uint8Array(32).fill(9).with(0, 1)));
    const ring = filing([derivedKey(other ?? r1)]);
    expect(said({ring, bundle})).toContain('no bundle that is read here has it');
  });

  test('a ring of the random strategy lists it ⇒ an object is looked for', () => {
    expect(said({ring: {...filing([r1]), settings: {writeMode: 'rename'}}, bundle})).toBe(
      `no sealed object holds ${r1.name}`,
    );
  });

  const objectOf = (revision: number): StoredObject => {
    const agent = new AgentNode({bundle});
    agent.run();
    const key = agent.memory.keys.get(keys[revision - 1]?.id ?? '');
    if (key === undefined) throw new Error('expected the key');
    const clear = {name: `r${revision}`, key: refOf(key), clusterId: cluster, createdAtMs: now, createdBy: 'n1'};
    return writeKeyObject({...clear, recipients: ['age1n1'], sealed: seal(key.secret)});
  };

  test('its key was sealed before a change of root ⇒ opened from there', () => {
    const ring = filing([r1], {layout: layoutOf([r1], 'identity')});
    const agent = new AgentNode({ring, secret: {'root-key': toBase64(otherRoot)}});
    agent.placeFile([]);
    agent.store.put(keyResource, objectOf(1));
    agent.run(3);
    expect(agent.report.held).toEqual([r1.id]);
    expect(blocksIn(agent)).toEqual(['identity', r1.id]);
  });

  test('two keys of one revision are derived, and one of them was sealed ⇒ that one is opened', () => {
    const [other] = keysOf(chain(1, new Uint8Array(32).fill(9).with(0, 1)));
    const agent = new AgentNode({ring: filing([derivedKey(other ?? r1), r1]), secret: null});
    agent.store.put(keyResource, objectOf(1));
    agent.run(2);
    expect(agent.report.held).toEqual([r1.id]);
    expect(agent.report.problems.map(({reason}) => reason)).not.toContain('KeyMismatch');
  });

  test('it is in the history, and there is no root key since the agent began ⇒ held, and told as derived', () => {
    const agent = new AgentNode({ring: filing([r1]), bundle});
    agent.run(2);
    agent.remove('secrets', 'etcd-derivation-root');
    agent.restart();
    agent.run();
    expect(agent.derivation).toMatchObject({root: {state: 'missing'}, derived: [r1.id]});
    expect(agent.problem('KeyNotHeld')).toBeUndefined();
  });

  test('the object of its revision holds another key ⇒ left alone, the cause is named', () => {
    const [other] = keysOf(chain(1, new Uint8Array(32).fill(9).with(0, 1)));
    const agent = new AgentNode({ring: filing([derivedKey(other ?? r1)]), secret: null});
    agent.store.put(keyResource, objectOf(1));
    agent.run(2);
    expect(agent.problem('KeyNotHeld')).toContain('cannot be derived');
    expect(agent.requests.filter(({op}) => op === 'seal.open')).toEqual([]);
  });
});

test('its server reads with derived keys ⇒ the first time is told at once, further ones with the next sign of life', () => {
  const agent = new AgentNode({bundle});
  agent.run(3);
  const {sequence} = agent.report;
  agent.decryptions = {[r1.name]: 1};
  agent.run();
  expect(agent.report).toMatchObject({decryptions: {[r1.name]: 1}, sequence: sequence + 1});
  agent.decryptions = {[r1.name]: 7};
  agent.run(23);
  expect(agent.report).toMatchObject({decryptions: {[r1.name]: 1}, sequence: sequence + 1});
  agent.run(2);
  expect(agent.report).toMatchObject({decryptions: {[r1.name]: 7}, sequence: sequence + 2});
});

test('the ring goes on and asks this node for nothing ⇒ no report for that alone; it falls back ⇒ told at once', () => {
  const ring = ringWith();
  const agent = new AgentNode({ring, bundle});
  agent.run(3);
  const before = agent.report;
  agent.putRing({...ring, version: ring.version + 3});
  agent.run(2);
  expect(agent.report).toEqual(before);
  agent.putRing({...ring, version: ring.version + 2});
  agent.run();
  expect(agent.report.sequence).toBe(before.sequence + 1);
});

test('guard: a key that is held under a name of the ring and is another in the rest of its check value ⇒ refused', () => {
  const {createdAtMs: _c, derived: _d, ...ref} = r1;
  const input = {
    current: [blockOf(['identity'])],
    next: [blockOf(['identity', r1.id])],
    loaded: {state: 'unknown', why: ''},
    serverDown: false,
    ring: filing([r1]),
    ringAgeMs: 0,
    clusterId: cluster,
    stateClusterId: cluster,
    stateEpoch: 4,
    history: new Set<string>(),
  } as const;
  expect(guardFile({...input, held: new Map([[r1.id, ref]])})).toBeUndefined();
  const wrong = {...ref, check: `${ref.check.slice(0, 8)}${'0'.repeat(8)}`};
  expect(guardFile({...input, held: new Map([[r1.id, wrong]])})).toBe(`the key held as ${r1.id} is not the ring's`);
});

/** Every run of bytes that a text may stand for: itself, hex and base64 in it at each of four starts. */
function* readings(text: string): Generator<string> {
  yield hex(new TextEncoder().encode(text));
  for (const [digits] of text.matchAll(/[0-9a-fA-F]{8,}/g)) yield digits.toLowerCase();
  for (const [word] of text.matchAll(/[A-Za-z0-9+/]{6,}/g)) {
    for (let start = 0; start < 4; start++) {
      const whole = word.slice(start, start + Math.floor((word.length - start) / 4) * 4);
      const read = fromBase64(whole);
      if (read.outcome === 'ok') yield hex(read.bytes);
    }
  }
}

const shown = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) => (each instanceof Uint8Array ? hex(each) : each)) ?? '';

test('everything that an agent does with root key and bundle ⇒ no four bytes of a key in any request but files and seals', () => {
  const agent = new AgentNode({ring: filing([r1]), bundle});
  agent.placeFile(chain(1));
  agent.run(3);
  agent.putBundle(bytesOf(bundleOf(chain(3))));
  const publishing = {id: 'p', node: 'n1', kind: 'next', revision: 4, approvalDelayMs: 1} as const;
  agent.putRing(filing([r3, r2, r1], {version: 71, publishing}));
  agent.run(3);
  agent.putSecret({'root-key': toBase64(Uint8Array.of(...root, 10))});
  agent.run(2);
  agent.putSecret({'root-key': toBase64(otherRoot)});
  agent.run(2);
  expect(agent.derivation.derived).toContain(r3.id);
  expect(blocksIn(agent)).toEqual([r1.id, r3.id, r2.id, 'identity']);
  const secrets = [root, otherRoot];
  for (const key of agent.memory.keys.values()) secrets.push(key.secret.withBytes((bytes) => bytes.slice()));
  expect(secrets.length).toBeGreaterThanOrEqual(6);
  const windows = new Set(
    secrets.flatMap((bytes) => Array.from({length: bytes.length - 3}, (_, at) => hex(bytes.subarray(at, at + 4)))),
  );
  const spoken = agent.requests.filter(({op}) => op !== 'files.write' && !op.startsWith('seal.')).map(shown);
  expect(spoken.join('')).toContain(
    sha256Hex(fromBase64(bundle).outcome === 'ok' ? bytesIn(bundle) : new Uint8Array()),
  );
  const found = new Set<string>();
  for (const text of new Set(spoken))
    for (const run of readings(text))
      for (let at = 0; at + 8 <= run.length; at++)
        if (windows.has(run.slice(at, at + 8))) found.add(text.slice(0, 200));
  expect([...found]).toEqual([]);
});

function bytesIn(text: string): Uint8Array {
  const read = fromBase64(text);
  if (read.outcome !== 'ok') throw new Error('expected base64');
  return read.bytes;
}
