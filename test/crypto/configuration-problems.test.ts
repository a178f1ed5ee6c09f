import {
  type ParseOptions,
  type ProblemReason,
  parseEncryptionConfiguration,
} from '@etcd-encryption/crypto/encryption-configuration';
import {expect, test} from 'vitest';

const secret = 'QlJhdm9DaGFybGllRGVsdGFFY2hvRm94dHJvdEdvbGY=';
const short = 'QlJhdm9DaGFybGllRGVsdA==';
const head = 'apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\n';
const key = `{name: k, secret: ${secret}}`;
const provider = `{aesgcm: {keys: [${key}]}}`;

const file = (resources: string): string => `${head}resources:\n${resources}`;
const withProvider = (text: string): string => file(`- resources: [secrets]\n  providers: [${text}]\n`);
const withResources = (...lists: string[]): string =>
  file(lists.map((list) => `- resources: [${list}]\n  providers: [${provider}]\n`).join(''));
const kms = (text: string): string => withProvider(`{kms: {${text}}}`);
const plugin = 'apiVersion: v2, name: vault, endpoint: unix:///a';
const aesgcm = 'resources[0].providers[0].aesgcm';
const plug = 'resources[0].providers[0].kms';

/** One fixture for each place and cause: a file, and all that is wrong with it. */
type Fixture = readonly [what: string, file: string, ...problems: (readonly [path: string, reason: ProblemReason])[]];

