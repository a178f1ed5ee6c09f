// `preflight`: whether rotation could begin here, before anything is installed. Reads only; red lines first.

import {resolve} from 'node:path';
import {createClock} from '@etcd-encryption/host-k8s';
import {refOf} from '@etcd-encryption/rotation';
import {
  type ClusterClient,
  findKubeconfig,
  kubeconfigOption,
  type OpenCluster,
  openCluster,
} from '../cluster-client.ts';
import {formatDocument, outputOf, outputOption} from '../output.ts';
import {checkAdoption} from '../preflight/adoption.ts';
import {type ClusterLook, defaultResources, lookAtCluster} from '../preflight/cluster.ts';
import {collectFindings, type Findings, type Level, type PreflightFinding, sortFindings} from '../preflight/finding.ts';
import {checkLoaded} from '../preflight/loaded.ts';
import {lookAtNode, type NodeLook} from '../preflight/node.ts';
import {tellRotation} from '../preflight/rotation.ts';
import {lookAtValues, resolveByName} from '../preflight/values.ts';
import {cell, choosePaint, cleanLine, formatTable, type Paint, type Tone} from '../table.ts';
import {type ExitCode, optionalText, UnreachableError, UsageError, type Verb, type VerbInput} from '../verb.ts';

const forms = ['json', 'yaml'] as const;

export const preflightVerb = (open: OpenCluster): Verb => ({
  name: 'preflight',
  summary: 'whether rotation could begin here; installs and writes nothing',
  options: {
    kubeconfig: kubeconfigOption,
    'node-root': {
      type: 'string',
      help: 'FOLDER that stands for a control-plane node’s /; no node is looked at unless given',
    },
    'node-name': {type: 'string', help: 'NAME of that node; its host name unless given'},
    etcd: {type: 'string', help: 'auto (as that node’s kube-apiserver reaches it) or off; default auto'},
    output: outputOption(...forms),
  },
  run: (input) => run(open, input),
});

export const preflight: Verb = preflightVerb(openCluster);

async function run(open: OpenCluster, input: VerbInput): Promise<ExitCode> {
  const output = outputOf(input, forms);
  const findings = collectFindings();
  const client = openOrNot(open, input, findings);
  try {
    const cluster = client === undefined ? undefined : await seeCluster(client, findings);
    const node = await seeNode(input, findings);
    const steps = await seeBoth({client, cluster, node, input}, findings);
    const list = sortFindings(findings.list);
    const red = list.some(({level}) => level === 'red');
    input.out(
      output === 'json' || output === 'yaml'
        ? formatDocument(output, {ready: !red, findings: list, rotation: steps})
        : render(list, steps, node, choosePaint()),
    );
    if (red) return 1;
    const wanted = optionalText(input, 'kubeconfig') !== undefined || node === undefined;
    return cluster === undefined && wanted ? 4 : 0;
  } finally {
    await client?.close();
  }
}

function openOrNot(open: OpenCluster, input: VerbInput, findings: Findings): ClusterClient | undefined {
  try {
    return open(input);
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error;
    findings.unseen('api', error.message);
    return undefined;
  }
}

interface Looks {
  readonly client: ClusterClient | undefined;
  readonly cluster: ClusterLook | undefined;
  readonly node: NodeLook | undefined;
  readonly input: VerbInput;
}

/** What needs the node, with the cluster where it answers; and what a rotation would then do. */
async function seeBoth({client, cluster, node, input}: Looks, findings: Findings): Promise<readonly string[]> {
  const resources = cluster?.spec?.resources ?? resourcesOf(node);
  if (node === undefined) return tellRotation({cluster, node, resources, counts: undefined});
  try {
    checkAdoption({node, cluster, resources}, findings);
    if (cluster !== undefined) await seeLoaded(input, node, findings);
    const resolveTypes = cluster === undefined ? undefined : client?.store['store.resolve'];
    const clock = createClock({signal: input.signal}).ports;
    const counts = await lookAtValues({node, resources, resolve: resolveTypes ?? resolveByName, clock}, findings);
    return tellRotation({cluster, node, resources, counts});
  } finally {
    await node.etcd?.close();
    for (const {secret} of node.keys) secret.wipe();
  }
}

async function seeCluster(client: ClusterClient, findings: Findings): Promise<ClusterLook | undefined> {
  try {
    return await lookAtCluster(client, findings);
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error;
    findings.unseen('api', error.message);
    return undefined;
  }
}

async function seeNode(input: VerbInput, findings: Findings): Promise<NodeLook | undefined> {
  const root = optionalText(input, 'node-root');
  const node = optionalText(input, 'node-name');
  const etcd = optionalText(input, 'etcd') ?? 'auto';
  if (etcd !== 'auto' && etcd !== 'off')
    throw new UsageError(`--etcd: expected auto or off, got ${JSON.stringify(etcd)}`);
  if (root === undefined) {
    if (node !== undefined) throw new UsageError('--node-name: only together with --node-root');
    findings.unseen('node', 'files, mounts and stored values: name a node’s folder with --node-root');
    return undefined;
  }
  return lookAtNode({root: resolve(root), node, etcd}, findings);
}

/** What the present file encrypts, or what is encrypted by default. */
function resourcesOf(node: NodeLook | undefined): readonly string[] {
  const listed = (node?.blocks ?? []).flatMap(({resources}) => resources);
  return listed.length === 0 ? defaultResources : [...new Set([...defaultResources, ...listed])];
}

async function seeLoaded(input: VerbInput, node: NodeLook, findings: Findings): Promise<void> {
  const kubeconfig = findKubeconfig(optionalText(input, 'kubeconfig'));
  const root = optionalText(input, 'node-root');
  if (kubeconfig === undefined || root === undefined) return;
  await checkLoaded({node, root: resolve(root), kubeconfig}, findings);
}

const tones: Readonly<Record<Level, Tone>> = {red: 'bad', warning: 'warn', 'not seen': 'dim', fine: 'good'};

function render(
  list: readonly PreflightFinding[],
  steps: readonly string[],
  node: NodeLook | undefined,
  paint: Paint,
): string {
  const table = formatTable(
    list.map(({level, about, message}) => [cell(level, tones[level]), cell(about), cell(message)]),
    paint,
  );
  const begun = node?.keys.some((key) => refOf(key).revision > 0) === true;
  const told = steps.map((step, index) => `${index + 1}. ${cleanLine(step)}`);
  return [table, ...(told.length === 0 ? [] : ['', `The ${begun ? 'next' : 'first'} rotation would`, ...told])].join(
    '\n',
  );
}
