// Messages as etcd writes them, key texts, and ranges.

import {
  keyBytes,
  keyText,
  prefixEnd,
  readRangeResponse,
  readStatusResponse,
  writeRangeRequest,
} from '@etcd-encryption/host-k8s';
import fc from 'fast-check';
import {expect, test} from 'vitest';
import {bytesField, integerField, message} from './protobuf.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test('a range request ⇒ known bytes', () => {
  const request = {key: Buffer.from('/a'), rangeEnd: Buffer.from('/b'), limit: 500, revision: 300};
  expect(hex(writeRangeRequest(request))).toBe('0a022f61' + '12022f62' + '18f403' + '20ac02');
  expect(hex(writeRangeRequest({key: Buffer.from('a')}))).toBe('0a0161');
});

test('a range response with fields that we do not know ⇒ the known ones', () => {
  // header {cluster_id 1, revision 300}, kvs {key /a, create_revision 7, mod_revision 300, version 2, value v, lease 9},
  // more, count 2, and a field 99.
  const known =
    '0a050801' + '18ac02' + '1210' + '0a022f61' + '1007' + '18ac02' + '2002' + '2a0176' + '3009' + '1801' + '2002';
  const response = readRangeResponse(Buffer.from(`${known}9a060178`, 'hex'));
  expect(response).toMatchObject({revision: 300, more: true});
  expect(response.entries.map(({key, value, modRevision}) => [keyText(key), keyText(value), modRevision])).toEqual([
    ['/a', 'v', 300],
  ]);
});

test('an empty message ⇒ nothing, and no more', () => {
  expect(readRangeResponse(new Uint8Array())).toEqual({revision: 0, entries: [], more: false});
});

test('a revision beyond 2^53 ⇒ an error, not a rounded number', () => {
  const response = message(bytesField(1, integerField(3, 2n ** 60n)));
  expect(() => readRangeResponse(response)).toThrow(RangeError);
});

test('any prefix of a message ⇒ an error or a message, never a hang', () => {
  const whole = Buffer.from('0a05080118ac0212100a022f61100718ac0220022a0176300918012002', 'hex');
  for (let length = 0; length < whole.length; length++) {
    try {
      readRangeResponse(whole.subarray(0, length));
    } catch (error) {
      expect(error).toBeInstanceOf(Error);
    }
  }
});

test('a status response ⇒ version, sizes, quota and alarms', () => {
  const response = message(
    bytesField(1, integerField(3, 12)),
    bytesField(2, '3.6.16'),
    integerField(3, 4_096),
    bytesField(8, 'memberID:1 alarm:NOSPACE '),
    integerField(9, 2_048),
    integerField(12, 2_147_483_648),
  );
  expect(readStatusResponse(response)).toEqual({
    version: '3.6.16',
    revision: 12,
    dbSize: 4_096,
    dbSizeInUse: 2_048,
    dbSizeQuota: 2_147_483_648,
    errors: ['memberID:1 alarm:NOSPACE '],
  });
});

test('any bytes as a key ⇒ a text and back, and different keys stay different', () => {
  fc.assert(
    fc.property(fc.uint8Array({maxLength: 24}), fc.uint8Array({maxLength: 24}), (one, other) => {
      expect(hex(keyBytes(keyText(one)))).toBe(hex(one));
      if (hex(one) !== hex(other)) expect(keyText(one)).not.toBe(keyText(other));
    }),
  );
});

test.for([
  ['2f7265676973747279', '/registry'],
  ['2fc3a4', '/ä'],
  ['efbbbf61', '\ufeffa'],
  ['2fff61', '/\udcffa'],
  ['eda080', '\udced\udca0\udc80'],
  ['f09f9880', '😀'],
  ['f09f98', '\udcf0\udc9f\udc98'],
] as const)('the key %s ⇒ %j', ([bytes, text]) => {
  expect(keyText(Buffer.from(bytes, 'hex'))).toBe(text);
  expect(hex(keyBytes(text))).toBe(bytes);
});

test('a key with the prefix, and no other ⇒ in the range', () => {
  fc.assert(
    fc.property(fc.uint8Array({minLength: 1, maxLength: 4}), fc.uint8Array({maxLength: 6}), (prefix, key) => {
      const end = prefixEnd(prefix);
      const beforeEnd = hex(end) === '00' || Buffer.compare(key, end) < 0;
      const inRange = Buffer.compare(key, prefix) >= 0 && beforeEnd;
      expect(inRange).toBe(hex(key).startsWith(hex(prefix)));
    }),
  );
});

test.for([
  ['2f61', '2f62'],
  ['61ff', '62'],
  ['ffff', '00'],
  ['', '00'],
] as const)('the prefix %s ⇒ the range ends before %s', ([prefix, end]) => {
  expect(hex(prefixEnd(Buffer.from(prefix, 'hex')))).toBe(end);
});