const fixtures: readonly Fixture[] = [
  ['nothing', '', ['', 'empty-file']],
  [
    'only a comment',
    '# nothing\n',
    ['apiVersion', 'wrong-api-version'],
    ['kind', 'wrong-kind'],
    ['resources', 'no-blocks'],
  ],
  ['a list', '- a\n', ['', 'wrong-type']],
  ['a text', secret, ['', 'wrong-type']],
  ['broken JSON', `{"secret":"${secret}`, ['', 'not-json']],
  ['broken YAML', `resources: "${secret}`, ['', 'not-yaml']],
  ['a control character', `name: ${secret}\u0001`, ['', 'not-yaml']],
  ['a tab as indentation', `${head}resources:\n\t- ${secret}\n`, ['', 'not-yaml']],
  ['a lost colon', file(`- resources: [secrets]\n  secret ${secret}\n  x: y\n`), ['', 'not-yaml']],
  ['an alias', file(`- &a ${secret}\n- *a\n`), ['', 'unsupported-yaml']],
  ['a tag', file(`- !!str ${secret}\n`), ['', 'unsupported-yaml']],
  ['a directive', `%YAML 1.1\n---\n${withProvider(provider)}`, ['', 'unsupported-yaml']],
  ['a "?" key', `? ${secret}\n: x\n`, ['', 'unsupported-yaml']],
  ['a merge key', `<<: {secret: ${secret}}\n`, ['', 'unsupported-yaml']],
  ['text after the document', `# c\n{a: b} ${secret}`, ['', 'not-yaml']],
  ['100 levels', '['.repeat(100) + ']'.repeat(100), ['', 'nested-too-deep']],
  ['100 levels of JSON', `{"a":${'['.repeat(100)}${']'.repeat(100)}}`, ['', 'nested-too-deep']],
  ['no version', withProvider(provider).replace(/^apiV.*\n/, ''), ['apiVersion', 'wrong-api-version']],
  ['a wrong version', withProvider(provider).replace('/v1', '/v1beta1'), ['apiVersion', 'wrong-api-version']],
  ['no kind', withProvider(provider).replace(/kind.*\n/, ''), ['kind', 'wrong-kind']],
  ['a wrong kind', withProvider(provider).replace('Configuration', 'Config'), ['kind', 'wrong-kind']],
  ['a kind that is no text', `${head.replace(/kind.*/, 'kind: yes')}resources: []\n`, ['kind', 'wrong-type']],
  ['an unknown field', `${withProvider(provider)}extra: ${secret}\n`, ['extra', 'unknown-field']],
  ['a field in other case', withProvider(provider).replace('kind', 'Kind'), ['Kind', 'unknown-field']],
  ['a key as field', `${withProvider(provider)}${secret}: x\n`, [`(${secret.length} characters)`, 'unknown-field']],
  ['a number as field', `${withProvider(provider)}12: x\n`, ['(no text)', 'unknown-field']],
  ['a field twice', `${head}${withProvider(provider)}`, ['apiVersion', 'doubled-field'], ['kind', 'doubled-field']],
  ['no resources field', head, ['resources', 'no-blocks']],
  ['no block', `${head}resources: []\n`, ['resources', 'no-blocks']],
  ['a mapping of blocks', `${head}resources: {}\n`, ['resources', 'wrong-type']],
  ['a text as block', file(`- ${secret}\n`), ['resources[0]', 'wrong-type']],
  [
    'an empty block',
    file('-\n'),
    ['resources[0].resources', 'no-resources'],
    ['resources[0].providers', 'no-providers'],
  ],
  ['no resource', withResources(''), ['resources[0].resources', 'no-resources']],
  ['a number as resource', withResources('secrets, 7'), ['resources[0].resources[1]', 'wrong-type']],
  ['a resource twice', withResources('secrets, secrets.'), ['resources[0].resources', 'resource-twice']],
  ['a wildcard over another', withResources('secrets, "*."'), ['resources[0].resources', 'overlapping-resources']],
  ['all over another', withResources('a.b, "*.*"'), ['resources[0].resources', 'overlapping-resources']],
  ['a wildcard before', withResources('"*.apps"', 'x.apps'), ['resources[1].resources[0]', 'masked-resource']],
  ['all before', withResources('"*.*"', 'x'), ['resources[1].resources[0]', 'masked-resource']],
  ['a wildcard again', withResources('"*."', '"*."'), ['resources[1].resources[0]', 'masked-resource']],
  ['a capital letter', withResources('Secrets'), ['resources[0].resources[0]', 'capital-letter']],
  ['a bare star', withResources('"*"'), ['resources[0].resources[0]', 'bare-star']],
  ['an internal resource', withResources('serviceipallocations'), ['resources[0].resources[0]', 'not-a-rest-resource']],
  ['the events group', withResources('events.events.k8s.io'), ['resources[0].resources[0]', 'events-group']],
  ['the extensions group', withResources('"*.extensions"'), ['resources[0].resources[0]', 'extensions-group']],
  ['all groups of one', withResources('"secrets.*"'), ['resources[0].resources[0]', 'resource-across-groups']],
  ['no provider', withProvider(''), ['resources[0].providers', 'no-providers']],
  ['a lost indent', file('- resources: [secrets]\nproviders: []\n'), ['providers', 'unknown-field']],
  ['an empty provider', withProvider('{}'), ['resources[0].providers[0]', 'no-provider-kind']],
  ['a provider that is null', withProvider('{identity: }'), ['resources[0].providers[0]', 'no-provider-kind']],
  [
    'two kinds',
    withProvider(`{identity: {}, aesgcm: {keys: [${key}]}}`),
    ['resources[0].providers[0]', 'several-provider-kinds'],
  ],
  ['an unknown provider', withProvider('{aesctr: {}}'), ['resources[0].providers[0].aesctr', 'unknown-field']],
  [
    'identity with content',
    withProvider('{identity: {a: b}}'),
    ['resources[0].providers[0].identity.a', 'unknown-field'],
  ],
  ['no keys field', withProvider('{aesgcm: {}}'), [`${aesgcm}.keys`, 'no-keys']],
  ['no key', withProvider('{secretbox: {keys: []}}'), ['resources[0].providers[0].secretbox.keys', 'no-keys']],
  ['no key name', withProvider(`{aesgcm: {keys: [{secret: ${secret}}]}}`), [`${aesgcm}.keys[0].name`, 'no-key-name']],
  [
    'a number as key name',
    withProvider(`{aesgcm: {keys: [{name: 12, secret: ${secret}}]}}`),
    [`${aesgcm}.keys[0].name`, 'wrong-type'],
  ],
  ['no secret', withProvider('{aesgcm: {keys: [{name: k}]}}'), [`${aesgcm}.keys[0].secret`, 'no-secret']],
  [
    'an empty secret',
    withProvider(`{aesgcm: {keys: [${key}, {name: k, secret: ""}]}}`),
    [`${aesgcm}.keys[1].secret`, 'no-secret'],
  ],
  [
    'no base64',
    withProvider(`{aesgcm: {keys: [{name: k, secret: ${secret}x}]}}`),
    [`${aesgcm}.keys[0].secret`, 'secret-not-base64'],
  ],
  [
    'padding bits',
    withProvider(`{aesgcm: {keys: [{name: k, secret: ${secret.replace('Y=', 'Z=')}}]}}`),
    [`${aesgcm}.keys[0].secret`, 'secret-not-base64'],
  ],
  [
    'a short secretbox key',
    withProvider(`{secretbox: {keys: [{name: k, secret: ${short}}]}}`),
    ['resources[0].providers[0].secretbox.keys[0].secret', 'wrong-key-length'],
  ],
  [
    'a long key',
    withProvider(`{aescbc: {keys: [{name: k, secret: ${short.slice(0, 20)}${secret}}]}}`),
    ['resources[0].providers[0].aescbc.keys[0].secret', 'wrong-key-length'],
  ],
  ['a nameless plugin', kms('apiVersion: v2, endpoint: unix:///a'), [`${plug}.name`, 'no-kms-name']],
  [
    'a plugin name with ":"',
    kms('apiVersion: v2, name: "a:b", endpoint: unix:///a'),
    [`${plug}.name`, 'kms-name-colon'],
  ],
  [
    'a plugin name twice',
    withProvider(`{kms: {${plugin}}}, {kms: {${plugin}}}`),
    ['resources[0].providers[1].kms.name', 'kms-name-twice'],
  ],
  [
    'a plugin of v3',
    kms('apiVersion: v3, name: vault, endpoint: unix:///a'),
    [`${plug}.apiVersion`, 'wrong-kms-api-version'],
  ],
  ['a plugin of v1', kms('name: vault, endpoint: unix:///a'), [`${plug}.apiVersion`, 'kms-v1-disabled']],
  ['no time at all', kms(`${plugin}, timeout: 0s`), [`${plug}.timeout`, 'wrong-timeout']],
  ['a time without unit', kms(`${plugin}, timeout: "3"`), [`${plug}.timeout`, 'wrong-timeout']],
  ['a number as time', kms(`${plugin}, timeout: 3`), [`${plug}.timeout`, 'wrong-type']],
  ['a cache in v2', kms(`${plugin}, cachesize: 5`), [`${plug}.cachesize`, 'wrong-cache-size']],
  ['a cache of half a value', kms(`${plugin}, cachesize: 1.5`), [`${plug}.cachesize`, 'wrong-cache-size']],
  ['a text as cache', kms(`${plugin}, cachesize: "5"`), [`${plug}.cachesize`, 'wrong-type']],
  ['no endpoint', kms('apiVersion: v2, name: vault'), [`${plug}.endpoint`, 'no-endpoint']],
  ['a web endpoint', kms('apiVersion: v2, name: vault, endpoint: http://a/'), [`${plug}.endpoint`, 'wrong-endpoint']],
];

