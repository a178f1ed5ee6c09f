// A fake is honest only as long as the real thing passes the same cases. Every contract is run on both, whole.

import {readdir, readFile} from 'node:fs/promises';
import {fileURLToPath} from 'node:url';
import {describe, expect, test} from 'vitest';
import {assumptionsCases} from '../assumptions/suite.ts';
import {calendarContractCases} from './calendar-contract.ts';
import {etcdContractCases} from './etcd-contract.ts';
import {filesContractCases} from './files-contract.ts';
import {sealContractCases} from './seal-contract.ts';
import {serverContractCases} from './server-contract.ts';
import {storeContractCases} from './store-contract.ts';

const folder = fileURLToPath(new URL('..', import.meta.url));
const contracts = {
  storeContract: storeContractCases,
  filesContract: filesContractCases,
  serverContract: serverContractCases,
  etcdContract: etcdContractCases,
  sealContract: sealContractCases,
  assumptions: assumptionsCases,
  calendarContract: calendarContractCases,
};

/** How often a contract is run in the test files of some folders. */
async function runsIn(folders: readonly string[], contract: string): Promise<number> {
  let runs = 0;
  for (const each of folders) {
    const names = (await readdir(`${folder}${each}`)).filter(
      (name) => name.endsWith('.test.ts') && name !== 'counted.test.ts',
    );
    for (const name of names) {
      const text = await readFile(`${folder}${each}/${name}`, 'utf8');
      runs += text.split(`${contract}(`).length - 1;
    }
  }
  return runs;
}

describe.each(Object.entries(contracts))('%s', (contract, cases) => {
  test(`has ${cases} cases ⇒ the real port runs them at least as often as the simulated one`, async () => {
    const [real, simulated] = await Promise.all([runsIn(['ports', 'cluster'], contract), runsIn(['sim'], contract)]);
    expect(cases).toBeGreaterThan(0);
    expect(simulated).toBeGreaterThan(0);
    expect(real * cases).toBeGreaterThanOrEqual(simulated * cases);
  });
});
