// Two projects: `fast` holds everything that needs no server, `real` drives the real control plane.
import {defineConfig} from 'vitest/config';

const real = ['test/control-plane/**/*.test.ts', 'test/cluster/**/*.test.ts', 'test/loader/**/*.test.ts'];

export default defineConfig({
  test: {
    pool: 'forks',
    projects: [
      {extends: true, test: {name: 'fast', include: ['test/**/*.test.ts'], exclude: real, testTimeout: 60_000}},
      {
        extends: true,
        test: {name: 'real', include: real, testTimeout: 600_000, hookTimeout: 900_000, fileParallelism: false},
      },
    ],
  },
});
