// One derivation by itself, with nothing around it: 32 bytes of HKDF-SHA512 from a root of 32 bytes, a salt of 32 and a
// context. For contexts of one block that is 8 compressions of SHA-512.

import {concat} from '@etcd-encryption/crypto';
import {type CaseFile, type ElsewhereSide, type SkippedSide, sideOf, type TimedCase, type Way} from '../case.ts';
import {type Derivation, derivations, keyBytes, rootKey} from '../inputs.ts';
import {singleCalls} from '../limits.ts';
import {ourBackend} from '../ours.ts';
import {loadRivals} from '../rivals/index.ts';
import {isSkipped, opensslSide} from '../rivals/openssl.ts';
import type {Rival} from '../rivals/rival.ts';
import {importRoot, webHkdf} from '../rivals/webcrypto.ts';

type Keys = readonly Uint8Array[];
const bytesOf = (keys: Keys): Uint8Array => concat(...keys);

/** Batches of 1,000: the way that many keys are made. */
export const kernelBatch: CaseFile = {name: 'kernel-batch', load: () => batchCase('kernel-batch', 'one')};
export const kernelTwoBlocks: CaseFile = {name: 'kernel-two-blocks', load: () => batchCase('kernel-two-blocks', 'two')};
export const kernelThreeBlocks: CaseFile = {
  name: 'kernel-three-blocks',
  load: () => batchCase('kernel-three-blocks', 'three'),
};

/** One derivation a call. */
export const kernelSingle: CaseFile = {name: 'kernel-single', load: singleCase};

async function batchCase(name: string, blocks: 'one' | 'two' | 'three'): Promise<TimedCase> {
  const batch = derivations(blocks);
  const salts = batch.map(({salt}) => salt);
  const contexts = batch.map(({context}) => context);
  const ours = {
    name: ourBackend.name,
    family: 'ours',
    work: () => ourBackend.deriveMany(rootKey, salts, contexts, keyBytes),
  };
  const rivals = (await loadRivals()).map((rival) => sideOf(loop(rival, batch), bytesOf));
  const {found, skipped} = blocks === 'one' ? await openssl(batch) : {found: [], skipped: []};
  return {
    kind: 'timed',
    name,
    title: `kernel: a batch of ${batch.length} derivations, context of ${contexts[0]?.length} bytes`,
    unit: 'derivation',
    units: batch.length,
    ours: sideOf(ours, bytesOf),
    rivals: [...rivals, sideOf(webBatch(batch), bytesOf), ...found],
    skipped,
  };
}

async function openssl(batch: readonly Derivation[]): Promise<{found: ElsewhereSide[]; skipped: SkippedSide[]}> {
  const side = await opensslSide(batch);
  return isSkipped(side) ? {found: [], skipped: [side]} : {found: [side], skipped: []};
}

function loop({name, family, hkdf}: Rival, batch: readonly Derivation[]): Way<Keys> {
  return {name, family, work: () => batch.map(({salt, context}) => hkdf(rootKey, salt, context, keyBytes))};
}

/** Imports the root once and asks for all keys at once: the most that the interface allows. */
function webBatch(batch: readonly Derivation[]): Way<Keys> {
  return {
    name: 'webcrypto',
    family: 'node:crypto',
    work: async () => {
      const root = await importRoot(rootKey);
      return Promise.all(batch.map(({salt, context}) => webHkdf(root, salt, context)));
    },
  };
}

async function singleCase(): Promise<TimedCase> {
  const calls = derivations('one').slice(0, singleCalls);
  const ours = {
    name: ourBackend.name,
    family: 'ours',
    work: () => calls.map(({salt, context}) => ourBackend.hkdfSha512(rootKey, salt, context, keyBytes)),
  };
  const rivals = (await loadRivals()).map((rival) => sideOf(loop(rival, calls), bytesOf));
  return {
    kind: 'timed',
    name: 'kernel-single',
    title: `kernel: one derivation a call, context of ${calls[0]?.context.length} bytes`,
    unit: 'derivation',
    units: calls.length,
    ours: sideOf(ours, bytesOf),
    rivals: [...rivals, sideOf(webSingle(calls), bytesOf)],
    skipped: [],
  };
}

function webSingle(calls: readonly Derivation[]): Way<Keys> {
  return {
    name: 'webcrypto',
    family: 'node:crypto',
    work: async () => {
      const keys: Uint8Array[] = [];
      for (const {salt, context} of calls) keys.push(await webHkdf(await importRoot(rootKey), salt, context));
      return keys;
    },
  };
}
