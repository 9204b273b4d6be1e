/**
 * The few AMQP 1.0 encodings that a broker writes itself or steps over without decoding.
 * Source: OASIS AMQP 1.0, part 1, section 1.6 (primitive type definitions); numbers are big-endian.
 */

const typeCode = {
  str8: 0xa1,
  str32: 0xb1,
  sym8: 0xa3,
  int: 0x71,
  long: 0x81,
  timestamp: 0x83,
  map8: 0xc1,
  map32: 0xd1,
  list0: 0x45,
  list8: 0xc0,
  list32: 0xd0,
} as const;

/**
 * Bytes that the value at `offset` takes, its constructor included.
 * @throws RangeError if there is no well-formed value there
 */
export function encodedLength(bytes: Buffer, offset: number): number {
  const code = bytes.readUInt8(offset);
  if (code === 0) {
    const descriptor = encodedLength(bytes, offset + 1);
    return 1 + descriptor + encodedLength(bytes, offset + 1 + descriptor);
  }
  // The upper half of the code says how wide the value is, or the size that precedes it.
  switch (code >> 4) {
    case 0x4:
      return 1;
    case 0x5:
      return 2;
    case 0x6:
      return 3;
    case 0x7:
      return 5;
    case 0x8:
      return 9;
    case 0x9:
      return 17;
    case 0xa:
    case 0xc:
    case 0xe:
      return 2 + bytes.readUInt8(offset + 1);
    case 0xb:
    case 0xd:
    case 0xf:
      return 5 + bytes.readUInt32BE(offset + 1);
    default:
      throw new RangeError(`There is no AMQP type with the code 0x${code.toString(16)}.`);
  }
}

/** The encoded items of the list or map at `offset` (a map's keys and values in turn), each with its constructor. */
export function items(bytes: Buffer, offset: number): Buffer[] {
  const code = bytes.readUInt8(offset);
  if (code === typeCode.list0) return [];
  const wide = code === typeCode.list32 || code === typeCode.map32;
  if (!wide && code !== typeCode.list8 && code !== typeCode.map8) {
    throw new RangeError(`A list or a map was expected, not the type 0x${code.toString(16)}.`);
  }
  const count = wide ? bytes.readUInt32BE(offset + 5) : bytes.readUInt8(offset + 2);
  const found: Buffer[] = [];
  let at = offset + (wide ? 9 : 3);
  for (let i = 0; i < count; i++) {
    const length = encodedLength(bytes, at);
    found.push(bytes.subarray(at, at + length));
    at += length;
  }
  return found;
}

/** The text of an encoded string or symbol. */
export function textOf(encoded: Buffer): string {
  return encoded.toString('utf8', (encoded.readUInt8(0) >> 4) % 2 === 0 ? 2 : 5);
}

export function encodeString(text: string): Buffer {
  const content = Buffer.from(text, 'utf8');
  if (content.length < 256) return Buffer.concat([Buffer.from([typeCode.str8, content.length]), content]);
  const head = Buffer.alloc(5);
  head.writeUInt8(typeCode.str32, 0);
  head.writeUInt32BE(content.length, 1);
  return Buffer.concat([head, content]);
}

export function encodeSymbol(text: string): Buffer {
  const content = Buffer.from(text, 'ascii');
  return Buffer.concat([Buffer.from([typeCode.sym8, content.length]), content]);
}

export function encodeInt(value: number): Buffer {
  const encoded = Buffer.alloc(5);
  encoded.writeUInt8(typeCode.int, 0);
  encoded.writeInt32BE(value, 1);
  return encoded;
}

export function encodeLong(value: number): Buffer {
  return encode64(typeCode.long, value);
}

/** @param milliseconds since 1970-01-01T00:00Z */
export function encodeTimestamp(milliseconds: number): Buffer {
  return encode64(typeCode.timestamp, milliseconds);
}

export function encodeMap(keysAndValues: readonly Buffer[]): Buffer {
  return compound(typeCode.map32, keysAndValues);
}

export function encodeList(values: readonly Buffer[]): Buffer {
  return compound(typeCode.list32, values);
}

function encode64(code: number, value: number): Buffer {
  const encoded = Buffer.alloc(9);
  encoded.writeUInt8(code, 0);
  encoded.writeBigInt64BE(BigInt(value), 1);
  return encoded;
}

function compound(code: number, values: readonly Buffer[]): Buffer {
  const content = Buffer.concat(values);
  const head = Buffer.alloc(9);
  head.writeUInt8(code, 0);
  head.writeUInt32BE(4 + content.length, 1);
  head.writeUInt32BE(values.length, 5);
  return Buffer.concat([head, content]);
}
