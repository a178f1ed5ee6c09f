// Asks our reader and kube-apiserver's own loader about the same files and counts where they differ.
import {parseEncryptionConfiguration} from '@etcd-encryption/crypto/encryption-configuration';
import type {LoaderClient} from '../control-plane/loader-client.ts';

/** How many files both, neither or only one of the two would load. */
export type Tally = {
  both: number;
  neither: number;
  /** The dangerous direction: files that we would load and kube-apiserver would not. */
  onlyOurs: Uint8Array[];
  /** Files that only kube-apiserver loads, by our first reason. */
  readonly onlyTheirs: Map<string, number>;
};

const atOnce = 500;

/** Compares all files, some hundred at a time. */
export async function compare(loader: LoaderClient, files: Iterable<Uint8Array>): Promise<Tally> {
  const tally: Tally = {both: 0, neither: 0, onlyOurs: [], onlyTheirs: new Map()};
  let batch: Uint8Array[] = [];
  for (const file of files) {
    batch.push(file);
    if (batch.length < atOnce) continue;
    await compareBatch(loader, batch, tally);
    batch = [];
  }
  await compareBatch(loader, batch, tally);
  return tally;
}

async function compareBatch(loader: LoaderClient, files: readonly Uint8Array[], tally: Tally): Promise<void> {
  const asked = files.map((file) => loader.load(file));
  const ours = files.map((file) => parseEncryptionConfiguration(file));
  const theirs = await Promise.all(asked);
  files.forEach((file, i) => {
    const our = ours[i];
    const loads = theirs[i]?.ok === true;
    if (our?.outcome === 'loadable') {
      if (loads) tally.both++;
      else tally.onlyOurs.push(file);
    } else if (loads) {
      const reason = our?.problems[0]?.reason ?? 'none';
      tally.onlyTheirs.set(reason, (tally.onlyTheirs.get(reason) ?? 0) + 1);
    } else tally.neither++;
  });
}

/** One line for people. */
export function tallyLine(name: string, tally: Tally): string {
  const theirs = [...tally.onlyTheirs].map(([reason, count]) => `${count} ${reason}`).join(', ');
  const total = tally.both + tally.neither + tally.onlyOurs.length + onlyTheirsOf(tally);
  return `${name}: ${total} files, both ${tally.both}, neither ${tally.neither}, only ours ${tally.onlyOurs.length}, only theirs ${onlyTheirsOf(tally)}${theirs && ` (${theirs})`}`;
}

/** How many files only kube-apiserver loads. */
export function onlyTheirsOf(tally: Tally): number {
  return [...tally.onlyTheirs.values()].reduce((a, b) => a + b, 0);
}

/** The numbers of a tally for the evidence of a full run. */
export function countsOf(tally: Tally): Readonly<Record<string, number>> {
  return {both: tally.both, neither: tally.neither, onlyOurs: tally.onlyOurs.length, onlyTheirs: onlyTheirsOf(tally)};
}
