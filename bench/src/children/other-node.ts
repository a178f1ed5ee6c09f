// Measures the kernel against `hkdfSync` under whichever Node runs this: `other-node.ts ROUNDS` writes results as JSON.

import {kernelBatch, kernelSingle} from '../cases/kernel.ts';
import {fullEffort, measureCase} from '../measure.ts';
import {type ResultRow, rowsOf} from '../results.ts';

const rows: ResultRow[] = [];
for (const file of [kernelBatch, kernelSingle]) {
  const loaded = await file.load();
  if (loaded.kind !== 'timed')
    throw new TypeError(`${file.name}: expected a timed case, got one of kind ${loaded.kind}`);
  const rivals = loaded.rivals.filter(({name}) => name === 'hkdfSync');
  rows.push(...rowsOf(file.name, await measureCase({...loaded, rivals}, fullEffort(Number(process.argv[2])))));
}
console.log(JSON.stringify({version: process.version, rows}));
