import {DataKey, keyName, Secret} from '@etcd-encryption/crypto';
import {
  parseEncryptionConfiguration,
  type Warning,
  type WarningReason,
} from '@etcd-encryption/crypto/encryption-configuration';
import fc from 'fast-check';
import {expect, test} from 'vitest';
import {parseDocument} from 'yaml';
import {corpus} from '../loader/corpus.ts';
import {generatedFile} from '../loader/generate.ts';
import {randomOf} from '../loader/random.ts';

const bytesOf = (first: number, length = 32): Uint8Array => Uint8Array.from({length}, (_, i) => (first + i * 7) & 255);
const base64 = (first: number, length = 32): string => Buffer.from(bytesOf(first, length)).toString('base64');
const secret = base64(5);
const head = 'apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n';
const block = (resources: string, ...providers: string[]): string =>
  `- resources: [${resources}]\n  providers:\n${providers.map((text) => `  - ${text}\n`).join('')}`;
const keys = (kind: string, ...all: [name: string, secret: string][]): string =>
  `${kind}: {keys: [${all.map(([name, text]) => `{name: "${name}", secret: ${text}}`).join(', ')}]}`;
const good = block('secrets', keys('aesgcm', ['k', secret]), 'identity: {}');

test('a key is named as we would name it ⇒ a data key; every other is adopted', () => {
  const ours = keyName(3, bytesOf(5));
  const text = block(
    'secrets',
    keys('aesgcm', [ours, secret], ['r3-00000000', secret]),
    keys('aescbc', [ours, secret]),
  );
  const [gcm, cbc] = loaded(head + text).configuration.blocks[0]?.providers ?? [];
  if (gcm?.kind !== 'aesgcm' || cbc?.kind !== 'aescbc') throw new Error('expected aesgcm and aescbc');
  expect(gcm.keys[0]).toBeInstanceOf(DataKey);
  expect(gcm.keys[0]).toMatchObject({revision: 3, name: ours});
  expect(gcm.keys[1]).toMatchObject({provider: 'aesgcm', name: 'r3-00000000'});
  expect(cbc.keys[0]).toMatchObject({provider: 'aescbc', name: ours});
  expect(gcm.keys[0]?.secret.equals(bytesOf(5))).toBe(true);
});

const warned: readonly [WarningReason, string, string][] = [
  [
    'doubled-key-name',
    'resources[0].providers[0].aesgcm.keys[1].name',
    head + block('secrets', keys('aesgcm', ['k', secret], ['k', base64(7)])),
  ],
  [
    'doubled-key-name',
    'resources[0].providers[1].aesgcm.keys[0].name',
    head + block('secrets', keys('aesgcm', ['k', secret]), keys('aesgcm', ['k', base64(7)])),
  ],
  [
    'colon-in-key-name',
    'resources[0].providers[0].aesgcm.keys[0].name',
    head + block('secrets', keys('aesgcm', ['a:b', secret])),
  ],
  [
    'short-key',
    'resources[0].providers[0].aesgcm.keys[0].secret',
    head + block('secrets', keys('aesgcm', ['k', base64(5, 24)])),
  ],
  [
    'check-value-mismatch',
    'resources[0].providers[0].aesgcm.keys[0]',
    head + block('secrets', keys('aesgcm', ['r1-00000000', secret])),
  ],
  ['resource-in-two-blocks', 'resources[1].resources[0]', head + good + good],
  ['empty-resource-name', 'resources[0].resources[0]', head + good.replace('secrets', '""')],
  ['second-document', '', `${head}${good}---\nanything: [`],
  ['second-document', '', `${head}${good}...\nanything: [`],
  ['old-kind', 'kind', `kind: EncryptionConfig\napiVersion: v1\nresources:\n${good}`],
  [
    'identity-first',
    'resources[0].providers[0]',
    head + block('secrets', 'identity: {}', keys('aesgcm', ['k', secret])),
  ],
  ['write-provider-not-aesgcm', 'resources[0].providers[0]', head + block('secrets', keys('secretbox', ['k', secret]))],
  [
    'write-provider-not-aesgcm',
    'resources[0].providers[0]',
    head + block('secrets', 'kms: {name: vault, apiVersion: v2, endpoint: "unix:///a"}'),
  ],
];

test.each(warned)('%s at %j ⇒ loadable with this warning alone, and no secret in it', (reason, path, text) => {
  const {warnings} = loaded(text);
  expect(warnings.map((warning: Warning) => [warning.path, warning.reason])).toEqual([[path, reason]]);
  for (let at = 0; at + 4 <= secret.length; at++)
    expect(JSON.stringify(warnings)).not.toContain(secret.slice(at, at + 4));
});

test('a good file, also with document marks or a byte order mark ⇒ loadable without warnings', () => {
  for (const text of [
    head + good,
    `\ufeff${head}${good}`,
    `---\n${head}${good}...\n# end\n`,
    `--- # c\n${head}${good}`,
  ]) {
    expect(loaded(text).warnings).toEqual([]);
  }
});

test('a configuration is printed or an error carries it ⇒ its secrets do not show', () => {
  const parsed = loaded(head + good);
  expect(JSON.stringify(parsed)).toContain('[secret]');
  expect(JSON.stringify(parsed)).not.toContain(secret.slice(0, 8));
  const [provider] = parsed.configuration.blocks[0]?.providers ?? [];
  expect(provider !== undefined && 'keys' in provider && provider.keys[0]?.secret).toBeInstanceOf(Secret);
});

