// Assumptions about kube-apiserver and etcd that the rotation rests on, each under one name on the simulated world and
// on the real one. Where the two differ, the simulator is wrong.

import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {choosing} from './choosing.ts';
import {usualFile} from './configuration.ts';
import {history} from './history.ts';
import {type AssumptionHost, loadedHash} from './host.ts';
import {loading} from './loading.ts';
import {rewriting} from './rewriting.ts';
import {unreadable} from './unreadable.ts';

const cases = Object.entries({...choosing, ...rewriting, ...unreadable, ...history, ...loading});

/** How many cases every world runs. */
export const assumptionsCases: number = cases.length;

export function assumptions(world: string, make: () => Promise<AssumptionHost>): void {
  describe(`assumptions: ${world}`, () => {
    let host: AssumptionHost;
    let usual: string | undefined;
    beforeAll(async () => {
      host = await make();
      usual = await loadedHash(host.plain);
    });
    afterAll(() => host?.close());
    test.for(cases)('%s', async ([, run]) => {
      await run(host);
      await host.plain.writeFile(usualFile);
      if ((await loadedHash(host.plain)) !== usual) await host.waitForPoll();
      expect(await loadedHash(host.plain)).toBe(usual);
    });
  });
}
