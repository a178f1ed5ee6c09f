// Generated configuration files: right or nearly right values, written in one of many dresses of YAML and JSON.
import {spliced} from './change.ts';
import type {Random} from './random.ts';

/** A value of JSON; a mapping is a list of members so that names may stand twice. */
type Value =
  | string
  | number
  | boolean
  | null
  | {readonly list: readonly Value[]}
  | {readonly members: readonly Member[]};
type Member = readonly [name: string, value: Value];

/** One file. About two in three obey every rule of kube-apiserver before they are spliced, and half are not spliced. */
export function generatedFile(random: Random): Uint8Array {
  const tree = configuration(random);
  const text = written(tree, random);
  return new TextEncoder().encode(random.chance(0.5) ? spliced(text, random) : text);
}

// A right value mostly, a wrong one now and then.
function seldom<T>(random: Random, right: T, wrong: readonly [T, ...T[]]): T {
  return random.chance(0.985) ? right : random.pick(wrong);
}

function members(random: Random, ...all: readonly Member[]): Value {
  const kept = all.filter(() => random.chance(0.995));
  if (random.chance(0.005)) kept.push([random.pick(['extra', 'Kind', 'resource', 'NAME', '']), 'x']);
  if (random.chance(0.003) && kept[0] !== undefined) kept.push(kept[0]);
  if (random.chance(0.4)) kept.reverse();
  return {members: kept};
}

function list(random: Random, count: number, make: () => Value): Value {
  const items = Array.from({length: count}, make);
  return seldom<Value>(random, {list: items}, [null, {list: []}, {members: []}, 'x']);
}

function configuration(random: Random): Value {
  const old = random.chance(0.02);
  const version = old ? random.pick(['v1', '/v1']) : 'apiserver.config.k8s.io/v1';
  const kind = old ? 'EncryptionConfig' : 'EncryptionConfiguration';
  return members(
    random,
    ['apiVersion', seldom<Value>(random, version, ['v1', 'apiserver.config.k8s.io/v1beta1', '', 1, null])],
    ['kind', seldom<Value>(random, kind, ['EncryptionConfig', 'AdmissionConfiguration', '', null])],
    ['resources', list(random, 1 + random.below(3), () => block(random))],
  );
}

function block(random: Random): Value {
  const names = ['secrets', 'configmaps', 'events', 'deployments.apps', 'jobs.batch', 'pods', 'a.b.c.example'] as const;
  const odd = [
    '*',
    '*.apps',
    '*.',
    '*.*',
    'Secrets',
    'secrets.*',
    'x.extensions',
    'y.events.k8s.io',
    'apiserveripinfo',
    '',
  ] as const;
  let next = random.below(names.length);
  const resource = (): Value => {
    const name = names[next++ % names.length] ?? 'secrets';
    return seldom<Value>(random, name, random.chance(0.9) ? [...odd, 'secrets', 'pods'] : [7, null, true]);
  };
  return members(
    random,
    ['resources', list(random, 1 + random.below(2), resource)],
    ['providers', list(random, 1 + random.below(3), () => provider(random))],
  );
}

function provider(random: Random): Value {
  const makes = [
    (): Member => ['aesgcm', keys(random, [16, 24, 32])],
    (): Member => ['aescbc', keys(random, [16, 24, 32])],
    (): Member => ['secretbox', keys(random, [32])],
    (): Member => ['identity', seldom<Value>(random, {members: []}, [null, {list: []}, {members: [['x', 1]]}])],
    (): Member => ['kms', kms(random)],
  ] as const;
  const first = random.pick(makes)();
  return random.chance(0.99) ? members(random, first) : members(random, first, random.pick(makes)());
}

function keys(random: Random, lengths: readonly [number, ...number[]]): Value {
  return members(random, ['keys', list(random, 1 + random.below(2), () => key(random, lengths))]);
}

function key(random: Random, lengths: readonly [number, ...number[]]): Value {
  const names = [
    'key1',
    'key2',
    'r1-00000000',
    'a:b',
    '1e3x',
    'n\u00e9',
    '"q"',
    "it's",
    '#5',
    '-',
    'k\ud83d\ude00',
  ] as const;
  return members(
    random,
    [
      'name',
      seldom<Value>(random, random.pick(names), ['', 'yes', '12', 12, false, null, '0x1f', '2001-01-01', '\u2028']),
    ],
    ['secret', secret(random, random.chance(0.985) ? random.pick(lengths) : random.pick([0, 8, 31, 33]))],
  );
}

function secret(random: Random, length: number): Value {
  const text = Buffer.from(Array.from({length}, () => random.below(256))).toString('base64');
  const wrong = [
    text.replace(/=+$/, ''),
    text.replaceAll('+', '-').replaceAll('/', '_'),
    ` ${text}`,
    `${text}\t`,
    `${text}\n`,
    text.replace(/(.{5})/, '$1\r\n'),
    text.replace(/.(=+)$/, '9$1'),
    '$' + '{ENCRYPTION_KEY}',
    `${text}=`,
    null,
    7,
  ] as const;
  return seldom<Value>(random, text, wrong);
}