test.each(fixtures.map(([what, text, ...problems]) => ({what, text, problems})))(
  '$what ⇒ refused with path and reason, and no piece of the secret is told',
  ({text, problems}) => {
    const parsed = parse(text);
    if (parsed.outcome !== 'refused') throw new Error('expected refused');
    expect(parsed.problems.map(({path, reason}) => [path, reason])).toEqual(problems);
    const told = JSON.stringify(parsed.problems);
    for (let at = 0; at + 4 <= secret.length; at++) expect(told).not.toContain(secret.slice(at, at + 4));
    for (const {message} of parsed.problems) expect(message).toMatch(/^expected /);
  },
);

test('the fixtures ⇒ every reason is among them', () => {
  const reasons: Record<ProblemReason, true> = {
    'empty-file': true,
    'too-large': true,
    'not-text': true,
    'not-json': true,
    'not-yaml': true,
    'unsupported-yaml': true,
    'nested-too-deep': true,
    'doubled-field': true,
    'unknown-field': true,
    'wrong-type': true,
    'wrong-api-version': true,
    'wrong-kind': true,
    'no-blocks': true,
    'no-resources': true,
    'no-providers': true,
    'no-provider-kind': true,
    'several-provider-kinds': true,
    'no-keys': true,
    'no-key-name': true,
    'no-secret': true,
    'secret-not-base64': true,
    'wrong-key-length': true,
    'resource-twice': true,
    'overlapping-resources': true,
    'masked-resource': true,
    'capital-letter': true,
    'bare-star': true,
    'not-a-rest-resource': true,
    'events-group': true,
    'extensions-group': true,
    'resource-across-groups': true,
    'no-kms-name': true,
    'kms-name-colon': true,
    'kms-name-twice': true,
    'wrong-kms-api-version': true,
    'kms-v1-disabled': true,
    'wrong-timeout': true,
    'wrong-cache-size': true,
    'no-endpoint': true,
    'wrong-endpoint': true,
  };
  const covered = new Set<string>(fixtures.flatMap(([, , ...problems]) => problems.map(([, reason]) => reason)));
  covered.add('too-large').add('not-text');
  expect([...covered].sort()).toEqual(Object.keys(reasons).sort());
});

