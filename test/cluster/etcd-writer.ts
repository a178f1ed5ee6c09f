// Writes to a real etcd for the contract: put, remove and compact over the client's own gRPC, so that values may hold
// any bytes.

import {BinaryReader, BinaryWriter, WireType} from '@bufbuild/protobuf/wire';
import {createGrpcClient, type GrpcTls} from '../../host-k8s/src/grpc.ts';

export interface EtcdWriter {
  readonly put: (key: string, value: Uint8Array) => Promise<number>;
  readonly remove: (key: string) => Promise<void>;
  readonly compact: (revision: number) => Promise<void>;
  readonly close: () => Promise<void>;
}

export function openEtcdWriter(url: string, tls?: GrpcTls): EtcdWriter {
  const client = createGrpcClient({endpoints: [url], ...(tls === undefined ? {} : {tls: async () => tls})});
  const call = async (method: string, message: Uint8Array): Promise<Uint8Array> => {
    const answer = await client.call({path: `/etcdserverpb.KV/${method}`, message, maxAnswerBytes: 1_000_000});
    if (answer.outcome !== 'answered') throw new Error(`${method}: ${JSON.stringify(answer)}`);
    return answer.message;
  };
  return {
    put: async (key, value) => {
      const message = new BinaryWriter().tag(1, WireType.LengthDelimited).string(key);
      return revisionOf(await call('Put', message.tag(2, WireType.LengthDelimited).bytes(value).finish()));
    },
    remove: async (key) => {
      await call('DeleteRange', new BinaryWriter().tag(1, WireType.LengthDelimited).string(key).finish());
    },
    compact: async (revision) => {
      // Physical: answered when the history is gone, not when that was agreed on.
      const message = new BinaryWriter().tag(1, WireType.Varint).int64(revision).tag(2, WireType.Varint).bool(true);
      await call('Compact', message.finish());
    },
    close: client.close,
  };
}

/** Field 3 of the header, which is field 1. */
function revisionOf(message: Uint8Array): number {
  const header = new BinaryReader(fieldOf(message, 1));
  while (header.pos < header.len) {
    const [field, type] = header.tag();
    if (field === 3) return Number(header.int64());
    header.skip(type, field);
  }
  throw new Error('the answer has no revision');
}

function fieldOf(message: Uint8Array, wanted: number): Uint8Array {
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === wanted) return reader.bytes();
    reader.skip(type, field);
  }
  throw new Error(`the answer has no field ${wanted}`);
}
