import type { ByteWriter } from '../wire/byteWriter.ts';
import { daysOf, offsetMinutes, offsetOf, readInstant, ticksOf, ticksPerSecond } from './dateTime.ts';
import { toScaled } from './exact.ts';
import { guidBytes } from './guid.ts';
import type { SqlType } from './sqlType.ts';
import { integerBytes, type Stored } from './stored.ts';

/** How values of a column travel (MS-TDS 2.2.5.4, 2.2.5.5). */
export interface TypeEncoding {
  readonly userType: number;
  /** TYPE_INFO. */
  readonly info: Buffer;
  /** A value in the form in which it is held (stored.ts). */
  write(reply: ByteWriter, value: Stored): void;
}

/** SQL_Latin1_General_CP1_CI_AS */
export const collation = Buffer.from([0x09, 0x04, 0xd0, 0x00, 0x34]);

/** TYPE_INFO's first byte. */
export const typeIds = {
  null: 0x1f,
  guid: 0x24,
  integer: 0x26,
  date: 0x28,
  time: 0x29,
  datetime2: 0x2a,
  datetimeoffset: 0x2b,
  bit: 0x68,
  decimal: 0x6a,
  numeric: 0x6c,
  float: 0x6d,
  money: 0x6e,
  datetime: 0x6f,
  varbinary: 0xa5,
  varchar: 0xa7,
  binary: 0xad,
  char: 0xaf,
  nvarchar: 0xe7,
  nchar: 0xef,
} as const;

const rowversionUserType = 0x50;
/** More than this a length of two bytes can't say. */
const longestShort = 8_000;

export function encodingOf(type: SqlType): TypeEncoding {
  const { scale = 0, length } = type;
  switch (type.name) {
    case 'tinyint':
    case 'smallint':
    case 'int':
    case 'bigint':
      return fixed(typeIds.integer, integerBytes[type.name] ?? 8, writeInteger);
    case 'bit':
      return fixed(typeIds.bit, 1, (reply, value) => reply.u8(Number(value)));
    case 'real':
      return fixed(typeIds.float, 4, (reply, value) => reply.f32(Number(value)));
    case 'float':
      return fixed(typeIds.float, 8, (reply, value) => reply.f64(Number(value)));
    case 'money':
    case 'smallmoney':
      return fixed(typeIds.money, 8, writeMoney);
    case 'decimal':
    case 'numeric':
      return exact(type.precision ?? 18, scale);
    case 'uniqueidentifier':
      return fixed(typeIds.guid, 16, (reply, value) => reply.bytes(guidBytes(String(value))));
    case 'date':
      return variable(Buffer.of(typeIds.date), 3, (reply, value) => reply.unsigned(daysOf(String(value)), 3));
    case 'time':
      return variable(Buffer.of(typeIds.time, scale), clockBytes(scale), (reply, value) =>
        writeClock(reply, ticksOf(String(value)), scale),
      );
    case 'datetime2':
      return variable(Buffer.of(typeIds.datetime2, scale), clockBytes(scale) + 3, (reply, value) => {
        const { days, ticks } = readInstant(String(value));
        writeClock(reply, ticks, scale).unsigned(days, 3);
      });
    case 'datetimeoffset':
      return variable(Buffer.of(typeIds.datetimeoffset, scale), clockBytes(scale) + 5, (reply, value) => {
        const { days, ticks } = readInstant(String(value));
        writeClock(reply, ticks, scale)
          .unsigned(days, 3)
          .signed(offsetMinutes(offsetOf(String(value))), 2);
      });
    case 'datetime':
    case 'smalldatetime':
      return fixed(typeIds.datetime, 8, writeDatetime);
    case 'rowversion':
    case 'timestamp':
      return { ...short(typeIds.binary, 8, none, toBytes), userType: rowversionUserType };
    case 'binary':
    case 'varbinary':
    case 'image':
      return lengthened(typeIds.varbinary, length, 1, none, toBytes);
    case 'char':
    case 'varchar':
    case 'text':
      return lengthened(typeIds.varchar, length, 1, collation, (value) => Buffer.from(String(value), 'latin1'));
    case 'nchar':
    case 'nvarchar':
    case 'ntext':
    case 'xml':
      return lengthened(typeIds.nvarchar, length, 2, collation, (value) => Buffer.from(String(value), 'utf16le'));
  }
}

