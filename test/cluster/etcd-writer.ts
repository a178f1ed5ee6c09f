// Writes to a real etcd for the contract: put, remove and compact over the client's own gRPC, so that values may hold
// any bytes.

import {createGrpcClient, type EtcdTls, readRangeResponse} from '@etcd-encryption/host-k8s';
import {bytesField, integerField, message} from '../host-k8s/protobuf.ts';

export interface EtcdWriter {
  readonly put: (key: string, value: Uint8Array) => Promise<number>;
  readonly remove: (key: string) => Promise<void>;
  readonly compact: (revision: number) => Promise<void>;
  readonly close: () => Promise<void>;
}

export function openEtcdWriter(url: string, tls?: EtcdTls): EtcdWriter {
  const client = createGrpcClient({endpoints: [url], ...(tls === undefined ? {} : {tls: async () => tls})});
  const call = async (method: string, request: Uint8Array): Promise<Uint8Array> => {
    const path = `/etcdserverpb.KV/${method}`;
    const answer = await client.call({path, message: request, maxAnswerBytes: 1_000_000});
    if (answer.outcome !== 'answered') throw new Error(`${method}: ${JSON.stringify(answer)}`);
    return answer.message;
  };
  return {
    // Every answer has the same header, which holds the revision.
    put: async (key, value) =>
      readRangeResponse(await call('Put', message(bytesField(1, key), bytesField(2, value)))).revision,
    remove: async (key) => {
      await call('DeleteRange', bytesField(1, key));
    },
    compact: async (revision) => {
      // Physical: answered when the history is gone, not when that was agreed on.
      await call('Compact', message(integerField(1, revision), integerField(2, 1)));
    },
    close: client.close,
  };
}
