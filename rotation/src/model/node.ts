// What one node's agent reports (`EtcdEncryptionNode`), and what a scanner adds to it. References only, never bytes.

import {processStartToleranceMs} from '../limits.ts';
import type {StoredObject} from '../ports.ts';
import type {DerivationReport} from './bundle.ts';
import type {KeyId, KeyRef} from './key.ts';
import type {RenderedBlock} from './layout.ts';

export const nodeReportVersion = 1;

export interface Problem {
  /** A reason name of plan/reason.ts. */
  readonly reason: string;
  readonly message: string;
}

export type FileReport =
  | {
      readonly state: 'loadable';
      readonly hash: string;
      readonly blocks: readonly RenderedBlock[];
      /** Whether its bytes are exactly what we would write. */
      readonly canonical: boolean;
    }
  | {readonly state: 'absent'}
  | {readonly state: 'refused'; readonly hash: string; readonly problems: readonly string[]}
  | {readonly state: 'unknown'; readonly why: string};

export type LoadedReport =
  | {readonly state: 'known'; readonly hash: string; readonly blocks: readonly RenderedBlock[]}
  | {readonly state: 'unknown'; readonly why: string};

export type ServerReport =
  | {readonly state: 'up'; readonly startedAtMs: number}
  /** Nothing listens there. */
  | {readonly state: 'down'; readonly why: string}
  /** Something answers that is not this node's server. */
  | {readonly state: 'foreign'; readonly why: string}
  | {readonly state: 'unknown'; readonly why: string};