test('a file above 1 MiB, or with bytes that are no UTF-8 ⇒ refused', () => {
  const large = parseEncryptionConfiguration(new Uint8Array(2 ** 20 + 1));
  expect(large).toMatchObject({outcome: 'refused', problems: [{reason: 'too-large'}]});
  const bytes = parseEncryptionConfiguration(Uint8Array.of(0x61, 0xff, 0x62));
  expect(bytes).toMatchObject({outcome: 'refused', problems: [{reason: 'not-text'}]});
  const surrogate = parseEncryptionConfiguration(Uint8Array.of(0x23, 0xed, 0xa0, 0x80));
  expect(surrogate).toMatchObject({outcome: 'refused', problems: [{reason: 'not-text'}]});
});

test('a plugin of v1 where the feature gate is on ⇒ loadable, kept as it stands', () => {
  const text = kms('name: vault, endpoint: unix:///a, cachesize: -1, timeout: 1m0.5s');
  const parsed = parse(text, {acceptKmsV1: true});
  if (parsed.outcome !== 'loadable') throw new Error(JSON.stringify(parsed.problems));
  const verbatim = {name: 'vault', endpoint: 'unix:///a', cachesize: -1, timeout: '1m0.5s'};
  expect(parsed.configuration.blocks[0]?.providers).toEqual([{kind: 'kms', verbatim}]);
  const without = parse(kms('name: vault, endpoint: unix:///a, cachesize: 0'), {acceptKmsV1: true});
  expect(without).toMatchObject({problems: [{path: `${plug}.cachesize`, reason: 'wrong-cache-size'}]});
});

test('a thousand faults ⇒ the first hundred are told', () => {
  const parsed = parse(withResources(Array.from({length: 1000}, (_, i) => `A${i}`).join(', ')));
  expect(parsed.outcome === 'refused' && parsed.problems.length).toBe(100);
});

function parse(text: string, options?: ParseOptions) {
  return parseEncryptionConfiguration(new TextEncoder().encode(text), options);
}
