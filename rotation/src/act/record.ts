// The rotation record: one line for each dangerous deed, each holding the hash of the one before, so that a line taken
// out or changed later shows. Names and check values only.

import {utf8} from '@etcd-encryption/crypto';
import {sha256Hex} from '@etcd-encryption/crypto/sha256';
import type {RecordedDeed, Ring} from '../model/ring.ts';
import type {RecordLine} from '../plan/plan.ts';

/** Lines kept in the ring; older ones are in the logs of the controller. */
const recordLength = 64;

const lineHash = (previous: string, line: Omit<RecordedDeed, 'hash' | 'previous'>): string =>
  sha256Hex(utf8(`${previous}\n${JSON.stringify([line.atMs, line.deed, line.what, line.why, line.facts])}`));

/** A ring with one more line of its record. */
export function addRecord(ring: Ring, line: RecordLine, atMs: number): Ring {
  const record = ring.record ?? [];
  const previous = record.at(-1)?.hash ?? '';
  const bare = {atMs, deed: line.deed, what: line.what, why: line.why, facts: [...line.facts]};
  const entry: RecordedDeed = {...bare, previous, hash: lineHash(previous, bare)};
  return {...ring, record: [...record, entry].slice(-recordLength)};
}

/** Index of the first line whose hash does not follow from its content and the line before; -1 when the chain holds. */
export function brokenLine(record: readonly RecordedDeed[]): number {
  return record.findIndex((line, index) => {
    const before = index === 0 ? line.previous : record[index - 1]?.hash;
    return line.previous !== before || line.hash !== lineHash(line.previous, line);
  });
}
