// Continue tokens of paged lists: where the next page starts, and at which revision all pages are read.

import {decodeUtf8, fromBase64, toBase64, utf8} from '@etcd-encryption/crypto';

export interface PageToken {
  readonly startKey: string;
  /** 0 = whatever is current. */
  readonly revision: number;
}

export const encodeToken = ({startKey, revision}: PageToken): string => toBase64(utf8(`${revision} ${startKey}`));

/** `undefined` for every text that `encodeToken` did not make. */
export function decodeToken(text: string): PageToken | undefined {
  const read = fromBase64(text);
  if (read.outcome !== 'ok') return undefined;
  const match = /^(\d+) (\/.*)$/.exec(decodeUtf8(read.bytes).text);
  const [, revision, startKey] = match ?? [];
  return revision === undefined || startKey === undefined ? undefined : {startKey, revision: Number(revision)};
}
