// Random bytes: how many, of their own memory, never the same.

import {createEntropyPorts} from '@etcd-encryption/host-k8s';
import {expect, test} from 'vitest';
import {expectError, expectValue} from '../ports/answers.ts';

const ports = createEntropyPorts();

test.for([1, 12, 32, 65_536, 1_048_576])('%d bytes ⇒ as many, in memory of their own', async (length) => {
  const bytes = expectValue(await ports['entropy.bytes']({length}));
  expect([bytes.length, bytes.buffer.byteLength, bytes.byteOffset]).toEqual([length, length, 0]);
});

test('a thousand times 16 bytes ⇒ all different', async () => {
  const seen = new Set<string>();
  for (let times = 0; times < 1_000; times++) {
    seen.add(Buffer.from(expectValue(await ports['entropy.bytes']({length: 16}))).toString('hex'));
  }
  expect(seen.size).toBe(1_000);
});

test.for([0, -1, 1.5, Number.NaN, 1_048_577])('%d bytes ⇒ invalid', async (length) => {
  expectError(await ports['entropy.bytes']({length}), 'invalid');
});
