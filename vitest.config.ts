// Two projects: `fast` holds everything that needs no server, `real` drives the real control plane.
import {defineConfig} from 'vitest/config';

const real = ['test/control-plane/**/*.test.ts', 'test/cluster/**/*.test.ts', 'test/loader/**/*.test.ts'];

// A proof's full run takes as long as it takes.
const long = process.env.EEM_LONG === '1';
const dayMs = 86_400_000;

export default defineConfig({
  test: {
    pool: 'forks',
    projects: [
      {
        extends: true,
        test: {
          name: 'fast',
          include: ['test/**/*.test.ts'],
          exclude: real,
          testTimeout: long ? dayMs : 60_000,
          // One less than there are cores would leave half of a machine with two at rest.
          maxWorkers: long ? 1 : 2,
        },
      },
      {
        extends: true,
        test: {
          name: 'real',
          include: real,
          testTimeout: long ? dayMs : 600_000,
          hookTimeout: 900_000,
          // Each file waits for polls and leases more than it works; two share the machine well.
          maxWorkers: long ? 1 : 2,
        },
      },
    ],
  },
});
