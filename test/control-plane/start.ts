// Brings a control plane up: programs, addresses, certificates, files, etcd, servers.
import {mkdirSync} from 'node:fs';
import {resolve} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {chooseNetwork, type Endpoint, etcdAddress, findFreePorts, nodeAddress} from './addresses.ts';
import {ensureBinaries} from './build.ts';
import {adminFiles, makeCertificates, writeKubeconfig} from './certificates.ts';
import {ControlPlane} from './control-plane.ts';
import {Etcd, type EtcdPlan} from './etcd.ts';
import {probeIntervalMs, readyTimeoutMs} from './limits.ts';
import {type ControlPlaneOptions, planNode} from './options.ts';
import {answersOk} from './probe.ts';
import {isRunning} from './processes.ts';
import {ApiServer} from './server.ts';
import {type ControlPlaneState, readState} from './state.ts';

/** Node N has the address NETWORK.(10+N). */
const maxNodes = 100;

/**
 * Resolves when every server is ready. Everything that runs is a child of this process and ends with it.
 *
 * @throws Error when the folder's control plane runs already, or with the end of a log when something does not start.
 */
export async function startControlPlane(given: ControlPlaneOptions): Promise<ControlPlane> {
  const options = {...given, dir: resolve(given.dir)};
  if (!Number.isInteger(options.nodes) || options.nodes < 1 || options.nodes > maxNodes) {
    throw new RangeError(`nodes: want 1 to ${maxNodes}, got ${options.nodes}`);
  }
  await ensureBinaries(options.report);
  mkdirSync(options.dir, {recursive: true, mode: 0o700});
  const previous = readState(options.dir);
  if (previous?.running.some(isRunning)) throw new Error(`${options.dir}: its control plane runs already`);
  const {etcd: etcdPlan, endpoints} = await planEndpoints(options, previous);
  const plans = Object.entries(endpoints).map(([name, endpoint]) => planNode(options.dir, name, endpoint));
  await makeCertificates(options.dir, etcdPlan.address, plans);
  const etcd = new Etcd(etcdPlan, options);
  const admin = adminFiles(options.dir);
  const target = {url: etcd.url, tls: etcdPlan.tls};
  const servers = plans.map((plan) => new ApiServer(plan, target, admin, options));
  for (const server of servers) {
    server.writeFiles();
    writeKubeconfig({url: server.plan.url, path: server.plan.kubeconfig}, 'kubernetes-admin', admin);
  }
  const controlPlane = new ControlPlane(options, etcd, servers);
  try {
    await startAll(controlPlane, options);
  } catch (error) {
    await controlPlane.stop();
    throw error;
  }
  return controlPlane;
}

async function planEndpoints(
  options: ControlPlaneOptions,
  previous: ControlPlaneState | undefined,
): Promise<Pick<ControlPlaneState, 'etcd' | 'endpoints'>> {
  const tls = options.etcdTls ?? false;
  if (previous !== undefined) {
    const nodes = Object.keys(previous.endpoints).length;
    if (nodes !== options.nodes) throw new RangeError(`nodes: want ${nodes} as before, got ${options.nodes}`);
    return {etcd: {...previous.etcd, tls}, endpoints: previous.endpoints};
  }
  const network = chooseNetwork();
  const etcd = await planEtcd(etcdAddress(network), tls);
  const endpoints: Record<string, Endpoint> = {};
  for (let index = 0; index < options.nodes; index++) {
    const address = nodeAddress(network, index);
    const [port] = await findFreePorts(address, 1);
    if (port !== undefined) endpoints[`node-${index + 1}`] = {address, port};
  }
  return {etcd, endpoints};
}

async function planEtcd(address: string, tls: boolean): Promise<EtcdPlan> {
  const [clientPort = 0, peerPort = 0] = await findFreePorts(address, 2);
  return {address, clientPort, peerPort, tls, dataGeneration: 1};
}

async function startAll(controlPlane: ControlPlane, {report}: ControlPlaneOptions): Promise<void> {
  await controlPlane.startEtcd();
  report?.('etcd is healthy');
  await Promise.all(
    controlPlane.nodes.map(async ({name}) => {
      await controlPlane.startServer(name);
      report?.(`${name} is ready`);
    }),
  );
  for (const {url} of controlPlane.nodes) await waitForNamespaces(url, controlPlane);
}

/** The first server makes them just after it says that it is ready. */
async function waitForNamespaces(url: string, {admin}: ControlPlane): Promise<void> {
  const deadlineMs = Date.now() + readyTimeoutMs;
  for (const namespace of ['default', 'kube-system']) {
    while (!(await answersOk(`${url}/api/v1/namespaces/${namespace}`, admin))) {
      if (Date.now() > deadlineMs) throw new Error(`${url}: namespace ${namespace} did not appear`);
      await sleep(probeIntervalMs);
    }
  }
}
