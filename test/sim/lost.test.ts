// Things of ours that somebody deletes, alone and in pairs, at rest and in the middle of a rotation: nothing is written
// in clear, no key is lost, and what the nodes' files hold rebuilds the rest.

import {backupDirectory, configurationPath, historyPath, statePath} from '@etcd-encryption/rotation';
import {describe, expect, test} from 'vitest';
import {openProofRun} from '../../scripts/proof-run.ts';
import {configOf, expectUnnoticed, Installed, minuteMs, paths} from './installed.ts';

interface Loss {
  readonly name: string;
  readonly delete: (installed: Installed) => void;
}

const run = openProofRun();

const newest = (installed: Installed): string => {
  const ring = installed.ring();
  return `r${ring?.rotation?.revision ?? ring?.keys[0]?.revision ?? 0}`;
};

const losses: readonly Loss[] = [
  {name: 'the ring', delete: (installed) => installed.delete(paths.ring)},
  {name: 'EtcdEncryptionConfig', delete: (installed) => installed.delete(paths.config)},
  {name: 'the newest key object', delete: (installed) => installed.delete(paths.key(newest(installed)))},
  {name: 'a node’s file', delete: (installed) => installed.removeFile('n1', configurationPath)},
  {name: 'a node’s history', delete: (installed) => installed.removeFile('n1', historyPath)},
  {name: 'the status', delete: (installed) => installed.clearStatus()},
];

const pairs: readonly (readonly Loss[])[] = losses.flatMap((first, index) => [
  [first],
  ...losses.slice(index + 1).map((second) => [first, second]),
]);

interface Moment {
  readonly name: string;
  readonly reach: (installed: Installed) => void;
  /** Pairs as well, also in the small run. */
  readonly pairs?: true;
}

/** When it happens: at rest after r2, or while r3 is on its way. */
const moments: readonly Moment[] = [
  {name: 'at rest', reach: () => {}, pairs: true},
  {
    name: 'before the key is made',
    reach: (installed) => begin(installed, () => installed.ring()?.minting !== undefined),
  },
  {
    name: 'before the key is active',
    reach: (installed) => begin(installed, () => installed.ring()?.rotation?.key !== undefined),
  },
  {
    name: 'just after activation',
    pairs: true,
    reach: (installed) => begin(installed, () => installed.ring()?.rotation?.activatedAtMs !== undefined),
  },
  {
    name: 'while objects are rewritten',
    reach: (installed) => begin(installed, () => (installed.ring()?.rotation?.migration.length ?? 0) > 0),
  },
];

function begin(installed: Installed, reached: () => boolean): void {
  installed.rotate('before the loss');
  installed.until('the moment', reached);
}

/** A cluster at rest after r2 that notes any file which writes in clear. */
function atR2(seed: number): {installed: Installed; clear: string[]} {
  const installed = new Installed({seed});
  installed.complete(1);
  installed.rotate('second');
  installed.complete(2);
  const clear: string[] = [];
  installed.simulation.cluster.observe({
    onFile(node, _before, actor) {
      if (node.file.state === 'loadable' && installed.writes(node.name) === 'clear')
        clear.push(`${node.name} ${actor}`);
    },
  });
  return {installed, clear};
}

describe.each(moments)('$name', ({reach, pairs: both}) => {
  const cases = pairs.filter((pair) => run.long || both === true || pair.length === 1);
  test.each(cases.map((pair) => ({title: pair.map(({name}) => name).join(' and '), pair})))(
    '$title deleted ⇒ rebuilt, no key lost, nothing in clear, rotations go on',
    ({pair}) => {
      const {installed, clear} = atR2(50);
      reach(installed);
      const names = installed.simulation.cluster.nodes.map(({name}) => name);
      const before = new Set(names.flatMap((name) => installed.fileKeys(name)));
      for (const loss of pair) loss.delete(installed);
      installed.simulation.runFor(5 * minuteMs);
      if (pair.some(({name}) => name === 'EtcdEncryptionConfig')) installed.create(configOf());
      installed.complete(2);
      const last = installed.status().history?.[0]?.revision ?? 0;
      for (const name of names)
        expect([...before].filter((key) => !installed.fileKeys(name).includes(key))).toEqual([]);
      const ring = installed.ring();
      expect(ring?.keys.map(({revision}) => revision).sort()).toEqual(Array.from({length: last}, (_, n) => n + 1));
      expect(last).toBeLessThanOrEqual(4);
      installed.rotate('after the loss');
      installed.complete(last + 1);
      expect(clear).toEqual([]);
      expectUnnoticed(installed);
    },
  );
});

test('file, history, backups and state of a node deleted, and its agent started again ⇒ the file comes back as it is loaded', () => {
  const {installed, clear} = atR2(60);
  const before = installed.fileKeys('n1');
  for (const path of [configurationPath, historyPath, statePath]) installed.removeFile('n1', path);
  const {disk} = installed.simulation.cluster.node('n1');
  const backups = disk.list(backupDirectory);
  for (const name of backups.ok ? (backups.value ?? []) : []) installed.removeFile('n1', `${backupDirectory}/${name}`);
  installed.simulation.restartProgram('agent-n1', 1_000);
  installed.until('the file is back', () => installed.fileKeys('n1').length > 0);
  expect(installed.fileKeys('n1')).toEqual(before);
  installed.rotate('after the loss');
  installed.complete(3);
  expect(clear).toEqual([]);
  expectUnnoticed(installed);
});
