// S12 can fail: key bytes in each kind of output and in each form, and what is no leak.

import {DataKey, hex, type Secret, toBase64, utf8} from '@etcd-encryption/crypto';
import {createSimPorts, createSimulation, type Simulation, secretIn, secretResource} from '@etcd-encryption/host-sim';
import {
  defaultRootSecret,
  eventResource,
  historyPath,
  identityPath,
  keyResource,
  ourNamespace,
  type Step,
  statePath,
} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {expectValue} from '../ports/answers.ts';
import {replaceFile, violation} from './deeds.ts';
import {file, historyLine} from './files.ts';
import {ProtocolObjects} from './protocol-objects.ts';

/** Keys that share no piece with each other. */
const keyOf = (revision: number): DataKey =>
  new DataKey({
    revision,
    key: Uint8Array.from({length: 32}, (_, at) => (at * at * 13 + revision * 101 + at * 7) % 251),
  });
const [k1, k2, k3, k4] = [keyOf(1), keyOf(2), keyOf(3), keyOf(4)];
const tagOf = ({name, checkValue}: DataKey): string => `aesgcm/${name}/${checkValue}`;
const bytesOf = ({secret}: DataKey): Uint8Array => secret.withBytes((bytes) => Uint8Array.from(bytes));

function watched(): {simulation: Simulation; objects: ProtocolObjects} {
  const simulation = createSimulation({seed: 7, nodes: 2, file: file([k1, 'identity']), oracles: ['S12 secrecy']});
  for (const {disk} of simulation.cluster.nodes) disk.place(historyPath, historyLine(k2));
  return {simulation, objects: new ProtocolObjects(simulation.cluster)};
}

const broken = (run: () => unknown): string => {
  const {invariant, key} = violation(run);
  expect(invariant).toBe('S12 secrecy');
  return key;
};