/** Bytes that a time of day takes. */
export function clockBytes(scale: number): number {
  if (scale <= 2) return 3;
  return scale <= 4 ? 4 : 5;
}

type Write = (reply: ByteWriter, value: Stored) => unknown;

const none = Buffer.alloc(0);

/** Its size is said in TYPE_INFO, and 0 in its place is NULL. */
function fixed(
  id: number,
  size: number,
  write: (reply: ByteWriter, value: Stored, size: number) => unknown,
): TypeEncoding {
  return variable(Buffer.of(id, size), size, (reply, value) => write(reply, value, size));
}

function variable(info: Buffer, size: number, write: Write): TypeEncoding {
  return {
    userType: 0,
    info,
    write(reply, value) {
      if (value === null) {
        reply.u8(0);
        return;
      }
      reply.u8(size);
      write(reply, value);
    },
  };
}

function lengthened(
  id: number,
  length: SqlType['length'],
  bytesEach: number,
  tail: Buffer,
  encode: (value: Stored) => Uint8Array,
): TypeEncoding {
  const bytes = typeof length === 'number' ? length * bytesEach : Number.POSITIVE_INFINITY;
  return bytes <= longestShort ? short(id, bytes, tail, encode) : long(id, tail, encode);
}

function short(id: number, most: number, tail: Buffer, encode: (value: Stored) => Uint8Array): TypeEncoding {
  return {
    userType: 0,
    info: Buffer.concat([Buffer.of(id, most & 0xff, most >> 8), tail]),
    write(reply, value) {
      if (value === null) {
        reply.u16(0xffff);
        return;
      }
      const bytes = encode(value);
      reply.u16(bytes.length).bytes(bytes);
    },
  };
}

/** `max`: in chunks, of which one is enough here. */
function long(id: number, tail: Buffer, encode: (value: Stored) => Uint8Array): TypeEncoding {
  return {
    userType: 0,
    info: Buffer.concat([Buffer.of(id, 0xff, 0xff), tail]),
    write(reply, value) {
      if (value === null) {
        reply.i64(-1n);
        return;
      }
      const bytes = encode(value);
      reply.i64(BigInt(bytes.length));
      if (bytes.length > 0) reply.u32(bytes.length).bytes(bytes);
      reply.u32(0);
    },
  };
}

function exact(precision: number, scale: number): TypeEncoding {
  const size = precision <= 9 ? 5 : precision <= 19 ? 9 : precision <= 28 ? 13 : 17;
  return variable(Buffer.of(typeIds.decimal, size, precision, scale), size, (reply, value) => {
    const scaled = toScaled(String(value), scale);
    reply.u8(scaled < 0n ? 0 : 1);
    let rest = scaled < 0n ? -scaled : scaled;
    for (let written = 1; written < size; written += 4) {
      reply.u32(Number(rest & 0xffff_ffffn));
      rest >>= 32n;
    }
  });
}

function writeInteger(reply: ByteWriter, value: Stored, size: number): void {
  if (size === 8) reply.i64(BigInt(String(value)));
  else if (size === 1) reply.u8(Number(value));
  else reply.signed(Number(value), size);
}

/** Its upper half first. */
function writeMoney(reply: ByteWriter, value: Stored): void {
  const scaled = toScaled(String(value), 4);
  reply.signed(Number(scaled >> 32n), 4).u32(Number(scaled & 0xffff_ffffn));
}

function writeClock(reply: ByteWriter, ticks: number, scale: number): ByteWriter {
  return reply.unsigned(Math.floor(ticks / 10 ** (7 - scale)), clockBytes(scale));
}

/** Days since 1900 and three-hundredths of a second. */
function writeDatetime(reply: ByteWriter, value: Stored): void {
  const { days, ticks } = readInstant(String(value));
  reply.signed(days - daysOf('1900-01-01'), 4).u32(Math.round((ticks * 300) / ticksPerSecond));
}

function toBytes(value: Stored): Uint8Array {
  return value instanceof Uint8Array ? value : Buffer.from(String(value));
}
