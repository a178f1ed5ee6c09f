// npm run control-plane -- build
// npm run control-plane -- start --dir D [--nodes 3] [--poll 1s] [--etcd-tls] [--fsync]
// npm run control-plane -- stop --dir D
// JSON goes to standard output, progress to standard error.
import {parseArgs} from 'node:util';
import {ensureBinaries} from './build.ts';
import {binFolder} from './paths.ts';
import {stopControlPlane} from './stop.ts';
import {type SupervisedOptions, startSupervised, supervise} from './supervise.ts';

const usage = `usage: control-plane build
       control-plane start --dir DIR [--nodes 3] [--poll 1s] [--etcd-tls] [--fsync]
       control-plane stop --dir DIR`;

const report = (line: string) => process.stderr.write(`${line}\n`);
const print = (value: unknown) => process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);

async function main(args: readonly string[]): Promise<void> {
  const [command, ...rest] = args;
  switch (command) {
    case 'build':
      await ensureBinaries(report);
      print({bin: binFolder});
      return;
    case 'start':
      print(await startSupervised(readStartOptions(rest), report));
      return;
    case 'stop':
      print({ended: await stopControlPlane(readDir(rest))});
      return;
    case 'supervise':
      await supervise(JSON.parse(rest[0] ?? '{}') as SupervisedOptions);
      return;
    default:
      throw new TypeError(usage);
  }
}

function readStartOptions(args: readonly string[]): SupervisedOptions {
  const {values} = parseArgs({
    args: [...args],
    options: {
      dir: {type: 'string'},
      nodes: {type: 'string', default: '3'},
      poll: {type: 'string'},
      'etcd-tls': {type: 'boolean', default: false},
      fsync: {type: 'boolean', default: false},
    },
  });
  if (values.dir === undefined) throw new TypeError(usage);
  return {
    dir: values.dir,
    nodes: Number(values.nodes),
    etcdTls: values['etcd-tls'],
    fsync: values.fsync,
    ...(values.poll === undefined ? {} : {pollPeriod: values.poll}),
  };
}

function readDir(args: readonly string[]): string {
  const {values} = parseArgs({args: [...args], options: {dir: {type: 'string'}}});
  if (values.dir === undefined) throw new TypeError(usage);
  return values.dir;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  report(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