function kms(random: Random): Value {
  const version = random.chance(0.95) ? 'v2' : 'v1';
  const endpoints = ['unix:///run/kms.sock', 'unix:///@abstract', 'UNIX:///a b', 'unix:/run/kms.sock'] as const;
  const oddEndpoints = [
    '',
    'unix:',
    'unix://',
    'http://x/',
    '/run/x',
    'unix://host/x',
    'unix:///a%zz',
    'unix:///a?b#c',
  ] as const;
  const durations = ['1ms', '0.5ms', '+1ms2us', '1\u00b5s', '.9ms', '1.ms'] as const;
  const oddDurations = ['0', '-1s', '', '3', '1e3s', '1d', '0.1ns', '1s ', '9999999999h', 3, null] as const;
  const all: Member[] = [
    ['apiVersion', seldom<Value>(random, version, ['', 'v3', null, 2])],
    ['name', seldom<Value>(random, `kms${random.below(random.chance(0.97) ? 1000 : 2)}`, ['', 'a:b', 5])],
    ['endpoint', seldom<Value>(random, random.pick(endpoints), random.chance(0.9) ? oddEndpoints : [1])],
    ['timeout', seldom<Value>(random, random.pick(durations), oddDurations)],
  ];
  if (version === 'v1' || random.chance(0.02))
    all.push(['cachesize', seldom<Value>(random, 7, [0, -5, 1.5, 2 ** 31, '7'])]);
  return members(random, ...all);
}

function written(tree: Value, random: Random): string {
  switch (random.below(5)) {
    case 0:
      return JSON.stringify(plain(tree));
    case 1:
      return `# dense\n${flow(tree, random)}${random.chance(0.5) ? '\n' : ''}`;
    case 2:
      return jsonText(tree, random.chance(0.5) ? '  ' : '\t', '');
    default:
      return `${random.chance(0.2) ? '---\n' : ''}${blockText(tree, random, '')}${random.chance(0.05) ? '---\nx: [\n' : ''}`;
  }
}

// Members that stand twice are lost here; `jsonText` keeps them.
function plain(value: Value): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if ('list' in value) return value.list.map(plain);
  return Object.fromEntries(value.members.map(([name, member]) => [name, plain(member)]));
}

function jsonText(value: Value, step: string, indent: string): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const deeper = indent + step;
  const parts =
    'list' in value
      ? value.list.map((item) => jsonText(item, step, deeper))
      : value.members.map(([name, member]) => `${JSON.stringify(name)}: ${jsonText(member, step, deeper)}`);
  const [open, close] = 'list' in value ? ['[', ']'] : ['{', '}'];
  return parts.length === 0 ? open + close : `${open}\n${deeper}${parts.join(`,\n${deeper}`)}\n${indent}${close}`;
}

function flow(value: Value, random: Random): string {
  if (typeof value !== 'object' || value === null) return scalar(value, random);
  const gap = random.pick(['', ' ', '\n  ', ' # c\n ']);
  if ('list' in value) return `[${gap}${value.list.map((item) => flow(item, random)).join(`,${gap}`)}${gap}]`;
  const parts = value.members.map(
    ([name, member]) => `${scalar(name, random)}${random.pick([': ', ' : ', ':\n '])}${flow(member, random)}`,
  );
  return `{${parts.join(`,${gap}`)}${random.chance(0.1) && parts.length > 0 ? ',' : ''}${gap}}`;
}

function blockText(value: Value, random: Random, indent: string): string {
  if (typeof value !== 'object' || value === null) return `${scalar(value, random)}\n`;
  const comment = random.chance(0.05) ? `${indent}# a comment\n` : '';
  if ('list' in value) {
    if (value.list.length === 0) return '[]\n';
    return comment + value.list.map((item) => `${indent}- ${entryText(item, random, `${indent}  `)}`).join('');
  }
  if (value.members.length === 0) return '{}\n';
  return comment + value.members.map((member) => indent + memberText(member, random, indent)).join('');
}

function entryText(item: Value, random: Random, indent: string): string {
  if (isLeaf(item) || random.chance(0.1)) return `${flow(item, random).replaceAll('\n', `\n${indent}`)}\n`;
  return blockText(item, random, indent)
    .replace(/^ *#.*\n/, '')
    .slice(indent.length);
}

function memberText([name, value]: Member, random: Random, indent: string): string {
  const label = `${scalar(name, random)}:`;
  if (typeof value === 'string' && random.chance(0.1) && !/[\n\r\u2028]/.test(value)) {
    return `${label} ${random.pick(['|', '|-', '>', '>-', '|+', '|2'])}\n${indent}  ${value}\n`;
  }
  if (isLeaf(value)) return `${label} ${scalar(value, random)}${random.chance(0.05) ? ' # c' : ''}\n`;
  if (random.chance(0.1)) return `${label} ${flow(value, random).replaceAll('\n', `\n${indent}  `)}\n`;
  const deeper =
    typeof value === 'object' && value !== null && 'list' in value && random.chance(0.5) ? indent : `${indent}  `;
  const body = blockText(value, random, deeper);
  return /^[[{]/.test(body) ? `${label} ${body}` : `${label}\n${body}`;
}

function isLeaf(value: Value): boolean {
  return typeof value !== 'object' || value === null;
}

function scalar(value: Value, random: Random): string {
  if (typeof value !== 'string') return String(value);
  const dress = random.below(10);
  if (dress < 2) return JSON.stringify(value);
  if (dress < 4) return `'${value.replaceAll("'", "''")}'`;
  return value === '' || /^[-#"'[{&*!|>%@`?:,]/.test(value) || /: |\s#|[\n\r\t]|^\s|\s$/.test(value)
    ? JSON.stringify(value)
    : value;
}
