// Prints the trace hashes of seeds of a campaign as one line of JSON: what another Node or a thread says of them.

import {isMainThread, parentPort, workerData} from 'node:worker_threads';
import {generateRehearsal, runRehearsal} from '@etcd-encryption/host-sim';

const hashesOf = (seeds: readonly number[]): readonly string[] =>
  seeds.map((seed) => runRehearsal(generateRehearsal(seed), {seed}).traceHash);

if (isMainThread) console.log(JSON.stringify(hashesOf(process.argv.slice(2).map(Number))));
else parentPort?.postMessage(hashesOf(workerData as readonly number[]));
