// Results of seeds, made up, for the tests of what is printed about them.

import type {SeedResult, Strike, Violation} from '@etcd-encryption/host-sim';

export const passed: SeedResult = {
  seed: 1,
  violation: undefined,
  strikes: [],
  missed: [],
  moments: [],
  rotations: 3,
  unreadable: 0,
  events: 1_000,
  virtualMs: 3_600_000,
  traceHash: '00000000000000ff',
};

export const strike: Strike = {fault: 'failover', phase: 'Activate', role: 'Standby', cluster: 'west', atMs: 60_000};

export const violation: Violation = {
  name: 'S1 readable',
  cluster: 'west',
  node: 'w1',
  key: 'aesgcm/r3-1f2e3d4c',
  explanation: 'the server has not loaded the key of a value that it serves',
  atMs: 720_031_500,
};
