// `preflight`: whether rotation could begin here, before anything is installed. Reads only; red lines first.

import {resolve} from 'node:path';
import type {ScanReport} from '@etcd-encryption/rotation';
import {
  type ClusterClient,
  findKubeconfig,
  kubeconfigOption,
  type OpenCluster,
  openCluster,
  withCluster,
} from '../cluster-client.ts';
import {formatDocument, outputOf, outputOption} from '../output.ts';
import {type ClusterLook, defaultResources, lookAtCluster} from '../preflight/cluster.ts';
import {collectFindings, type Findings, type Level, type PreflightFinding, sortFindings} from '../preflight/finding.ts';
import {tellFirstRotation} from '../preflight/first-rotation.ts';
import {checkLoaded} from '../preflight/loaded.ts';
import {lookAtNode, type NodeLook} from '../preflight/node.ts';
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
  run: (input) => withCluster(open, input, (client) => run(client, input)),
});

export const preflight: Verb = preflightVerb(openCluster);

async function run(client: ClusterClient, input: VerbInput): Promise<ExitCode> {
  const output = outputOf(input, forms);
  const findings = collectFindings();
  const cluster = await seeCluster(client, findings);
  const node = await seeNode(input, findings);
  if (node !== undefined && cluster !== undefined) await seeLoaded(input, node, findings);
  const resources = cluster?.spec?.resources ?? resourcesOf(node);
  const counts = node === undefined ? undefined : await seeValues(client, {node, cluster, resources}, findings);
  await node?.etcd?.close();
  const steps = tellFirstRotation({cluster, node, resources, counts});
  for (const {secret} of node?.keys ?? []) secret.wipe();
  const list = sortFindings(findings.list);
  const red = list.some(({level}) => level === 'red');
  input.out(
    output === 'json' || output === 'yaml'
      ? formatDocument(output, {ready: !red, findings: list, firstRotation: steps})
      : render(list, steps, choosePaint()),
  );
  if (red) return 1;
  return cluster === undefined ? 4 : 0;
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

interface Values {
  readonly node: NodeLook;
  readonly cluster: ClusterLook | undefined;
  readonly resources: readonly string[];
}

function seeValues(
  client: ClusterClient,
  {node, cluster, resources}: Values,
  findings: Findings,
): Promise<ScanReport['counts'] | undefined> {
  const resolveTypes = cluster === undefined ? resolveByName : client.store['store.resolve'];
  return lookAtValues({node, resources, resolve: resolveTypes, clock: client.clock}, findings);
}

const tones: Readonly<Record<Level, Tone>> = {red: 'bad', warning: 'warn', 'not seen': 'dim', fine: 'good'};

function render(list: readonly PreflightFinding[], steps: readonly string[], paint: Paint): string {
  const table = formatTable(
    list.map(({level, about, message}) => [cell(level, tones[level]), cell(about), cell(message)]),
    paint,
  );
  const told = steps.map((step, index) => `${index + 1}. ${cleanLine(step)}`);
  return [table, ...(told.length === 0 ? [] : ['', 'The first rotation would', ...told])].join('\n');
}