export interface ScanReport {
  readonly id: string;
  readonly startedAtMs: number;
  readonly completedAtMs: number;
  /** Store revision of the last page of the whole scan. */
  readonly revision: number;
  /** Values per resource and label: a key name prefixed by its provider (`aesgcm:r3-…`), `clear`, or `other:<prefix>`. */
  readonly counts: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** Whether etcd's history is gone up to a clean proof of the ring, told by etcd itself. */
export interface CompactionReport {
  /** `by` and `revision` of the proof. */
  readonly by: string;
  readonly revision: string;
  readonly gone: boolean;
}

/** Parts of etcd's quota, in whole percent. */
export interface EtcdSpace {
  /** What its data takes, without free pages. */
  readonly inUsePercent: number;
  /** What its file takes. */
  readonly filePercent: number;
}

/** A stored value that none of the keys opens, with its diagnosis. */
export interface UnreadableValue {
  readonly etcdKey: string;
  readonly keyName: string;
  readonly diagnosis: 'unknown-key' | 'authentication-failed' | 'corrupt' | 'ambiguous';
  readonly detail: string;
}

export interface ValuesReport {
  readonly id: string;
  readonly completedAtMs: number;
  readonly opened: number;
  readonly unreadable: readonly UnreadableValue[];
  readonly unreadableCount: number;
}

/** A file that a server was seen to have loaded; it is in force until that process counts another success. */
export interface InForce {
  readonly hash: string;
  readonly startedAtMs: number;
  readonly reloadSuccesses: number;
}

export interface NodeReport {
  readonly v: number;
  readonly node: string;
  readonly clusterId: string;
  /** age recipient of this node's identity. */
  readonly recipient: string;
  readonly address: string;
  readonly identity: string;
  /** One more at each report. */
  readonly sequence: number;
  readonly atMs: number;
  /** Ring this report was made after. */
  readonly ring: {readonly epoch: number; readonly version: number};
  /** Gate whose question this report answers with evidence asked after the gate was read. */
  readonly gate?: string;
  readonly server: ServerReport;
  readonly configPath: string;
  readonly automaticReload: boolean;
  readonly mount: 'directory' | 'single-file' | 'unknown';
  readonly fipsOnly: boolean;
  readonly file: FileReport;
  readonly loaded: LoadedReport;
  /** When the file in place was written by us, Unix ms; absent for a file that is not ours. */
  readonly fileWrittenAtMs?: number;
  readonly reloadFailures: number;
  /** Keys in the history, synced to disk. */
  readonly history: readonly KeyId[];
  /** Keys whose bytes this agent holds now. */
  readonly held: readonly KeyId[];
  /** Keys found in this node's files that the ring may not know yet. */
  readonly found: readonly KeyRef[];
  readonly minted?: {readonly id: string; readonly revision: number; readonly name: string; readonly check: string};
  /** Told for a server that shows no hash. */
  readonly inForce?: InForce;
  /** A file of ours that this node's server refused, and that was taken back. */
  readonly refusedFile?: {
    /** Id of the trial that wrote it; absent when it came otherwise. */
    readonly trial?: string;
    readonly hash: string;
    readonly blocks: readonly RenderedBlock[];
    readonly atMs: number;
    /** Start of the process that refused it, or of the last one before it did not start; absent where none is known. */
    readonly serverStartedAtMs?: number;
    readonly why: string;
  };
  /** Encryptions per key name over all of this node's server processes. */
  readonly encryptions: Readonly<Record<string, number>>;
  /** Decryptions per key name of its present server process; absent where they are not counted. */
  readonly decryptions?: Readonly<Record<string, number>>;
  /** Counters of the present process, by which the above is carried on. */
  readonly counters: {readonly startedAtMs: number; readonly byName: Readonly<Record<string, number>>};
  /** Highest epoch and revision this node ever saw, and the newest version of the ring in that epoch. */
  readonly highest: {readonly epoch: number; readonly revision: number; readonly version?: number};
  readonly problems: readonly Problem[];
  /** What this node's programs can do with raw etcd: count prefixes, open every value. */
  readonly can: readonly ('scan' | 'values')[];
  /** Resources that its server keeps in another etcd (`--etcd-servers-overrides`), `group/resource`; absent: none. */
  readonly etcdOverrides?: readonly string[];
  readonly scan?: ScanReport;
  readonly compaction?: readonly CompactionReport[];
  /** Present while a rotation is under way and this node's etcd tells its quota (etcd 3.6). */
  readonly etcdSpace?: EtcdSpace;
  readonly values?: ValuesReport;
  /** Absent under the random strategy. */
  readonly derivation?: DerivationReport;
}

/** Whether two starts of a server, as it tells them, are those of one process. */
export const isSameProcess = (oneStartedAtMs: number, otherStartedAtMs: number): boolean =>
  Math.abs(oneStartedAtMs - otherStartedAtMs) <= processStartToleranceMs;

/** Whether a server runs in another process than the one that refused a file: it may have learnt better. */
export const hasRestartedSince = (
  server: ServerReport | undefined,
  refusal: {readonly atMs: number; readonly serverStartedAtMs?: number},
): boolean => {
  if (server?.state !== 'up') return false;
  const {serverStartedAtMs, atMs} = refusal;
  if (serverStartedAtMs === undefined) return server.startedAtMs > atMs;
  return !isSameProcess(server.startedAtMs, serverStartedAtMs);
};

export type ReadNodeReport =
  | {readonly outcome: 'ok'; readonly report: NodeReport}
  | {readonly outcome: 'newer'; readonly v: number}
  | {readonly outcome: 'malformed'; readonly detail: string};

/** Reads the report in an `EtcdEncryptionNode`'s `status`. */
export function readNodeReport(object: StoredObject): ReadNodeReport {
  const report = object.status as Partial<NodeReport> | undefined;
  if (typeof report !== 'object' || report === null || typeof report.v !== 'number') {
    return {outcome: 'malformed', detail: 'status.v: expected a number'};
  }
  if (report.v > nodeReportVersion) return {outcome: 'newer', v: report.v};
  const texts = ['node', 'clusterId', 'recipient', 'identity', 'address'] as const;
  for (const field of texts) {
    if (typeof report[field] !== 'string') return {outcome: 'malformed', detail: `status.${field}: expected a text`};
  }
  for (const field of ['history', 'held', 'found', 'problems', 'can'] as const) {
    if (!Array.isArray(report[field])) return {outcome: 'malformed', detail: `status.${field}: expected a list`};
  }
  for (const field of ['ring', 'server', 'file', 'loaded', 'highest', 'encryptions'] as const) {
    if (typeof report[field] !== 'object' || report[field] === null)
      return {outcome: 'malformed', detail: `status.${field}: expected an object`};
  }
  return {outcome: 'ok', report: report as NodeReport};
}

/** What an `EtcdEncryptionKey` shows without being opened. */
export interface KeyObject {
  readonly name: string;
  readonly key: KeyRef;
  readonly clusterId: string;
  readonly recipients: readonly string[];
  readonly sealed: string;
  /** HMAC-SHA512 (hex) over the object's clear fields and sealed bytes, under the previous write key; from r2 on. */
  readonly voucher?: {readonly key: KeyId; readonly mac: string};
  readonly mintId?: string;
  readonly createdAtMs: number;
  readonly createdBy: string;
  readonly resourceVersion: string;
}
