// One JSON line an event, and never a secret in it.

import {Secret} from '@etcd-encryption/crypto';
import {createSealPorts, createTracePorts} from '@etcd-encryption/host-k8s';
import type {TraceEvent} from '@etcd-encryption/rotation';
import {expect, test} from 'vitest';
import {expectValue} from '../ports/answers.ts';

async function linesOf(...events: readonly TraceEvent[]): Promise<string[]> {
  const lines: string[] = [];
  const destination = {write: (line: string) => void lines.push(line)};
  const ports = createTracePorts({destination, base: {program: 'agent'}});
  for (const event of events) expectValue(await ports['trace.event']({event}));
  return lines;
}

async function fieldsOf(event: TraceEvent): Promise<Record<string, unknown>> {
  const [line = ''] = await linesOf(event);
  return JSON.parse(line) as Record<string, unknown>;
}

test('two events ⇒ two JSON lines with level, time, name and fields', async () => {
  const lines = await linesOf({event: 'activated', key: 'r3-1f2e3d4c'}, {event: 'migrated', values: 5_001, done: true});
  expect(lines).toHaveLength(2);
  expect(lines.every((line) => line.endsWith('}\n'))).toBe(true);
  const [first, second] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(first).toMatchObject({level: 'info', program: 'agent', event: 'activated', key: 'r3-1f2e3d4c'});
  expect(second).toMatchObject({event: 'migrated', values: 5_001, done: true});
  expect(first?.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

test('bytes, secrets, objects, functions and big numbers, alone or in a list ⇒ hidden', async () => {
  const key = new Uint8Array(32).fill(0x41);
  const hidden: readonly unknown[] = [
    key,
    Buffer.from(key),
    key.buffer,
    new Secret(key),
    {key: 'A'.repeat(32)},
    new Map([['key', 'A']]),
    new Error('A'.repeat(32)),
    () => 'A',
    Symbol('A'),
    65n,
  ];
  for (const value of hidden) {
    const fields = await fieldsOf({event: 'e', value, list: [value], nested: [[value]]});
    expect(fields).toMatchObject({value: '[hidden]', list: ['[hidden]'], nested: ['[hidden]']});
  }
});

test('an age identity in a text ⇒ hidden', async () => {
  const {identity} = expectValue(await createSealPorts()['seal.makeIdentity']({}));
  const text = identity.withBytes((bytes) => new TextDecoder().decode(bytes));
  const lines = await linesOf({event: 'e', value: `read ${text}`, list: [text.toLowerCase()]}, {event: text});
  expect(lines.join('').toUpperCase()).not.toContain(text.slice(0, 20));
});

test('texts, numbers, booleans, null and lists of them ⇒ as they are; undefined is left out', async () => {
  const given = {text: 'a "b"\n\u2028', number: -1.5, yes: true, nothing: null, list: ['a', 1, false, null]};
  const fields = await fieldsOf({event: 'e', ...given, missing: undefined});
  expect(fields).toMatchObject(given);
  expect(fields).not.toHaveProperty('missing');
});

test('fields with names of the line ⇒ renamed, so that they cannot pass for it', async () => {
  const [line = ''] = await linesOf({event: 'e', level: 'fatal', time: 'never'});
  expect(JSON.parse(line)).toMatchObject({level: 'info', _level: 'fatal', _time: 'never'});
  expect(line.match(/"level":/g)).toHaveLength(1);
});

test('a text or list without end ⇒ cut', async () => {
  const fields = await fieldsOf({event: 'e', text: 'x'.repeat(100_000), list: new Array(10_000).fill(1)});
  expect(String(fields.text)).toHaveLength(4_097);
  expect(fields.list).toHaveLength(256);
});
