// The seal contract on age itself.

import {createSealPorts} from '@etcd-encryption/host-k8s';
import {expect, test} from 'vitest';
import {sealContract, sealContractCases} from './seal-contract.ts';

sealContract('age', createSealPorts);

test('the contract ⇒ at least 15 cases', () => {
  expect(sealContractCases).toBeGreaterThanOrEqual(15);
});