const forms: readonly (readonly [string, (bytes: Uint8Array) => string])[] = [
  ['hexadecimal digits', hex],
  ['capital digits', (bytes) => hex(bytes).toUpperCase()],
  ['base64', toBase64],
  ['base64 for addresses', (bytes) => toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')],
  ['base64 inside of base64’s text at another place', (bytes) => toBase64(Uint8Array.of(1, ...bytes, 2))],
  ['the third place', (bytes) => toBase64(Uint8Array.of(1, 9, ...bytes))],
  ['numbers', (bytes) => bytes.join(',')],
  ['numbers as a list', (bytes) => [...bytes].join(', ')],
  ['raw characters', (bytes) => String.fromCharCode(...bytes)],
  ['a message that cuts the end', (bytes) => `x ${hex(bytes).slice(0, 24)}…`],
  ['a message that cuts the beginning', (bytes) => `…${hex(bytes).slice(-24)}`],
];

describe('forms', () => {
  test.each(forms)(
    'a key of a file as %s in a status ⇒ violated and named, its bytes in no word of it',
    (_form, form) => {
      const {objects} = watched();
      const detail = violation(() => objects.status({conditions: [{message: `key: ${form(bytesOf(k1))}`}]}));
      expect(detail).toMatchObject({invariant: 'S12 secrecy', key: tagOf(k1)});
      expect(JSON.stringify(detail)).not.toContain(hex(bytesOf(k1)).slice(0, 12));
    },
  );

  test('a list of numbers, or an object with a number for each byte ⇒ violated', () => {
    expect(broken(() => watched().objects.status({bytes: [...bytesOf(k1)]}))).toBe(tagOf(k1));
    expect(broken(() => watched().objects.status({bytes: {...bytesOf(k1)}}))).toBe(tagOf(k1));
  });

  test('names, check values, hashes and counts ⇒ kept', () => {
    const {objects} = watched();
    const counts = Array.from({length: 64}, (_, index) => index);
    objects.status({conditions: [{message: `${k1.name} ${k1.checkValue} ${'ab'.repeat(32)}`}], counts});
  });
});

describe('places', () => {
  const leak = hex(bytesOf(k1));

  test('ring, annotation, event, name of a member ⇒ violated', () => {
    const places: readonly ((world: ReturnType<typeof watched>) => void)[] = [
      ({objects}) => objects.ring({handledRequest: leak}),
      ({objects}) => objects.ring({}, 'controller', {note: leak}),
      ({objects}) => objects.status({[leak]: 1}),
      ({simulation}) => {
        const store = createSimPorts(simulation.cluster, {program: 'controller'});
        const object = {metadata: {name: 'event', namespace: 'default'}, message: leak};
        expectValue(store['store.create']({resource: eventResource, object}));
      },
    ];
    for (const place of places) expect(broken(() => place(watched()))).toBe(tagOf(k1));
  });

  test('an event of the trace with an error’s text ⇒ violated; a line without ⇒ kept', () => {
    const {simulation} = watched();
    const tools = createSimPorts(simulation.cluster, {program: 'agent-n1', node: 'n1'});
    expectValue(tools['trace.event']({event: {event: 'agent.mint', outcome: `done ${k1.name}`}}));
    const said = (): unknown => tools['trace.event']({event: {event: 'agent.mint', outcome: `invalid: ${leak}`}});
    expect(broken(said)).toBe(tagOf(k1));
  });

  test.each([
    ['its message', () => new Error(`expected a key, got ${leak}`)],
    ['the message of what caused it', () => new Error('bug', {cause: new TypeError(leak)})],
    ['a text that is no error', () => leak],
  ])('a program throws, and %s quotes a key ⇒ violated', (_, thrown) => {
    const {simulation} = watched();
    // biome-ignore lint/correctness/useYield: it throws before it asks for anything
    function* leaking(): Step<void> {
      throw thrown();
    }
    simulation.startProgram('agent-n1', leaking, {});
    expect(broken(() => simulation.runFor(1_000))).toBe(tagOf(k1));
  });

  test('a program throws and names a key ⇒ the failure is told as it is', () => {
    const {simulation} = watched();
    // biome-ignore lint/correctness/useYield: it throws before it asks for anything
    function* failing(): Step<void> {
      throw new Error(`expected ${k1.name}`);
    }
    simulation.startProgram('east/agent-n1', failing, {});
    expect(() => simulation.runFor(1_000)).toThrow(`program east/agent-n1 failed: expected ${k1.name}`);
  });

  test('the state file ⇒ violated; history, configuration and the sealed part of a key object ⇒ kept', () => {
    const {simulation} = watched();
    const {cluster} = simulation;
    replaceFile(cluster, 'n1', file([k1, k2, 'identity']));
    const store = createSimPorts(cluster, {program: 'agent-n1', node: 'n1'});
    const key = (where: 'sealed' | 'createdBy', name: string): unknown =>
      store['store.create']({
        resource: keyResource,
        object: {metadata: {name, namespace: ourNamespace}, spec: {sealed: '', [where]: leak}},
      });
    key('sealed', 'r1');
    expect(broken(() => key('createdBy', 'r2'))).toBe(tagOf(k1));
    expectValue(store['files.write']({path: historyPath, bytes: historyLine(k3), append: true}));
    expectValue(store['files.create']({path: statePath, mode: 0o600}));
    expect(broken(() => store['files.write']({path: statePath, bytes: utf8(leak), append: false}))).toBe(tagOf(k1));
  });

  test('a text written about the run ⇒ told', () => {
    const {simulation} = watched();
    expect(secretIn(simulation.world, `<html>${leak}</html>`)).toBe(tagOf(k1));
    expect(secretIn(simulation.world, '<html></html>')).toBeUndefined();
  });
});

describe('secrets', () => {
  test('a key of a history, of a line that was appended, and one that a node loaded ⇒ known', () => {
    const {simulation, objects} = watched();
    expect(broken(() => objects.status({message: hex(bytesOf(k2))}))).toBe(tagOf(k2));
    const again = watched();
    const files = createSimPorts(again.simulation.cluster, {program: 'agent-n1', node: 'n1'});
    again.objects.status({message: hex(bytesOf(k3)).slice(2)});
    expectValue(files['files.write']({path: historyPath, bytes: historyLine(k4), append: true}));
    expect(broken(() => again.objects.status({message: hex(bytesOf(k4))}))).toBe(tagOf(k4));
    expect(simulation.findings).toEqual([]);
  });

  test('a key told before it is in any file ⇒ violated when it gets there', () => {
    const {simulation, objects} = watched();
    objects.status({message: hex(bytesOf(k3))});
    expect(broken(() => replaceFile(simulation.cluster, 'n1', file([k1, k3, 'identity'])))).toBe(tagOf(k3));
  });

  test('the root key and a node’s identity ⇒ known', () => {
    const {simulation, objects} = watched();
    const root = Uint8Array.from({length: 32}, (_, at) => (at * 91 + 3) % 256);
    const user = createSimPorts(simulation.cluster, {program: 'operator', as: 'user'});
    const metadata = {name: defaultRootSecret, namespace: ourNamespace};
    const object = {metadata, data: {'root-key': toBase64(root)}};
    expectValue(user['store.create']({resource: secretResource, object}));
    expect(broken(() => objects.status({message: hex(root)}))).toContain('root-key');
    const again = watched();
    const agent = createSimPorts(again.simulation.cluster, {program: 'agent-n1', node: 'n1'});
    const {identity} = expectValue(agent['seal.makeIdentity']({}));
    const text = (identity as Secret).withBytes((bytes) => String.fromCharCode(...bytes));
    expectValue(agent['files.create']({path: identityPath, mode: 0o600}));
    expectValue(agent['files.write']({path: identityPath, bytes: utf8(`${text}\n`), append: false}));
    expect(broken(() => again.objects.status({message: `cannot read ${text}`}))).toBe('identity of n1');
  });

  test('what a person writes ⇒ is not judged', () => {
    const {objects} = watched();
    objects.ring({handledRequest: 'x'}, 'user/operator', {note: hex(bytesOf(k1))});
  });
});
