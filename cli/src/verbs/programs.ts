// The programs of a cluster: controller, agent and scanner. They run until a signal and write JSON lines to stderr.

import {hostname} from 'node:os';
import {resolve} from 'node:path';
import {
  type EtcdAddress,
  type NodeProgramOptions,
  runAgent,
  runController,
  runScanner,
} from '@etcd-encryption/host-k8s';
import {parseDuration} from '@etcd-encryption/rotation';
import {userAgent} from '../release.ts';
import {optionalText, requireText, UsageError, type Verb, type VerbInput, type VerbOption} from '../verb.ts';

const kubeconfig: VerbOption = {type: 'string', help: 'kubeconfig FILE; the pod’s service account unless given'};

const nodeOptions: Readonly<Record<string, VerbOption>> = {
  kubeconfig,
  'node-name': {type: 'string', help: 'NAME of this node, as its Node object has it'},
  'node-root': {type: 'string', help: 'FOLDER that stands for the node’s /; default /', default: '/'},
  'host-name': {type: 'string', help: 'host NAME of the node; found on it unless given'},
  apiserver: {type: 'string', help: 'URL of this node’s own kube-apiserver; from its manifest unless given'},
  etcd: {
    type: 'string',
    help: 'auto (as this node’s kube-apiserver reaches it), off, or URL[,URL]; default auto',
    default: 'auto',
  },
  'etcd-cafile': {type: 'string', help: 'PEM FILE of etcd’s authority'},
  'etcd-certfile': {type: 'string', help: 'PEM FILE of a client certificate for etcd'},
  'etcd-keyfile': {type: 'string', help: 'PEM FILE of its key'},
};

const kubeconfigOf = (input: VerbInput): {readonly kubeconfig?: string} => {
  const path = optionalText(input, 'kubeconfig');
  return path === undefined ? {} : {kubeconfig: resolve(path)};
};

export const controller: Verb = {
  name: 'controller',
  summary: 'decides and migrates; two may run, one leads',
  options: {
    kubeconfig,
    identity: {type: 'string', help: 'holder of the lease; host name and process id unless given'},
    drain: {
      type: 'string',
      help: 'DURATION that a request may still run after its server’s write key changed: request time-out and drain; default 190s',
      default: '190s',
    },
    'reload-deadline': {
      type: 'string',
      help: 'DURATION after which a file that a server has not loaded is named with the likeliest cause; default 180s',
      default: '180s',
    },
    'count-every': {
      type: 'string',
      help: 'DURATION after which a Standby counts its stored values again, for FailoverReady; default 10m',
      default: '10m',
    },
  },
  async run(input) {
    const identity = optionalText(input, 'identity') ?? `${hostname()}_${process.pid}`;
    await runController({
      ...kubeconfigOf(input),
      identity,
      drainMs: durationOf(input, 'drain'),
      reloadDeadlineMs: durationOf(input, 'reload-deadline'),
      countEveryMs: durationOf(input, 'count-every'),
      userAgent,
      signal: input.signal,
      trace: {base: {program: 'controller'}},
    });
    return 0;
  },
};

function durationOf(input: VerbInput, name: string): number {
  const text = requireText(input, name);
  const ms = parseDuration(text);
  if (ms === undefined)
    throw new UsageError(`--${name}: expected a duration such as 190s, got ${JSON.stringify(text)}`);
  return ms;
}

export const agent: Verb = {
  name: 'agent',
  summary: 'makes, opens and seals keys and writes one node’s files',
  options: {
    ...nodeOptions,
    'recovery-recipient': {
      type: 'string',
      multiple: true,
      help: 'age RECIPIENT that every key is sealed for as well; may be repeated',
    },
  },
  async run(input) {
    const recipients = input.values['recovery-recipient'];
    const recoveryRecipients: readonly string[] = Array.isArray(recipients) ? recipients : [];
    // Never shown: somebody may have given the identity instead.
    if (recoveryRecipients.some((each) => !/^age1[02-9ac-hj-np-z]{58}$/.test(each))) {
      throw new UsageError(
        '--recovery-recipient: expected an age recipient (age1… of 62 characters), got something else',
      );
    }
    await runAgent({...nodeProgram(input, 'agent'), recoveryRecipients});
    return 0;
  },
};

export const scanner: Verb = {
  name: 'scanner',
  summary: 'counts stored values by key name in etcd; holds no key',
  options: nodeOptions,
  async run(input) {
    await runScanner(nodeProgram(input, 'scanner'));
    return 0;
  },
};

function nodeProgram(input: VerbInput, program: string): NodeProgramOptions {
  const node = requireText(input, 'node-name');
  const apiServer = optionalText(input, 'apiserver');
  const hostName = optionalText(input, 'host-name');
  return {
    ...kubeconfigOf(input),
    node,
    root: resolve(requireText(input, 'node-root')),
    ...(hostName === undefined ? {} : {hostName}),
    ...(apiServer === undefined ? {} : {apiServer}),
    etcd: etcdOf(input),
    userAgent,
    signal: input.signal,
    trace: {base: {program, node}},
  };
}

function etcdOf(input: VerbInput): 'auto' | 'off' | EtcdAddress {
  const text = requireText(input, 'etcd');
  if (text === 'auto' || text === 'off') return text;
  const urls = text.split(',');
  const wrong = urls.find((url) => !/^https?:\/\//.test(url));
  if (wrong !== undefined) throw new UsageError(`--etcd: expected auto, off or URLs, got ${JSON.stringify(wrong)}`);
  const [caFile, certFile, keyFile] = ['etcd-cafile', 'etcd-certfile', 'etcd-keyfile'].map((name) =>
    optionalText(input, name),
  );
  return {
    urls,
    ...(caFile === undefined ? {} : {caFile}),
    ...(certFile === undefined ? {} : {certFile}),
    ...(keyFile === undefined ? {} : {keyFile}),
  };
}
