// Builds the programs of the control plane into the cache, once for each state of the Go sources.
// Go's module proxy is the only network use; everything after a build is offline.
import {createHash} from 'node:crypto';
import {existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import {createServer, type Server} from 'node:net';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {defer} from './deferred.ts';
import {buildLockIntervalMs, buildReportIntervalMs} from './limits.ts';
import {type Binary, binaries, binaryPath, binFolder, cacheFolder, sourceFolder} from './paths.ts';
import {run} from './run.ts';

export type Report = (line: string) => void;

interface GoModule {
  readonly folder: string;
  readonly packages: Readonly<Record<string, Binary>>;
  readonly linkerFlags: string;
}

const kubernetesVersion = 'v1.37.2';

/** What `kubectl version` prints on both sides; a plain `go build` leaves placeholders. */
function versionFlags(version: string): string {
  const [major, minor] = version.slice(1).split('.');
  const values = {gitVersion: version, gitMajor: major, gitMinor: minor, gitTreeState: 'clean'};
  return Object.entries(values)
    .map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`)
    .join(' ');
}

const modules: readonly GoModule[] = [
  {
    folder: 'go',
    packages: {
      './apiserver': 'kube-apiserver',
      './loader': 'loader',
      './pki': 'pki',
      'k8s.io/kubernetes/cmd/kubectl': 'kubectl',
    },
    linkerFlags: `-s -w ${versionFlags(kubernetesVersion)}`,
  },
  {
    folder: join('go', 'etcd'),
    packages: {
      'go.etcd.io/etcd/server/v3': 'etcd',
      'go.etcd.io/etcd/etcdctl/v3': 'etcdctl',
      'go.etcd.io/etcd/etcdutl/v3': 'etcdutl',
    },
    linkerFlags: '-s -w',
  },
];

/** CGO off: no C compiler is needed, and the result is what Kubernetes releases. */
const goEnvironment = {CGO_ENABLED: '0', GOTOOLCHAIN: 'local', GOFLAGS: '-buildvcs=false'};

/**
 * Returns at once when the binaries belong to the present sources and Go version; otherwise builds them, or waits for
 * another process that does.
 *
 * @throws Error when Go is missing, cannot reach its module proxy, or does not compile.
 */
export async function ensureBinaries(report: Report = () => {}): Promise<void> {
  const stamp = await computeStamp();
  if (isBuilt(stamp)) return;
  const lock = await acquireLock(report);
  try {
    if (isBuilt(stamp)) return;
    rmSync(stampPath, {force: true});
    for (const module of modules) await buildModule(module, report);
    writeFileSync(stampPath, stamp);
  } finally {
    lock.close();
  }
}

const stampPath = join(binFolder, 'stamp');

function isBuilt(stamp: string): boolean {
  if (!existsSync(stampPath) || !binaries.every((binary) => existsSync(binaryPath(binary)))) return false;
  return readFileSync(stampPath, 'utf8') === stamp;
}

/** One hash over everything that decides what the binaries are. */
async function computeStamp(): Promise<string> {
  const go = (await run('go', ['version'], {env: goEnvironment})).toString();
  const files = globSync('go/**/{*.go,go.mod,go.sum}', {cwd: sourceFolder}).sort();
  const hash = createHash('sha256').update(JSON.stringify({go, modules, goEnvironment}));
  for (const file of files) hash.update(`\n${file}\n`).update(readFileSync(join(sourceFolder, file)));
  return hash.digest('hex');
}

/** An abstract socket is a lock that the kernel gives back when its holder ends, however it ends. */
async function acquireLock(report: Report): Promise<Server> {
  const name = `\0control-plane-build-${createHash('sha256').update(binFolder).digest('hex').slice(0, 32)}`;
  for (let attempt = 0; ; attempt++) {
    const server = await listen(name);
    if (server !== undefined) return server;
    if (attempt === 0) report('waiting for another build of the control plane');
    await sleep(buildLockIntervalMs);
  }
}

function listen(name: string): Promise<Server | undefined> {
  const {promise, resolve, reject} = defer<Server | undefined>();
  const server = createServer();
  server.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EADDRINUSE') resolve(undefined);
    else reject(error);
  });
  server.listen(name, () => resolve(server));
  return promise;
}

async function buildModule(module: GoModule, report: Report): Promise<void> {
  const cwd = join(sourceFolder, module.folder);
  const packages = Object.keys(module.packages);
  const names = Object.values(module.packages).join(', ');
  const scratch = join(cacheFolder, `build-${process.pid}`);
  mkdirSync(binFolder, {recursive: true});
  mkdirSync(scratch, {recursive: true});
  report(`building ${names} (several minutes the first time)`);
  const all = await run('go', ['list', '-deps', ...packages], {cwd, env: goEnvironment});
  const total = all.toString().trim().split('\n').length;
  const startedMs = Date.now();
  let compiled = 0;
  const tell = () => report(`${compiled} of up to ${total} packages compiled, ${secondsSince(startedMs)} s`);
  const ticker = setInterval(tell, buildReportIntervalMs);
  try {
    const args = ['build', '-v', '-trimpath', '-ldflags', module.linkerFlags, '-o', `${scratch}/`, ...packages];
    const onStderr = (text: string) => {
      compiled += text.split('\n').length - 1;
    };
    await run('go', args, {cwd, env: goEnvironment, onStderr});
    for (const [path, binary] of Object.entries(module.packages)) {
      renameSync(join(scratch, builtName(path)), binaryPath(binary));
    }
  } finally {
    clearInterval(ticker);
    rmSync(scratch, {recursive: true, force: true});
  }
  report(`built ${names} in ${secondsSince(startedMs)} s`);
}

function secondsSince(startedMs: number): number {
  return Math.round((Date.now() - startedMs) / 1_000);
}

/** Go names a program after the last element of its import path that is not a major version. */
function builtName(path: string): string {
  const name = path
    .split('/')
    .filter((element) => !/^v[0-9]+$/.test(element))
    .at(-1);
  if (name === undefined) throw new TypeError(`path: want an import path, got ${path}`);
  return name;
}
