// Protobuf fields written by hand, so that the tests do not lean on the library that they test.

const varint = 0;
const lengthDelimited = 2;

function writeVarint(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 0x80 : low);
  } while (rest > 0n);
  return bytes;
}

const tag = (field: number, type: number): number[] => writeVarint(BigInt(field * 8 + type));

export const integerField = (field: number, value: number | bigint): Buffer =>
  Buffer.from([...tag(field, varint), ...writeVarint(BigInt(value))]);

export function bytesField(field: number, value: Uint8Array | string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([...tag(field, lengthDelimited), ...writeVarint(BigInt(bytes.length))]), bytes]);
}

export const message = (...fields: readonly Uint8Array[]): Buffer => Buffer.concat(fields);
