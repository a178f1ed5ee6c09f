// What etcd itself says beside its values: whether history is gone up to the ring's clean proofs, and how much of its
// quota is taken while a rotation is under way. Asked by agents and scanners, which hold a client certificate.

import type {CompactionReport, EtcdSpace} from '../model/node.ts';
import type {CleanProof, Ring} from '../model/ring.ts';
import {ask, type Step} from '../ports.ts';

export interface EtcdFacts {
  readonly compaction?: readonly CompactionReport[];
  readonly etcdSpace?: EtcdSpace;
}

/** Asks what the ring needs to know now. What is gone stays gone, so that it is not asked again; failures say nothing. */
export function* askEtcd(ring: Ring, known: EtcdFacts): Step<EtcdFacts> {
  const compaction: CompactionReport[] = [];
  for (const proof of ring.clean) {
    const answer = yield* askCompacted(proof, known.compaction ?? []);
    if (answer !== undefined) compaction.push(answer);
  }
  const etcdSpace = isRewriting(ring) ? yield* askSpace() : undefined;
  return {
    ...(compaction.length === 0 ? {} : {compaction}),
    ...(etcdSpace === undefined ? {} : {etcdSpace}),
  };
}

function* askCompacted(
  {by, revision}: CleanProof,
  known: readonly CompactionReport[],
): Step<CompactionReport | undefined> {
  const gone = known.find((each) => each.by === by && each.revision === revision && each.gone);
  if (gone !== undefined) return gone;
  // A revision comes from the API for a proof pass, where it need not be a number.
  if (!/^\d{1,15}$/.test(revision)) return undefined;
  const answer = yield* ask('etcd.isCompacted', {revision: Number(revision)});
  return answer.ok ? {by, revision, gone: answer.value} : undefined;
}

/** From the beginning of a rotation: its first pages may be its last, and done before the next report. */
const isRewriting = ({rotation, proof}: Ring): boolean => rotation !== undefined || proof !== undefined;

/** Rounded up: a part of a percent too much waits, one too little does not. */
function* askSpace(): Step<EtcdSpace | undefined> {
  const answer = yield* ask('etcd.status', {});
  if (!answer.ok || answer.value.dbSizeQuota <= 0) return undefined;
  const {dbSize, dbSizeInUse, dbSizeQuota} = answer.value;
  const percent = (bytes: number): number => Math.ceil((bytes / dbSizeQuota) * 100);
  return {inUsePercent: percent(dbSizeInUse), filePercent: percent(dbSize)};
}
