// The purity rules refuse every clock, random source and timer they know, however it is written.
import {describe, expect, test} from 'vitest';
import {checkCompilerScope, checkPurity, pureFolders} from '../../scripts/purity-rules.ts';

function impureLines(folder: string, source: string): number[] {
  const rule = pureFolders.find((one) => one.folder === folder);
  if (rule === undefined) throw new RangeError(`${folder} is not pure`);
  return checkPurity(`${folder}/src/fixture.ts`, source, rule).map(({line}) => line);
}

describe('checkPurity', () => {
  test.each([
    'const now = Date.now();',
    'const now = new Date();',
    'const make = Date;',
    'let time: Date;',
    'const ms = performance.now();',
    'const now = Temporal.Now.instant();',
    'const text = new Intl.DateTimeFormat().format();',
    'const roll = Math.random();',
    "const roll = Math['random']();",
    'const {random} = Math;',
    'const roll = [Math].map((math) => math);',
    'setTimeout(() => {}, 1);',
    'const later = {later: setTimeout};',
    'const all = {setTimeout};',
    'setInterval(() => {}, 1);',
    'setImmediate(() => {});',
    'queueMicrotask(() => {});',
    'const home = process.env.HOME;',
    'const bytes = crypto.getRandomValues(new Uint8Array(1));',
    'const bytes = globalThis.crypto;',
    "const now = globalThis['Date'].now();",
    "const now = eval('Date.now()');",
    "const now = new Function('return Date.now()');",
    'const text = `${Date.now()}`;',
    'declare const hrtime: () => bigint;',
    'declare function fetchNow(): number;',
    'declare global {\n  var clock: number;\n}',
    'Atomics.wait(new Int32Array(1), 0, 0, 1);',
    'const weak = new WeakRef({});',
    "const fs = require('fs');",
  ])('rotation: %s ⇒ refused', (source) => {
    expect(impureLines('rotation', source)[0]).toBe(1);
  });

  test.each([
    '// Date.now() and Math.random() are handed in.',
    '/* setTimeout */ export const a = 1;',
    "const text = 'process.exit() at new Date()';",
    'const text = `setTimeout`;',
    'const pattern = /Math.random/;',
    'const world = {Date: 1, process: 2, setTimeout: 3};',
    'const step = world.process.performance;',
    'interface World { process: string; performance(): number }',
    'class World { process = 1; setTimeout(): void {} }',
    'const most = Math.max(1, 2);',
    'export type Max = typeof Math.max;',
    'declare const TextEncoder: new () => {encode(text: string): Uint8Array};',
    'const updateProcessDate = 1;',
  ])('rotation: %s ⇒ passes', (source) => {
    expect(impureLines('rotation', source)).toEqual([]);
  });

  test('host-sim ⇒ may turn a given time into text, and still has no clock', () => {
    const given =
      'const a = new Date(1).toISOString(); const b = Date.UTC(2026, 1); const c = Date.parse(a); let d: Date;';
    expect(impureLines('host-sim', given)).toEqual([]);
    for (const clock of [
      'Date.now();',
      'new Date();',
      'new Date(...[]);',
      'Date();',
      "Date['now']();",
      'const a = Date;',
    ]) {
      expect(impureLines('host-sim', clock), clock).toEqual([1]);
    }
    expect(impureLines('host-sim', '\n\nsetTimeout(() => Math.random());')).toEqual([3, 3]);
  });

  test('the violation ⇒ says the name, the reason and who hands it in', () => {
    const rule = {folder: 'rotation', datesOfGivenTime: false};
    expect(checkPurity('rotation/src/a.ts', '\nDate.now();', rule)).toEqual([
      {file: 'rotation/src/a.ts', line: 2, rule: 'purity', message: 'Date reads the clock; rotation gets it handed in'},
    ]);
  });
});

describe('checkCompilerScope', () => {
  const base = {compilerOptions: {lib: ['es2023'], types: []}};

  test('a folder that inherits the scope ⇒ passes', () => {
    expect(checkCompilerScope('crypto/tsconfig.json', {}, base)).toBeUndefined();
  });

  test.each([[{lib: ['es2023', 'dom']}], [{lib: ['esnext']}], [{lib: []}], [{types: ['node']}]])(
    'a folder with %j ⇒ is refused',
    (compilerOptions) => {
      expect(checkCompilerScope('crypto/tsconfig.json', {compilerOptions}, base)?.rule).toBe('compiler-scope');
    },
  );
});
