// Whether a node's own server has loaded the file on its disk, as far as the server shows it.

import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {createServerPorts, kubeconfigCredentials, manifestPath} from '@etcd-encryption/host-k8s';
import {version} from '../release.ts';
import type {Findings} from './finding.ts';
import type {NodeLook} from './node.ts';

export interface LoadedQuestion {
  readonly node: NodeLook;
  readonly root: string;
  readonly kubeconfig: string;
}

/** Asks the server at the address of its manifest; adds one line. */
export async function checkLoaded({node, root, kubeconfig}: LoadedQuestion, findings: Findings): Promise<void> {
  const server = await serverOf(node, root);
  if (server === undefined) {
    findings.unseen(node.node, 'what its server has loaded: the manifest names no address');
    return;
  }
  const {ports, close} = createServerPorts({
    credentials: kubeconfigCredentials({path: kubeconfig, server}),
    hostName: node.hostName,
    root,
    userAgent: `etcd-encryption-manager/${version} (command)`,
  });
  const evidence = await ports['server.evidence']({});
  await close();
  if (!evidence.ok) findings.unseen(node.node, `what its server has loaded: ${evidence.error.message}`);
  else tell(node, evidence.value, findings);
}

type Evidence = Extract<
  Awaited<ReturnType<ReturnType<typeof createServerPorts>['ports']['server.evidence']>>,
  {ok: true}
>['value'];

function tell({node, fileHash}: NodeLook, evidence: Evidence, findings: Findings): void {
  const {identityHashes, expectedIdentityHash, loadedHash, reloadFailures, form} = evidence;
  if (identityHashes.length > 0 && !identityHashes.includes(expectedIdentityHash))
    findings.red(node, 'another server than its own answers at its address, by the identity that it shows');
  else if (form === 'none')
    findings.fine(node, 'its server answers; it has not loaded an encryption configuration yet');
  else if (loadedHash === undefined)
    findings.fine(node, 'its server answers; it shows reload counters, not the hash of what it has loaded');
  else if (loadedHash === fileHash) findings.fine(node, 'its server has loaded exactly the file on its disk');
  else if (reloadFailures > 0)
    findings.red(
      node,
      `its server does not take the file on its disk (${reloadFailures} failures) and would not start again`,
    );
  else findings.warn(node, 'its server has loaded another file than the one on its disk; it looks once a minute');
}

async function serverOf({platform}: NodeLook, root: string): Promise<string | undefined> {
  const address = platform?.address ?? '';
  if (address === '') return undefined;
  const text = await readFile(join(root, manifestPath), 'utf8').catch(() => '');
  const port = /--secure-port=(\d{1,5})/.exec(text)?.[1] ?? '6443';
  return `https://${address.includes(':') ? `[${address}]` : address}:${port}`;
}
