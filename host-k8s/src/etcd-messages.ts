// The few fields of etcd's protobuf messages that are needed (etcd 3.6, api/etcdserverpb/rpc.proto and mvccpb/kv.proto),
// and etcd keys as texts. Keys are bytes; bytes that are no UTF-8 become lone surrogates U+DC80 to U+DCFF, so that
// every key survives the way to a text and back.

import {BinaryReader, BinaryWriter, WireType} from '@bufbuild/protobuf/wire';

export interface RangeRequest {
  readonly key: Uint8Array;
  readonly rangeEnd?: Uint8Array;
  readonly limit?: number;
  /** Absent: the newest. */
  readonly revision?: number;
}

export interface KeyValue {
  readonly key: Uint8Array;
  readonly modRevision: number;
  readonly value: Uint8Array;
}

export interface RangeResponse {
  /** Store revision at which the request was answered. */
  readonly revision: number;
  readonly entries: readonly KeyValue[];
  readonly more: boolean;
}

export interface StatusResponse {
  readonly version: string;
  readonly revision: number;
  /** Bytes of the database file, and how many of them are in use. */
  readonly dbSize: number;
  readonly dbSizeInUse: number;
  /** `--quota-backend-bytes`; 0 from servers older than 3.6, which do not say. */
  readonly dbSizeQuota: number;
  /** Alarms and other trouble, in the server's words. */
  readonly errors: readonly string[];
}

/** Serializable stays false: a range is linearizable unless asked otherwise. */
export function writeRangeRequest({key, rangeEnd, limit, revision}: RangeRequest): Uint8Array {
  const writer = new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(key);
  if (rangeEnd !== undefined) writer.tag(2, WireType.LengthDelimited).bytes(rangeEnd);
  if (limit !== undefined) writer.tag(3, WireType.Varint).int64(limit);
  if (revision !== undefined) writer.tag(4, WireType.Varint).int64(revision);
  return writer.finish();
}

/**
 * Values and keys are views on `bytes`; whoever keeps one copies it.
 * @throws Error (or RangeError) on bytes that are no such message
 */
export function readRangeResponse(bytes: Uint8Array): RangeResponse {
  let [revision, more] = [0, false];
  const entries: KeyValue[] = [];
  readFields(bytes, {
    1: (reader) => {
      revision = readHeaderRevision(reader.bytes());
    },
    2: (reader) => {
      entries.push(readKeyValue(reader.bytes()));
    },
    3: (reader) => {
      more = reader.bool();
    },
  });
  return {revision, entries, more};
}

/** @throws Error (or RangeError) on bytes that are no such message */
export function readStatusResponse(bytes: Uint8Array): StatusResponse {
  const status = {version: '', revision: 0, dbSize: 0, dbSizeInUse: 0, dbSizeQuota: 0, errors: [] as string[]};
  readFields(bytes, {
    1: (reader) => {
      status.revision = readHeaderRevision(reader.bytes());
    },
    2: (reader) => {
      status.version = reader.string();
    },
    3: (reader) => {
      status.dbSize = readInteger(reader);
    },
    8: (reader) => {
      status.errors.push(reader.string());
    },
    9: (reader) => {
      status.dbSizeInUse = readInteger(reader);
    },
    12: (reader) => {
      status.dbSizeQuota = readInteger(reader);
    },
  });
  return status;
}

function readHeaderRevision(bytes: Uint8Array): number {
  let revision = 0;
  readFields(bytes, {
    3: (reader) => {
      revision = readInteger(reader);
    },
  });
  return revision;
}

function readKeyValue(bytes: Uint8Array): KeyValue {
  let [key, value, modRevision] = [empty, empty, 0];
  readFields(bytes, {
    1: (reader) => {
      key = reader.bytes();
    },
    3: (reader) => {
      modRevision = readInteger(reader);
    },
    5: (reader) => {
      value = reader.bytes();
    },
  });
  return {key, value, modRevision};
}

const empty: Uint8Array = new Uint8Array(0);

/** Hands each known field to its reader and skips the others, as protobuf wants it. */
function readFields(bytes: Uint8Array, fields: Readonly<Record<number, (reader: BinaryReader) => void>>): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    const read = fields[field];
    if (read === undefined) reader.skip(type, field);
    else read(reader);
  }
}

/** @throws RangeError beyond 2^53, which no revision or size reaches */
function readInteger(reader: BinaryReader): number {
  const value = Number(reader.int64());
  if (!Number.isSafeInteger(value)) throw new RangeError(`int64: expected a safe integer, got ${value}`);
  return value;
}

const strictUtf8 = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true});
const escapeBase = 0xdc00;

/** The key as text. */
export function keyText(bytes: Uint8Array): string {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return escapeBytes(bytes);
  }
}

/** The inverse of {@link keyText}. */
export function keyBytes(text: string): Uint8Array {
  if (text.isWellFormed()) return Buffer.from(text, 'utf8');
  const parts: Uint8Array[] = [];
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    const escaped = code >= escapeBase + 0x80 && code <= escapeBase + 0xff;
    parts.push(escaped ? Uint8Array.of(code - escapeBase) : Buffer.from(character, 'utf8'));
  }
  return Buffer.concat(parts);
}

function escapeBytes(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at);
    if (length === 0) text += String.fromCharCode(escapeBase + (bytes[at] ?? 0));
    else text += strictUtf8.decode(bytes.subarray(at, at + length));
    at += Math.max(length, 1);
  }
  return text;
}

/** Length of the valid UTF-8 sequence at a place, 0 when there is none. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  for (let length = 1; length <= 4 && at + length <= bytes.length; length++) {
    try {
      strictUtf8.decode(bytes.subarray(at, at + length));
      return length;
    } catch {}
  }
  return 0;
}

/** The end of the range of all keys with a prefix: the prefix plus one. An empty prefix is every key. */
export function prefixEnd(prefix: Uint8Array): Uint8Array {
  for (let length = prefix.length; length > 0; length--) {
    const last = prefix[length - 1] ?? 0xff;
    if (last < 0xff) {
      const end = Uint8Array.from(prefix.subarray(0, length));
      end[length - 1] = last + 1;
      return end;
    }
  }
  return Uint8Array.of(0);
}