test('generated files that load ⇒ names and secrets are those that other parsers read', () => {
  const random = randomOf(20);
  let compared = 0;
  for (let i = 0; i < 4000; i++) {
    const bytes = generatedFile(random);
    const parsed = parseEncryptionConfiguration(bytes);
    const text = new TextDecoder().decode(bytes);
    if (parsed.outcome !== 'loadable' || parsed.warnings.some(({reason}) => reason === 'second-document')) continue;
    const theirs = otherReading(text);
    if (theirs === undefined) continue;
    expect(parsed.configuration.blocks.map(({resources}) => resources)).toEqual(
      theirs.resources.map((one) => one.resources),
    );
    const ours = parsed.configuration.blocks.flatMap(({providers}) =>
      providers.flatMap((one) => ('keys' in one ? one.keys : [])),
    );
    const pairs = ours.map(({name, secret: key}) => [
      name,
      key.withBytes((raw) => Buffer.from(raw).toString('base64')),
    ]);
    expect(pairs).toEqual(keyPairsOf(theirs));
    compared++;
  }
  expect(compared).toBeGreaterThan(1000);
});

test('any bytes, and any change of a good file ⇒ an answer, never an error', () => {
  const base = corpus.map(({bytes}) => bytes);
  fc.assert(
    fc.property(fc.uint8Array({maxLength: 200}), (bytes) => {
      expect(parseEncryptionConfiguration(bytes).outcome).toBe('refused');
    }),
    {numRuns: 500},
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...base),
      fc.nat(),
      fc.nat({max: 30}),
      fc.uint8Array({maxLength: 8}),
      (bytes, at, cut, insert) => {
        const start = at % bytes.length;
        const changed = Uint8Array.from([...bytes.subarray(0, start), ...insert, ...bytes.subarray(start + cut)]);
        expect(['loadable', 'refused']).toContain(parseEncryptionConfiguration(changed).outcome);
      },
    ),
    {numRuns: 1000},
  );
});

const bombs: readonly [string, string][] = [
  ['aliases of aliases', `a: &a [x]\n${Array.from({length: 30}, (_, i) => `b${i}: &b${i} [*a, *a, *a]\n`).join('')}`],
  ['open brackets', '['],
  ['open braces', '{a: '],
  ['JSON brackets', '{"a":['],
  ['block entries', '- '],
  ['keys in a line', 'a: '],
  ['keys', 'a:\n'],
  ['deeper keys', 'k'],
  ['quotes', '"a" '],
  ['one quoted text', '"aaaa\\\n'],
  ['one plain text', 'a\n '],
  ['blank lines', '\n '],
  ['flow keys', '{a: b, "c": d}, '],
  ['colons', '::'],
  ['comments', ' #\n'],
  ['commas', ','],
  ['escapes', '\\u0041'],
  ['base64', 'QUJD'],
];

// Work that grows with the square of the length would take far longer than a test may.
test.each(bombs)('1 MiB of %s ⇒ answered', (_, piece) => {
  for (const start of ['', `${head}- resources: [`, '{"x":"']) {
    const text = start + piece.repeat(Math.floor((2 ** 20 - start.length) / piece.length));
    expect(parseEncryptionConfiguration(new TextEncoder().encode(text)).outcome).toBe('refused');
  }
});

test('three thousand good blocks ⇒ read', () => {
  const blocks = Array.from({length: 3000}, (_, i) =>
    block(`r${i}.example`, keys('aesgcm', [`k${i}`, secret]), 'identity: {}'),
  );
  expect(loaded(head + blocks.join('')).configuration.blocks).toHaveLength(3000);
});

test('something else than bytes ⇒ TypeError', () => {
  expect(() => parseEncryptionConfiguration('x' as never)).toThrow('bytes: expected a Uint8Array, got a string');
});

function loaded(text: string) {
  const parsed = parseEncryptionConfiguration(new TextEncoder().encode(text));
  if (parsed.outcome !== 'loadable') throw new Error(JSON.stringify(parsed.problems));
  return parsed;
}

// Another parser, of YAML 1.2. It refuses a few texts that YAML 1.1 takes; they are not compared.
function otherReading(text: string): TheirFile | undefined {
  if (/^\s*\{/.test(text)) return JSON.parse(text) as TheirFile;
  const document = parseDocument(text, {logLevel: 'silent'});
  return document.errors.length > 0 ? undefined : (document.toJS() as TheirFile);
}

type TheirKey = {readonly name: string; readonly secret: string};
type TheirProvider = Readonly<Record<string, {readonly keys?: readonly TheirKey[]} | null>>;

type TheirFile = {
  readonly resources: readonly {readonly resources: readonly string[]; readonly providers: readonly TheirProvider[]}[];
};

function keyPairsOf(theirs: TheirFile): string[][] {
  return theirs.resources
    .flatMap(({providers}) => providers)
    .flatMap((one) => Object.values(one).flatMap((settings) => settings?.keys ?? []))
    .map(({name, secret: text}) => [name, text.replace(/[\r\n]/g, '')]);
}
