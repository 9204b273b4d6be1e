import { SqlError } from '../sqlError.ts';
import { clockText, dateText, instantText, ticksPerSecond, withZone } from '../types/dateTime.ts';
import { clockBytes, collation, typeIds } from '../types/encoding.ts';
import { scaledText } from '../types/exact.ts';
import { guidText } from '../types/guid.ts';
import type { Stored } from '../types/stored.ts';
import type { ByteReader } from './byteReader.ts';

export interface Parameter {
  /** Without `@`; empty where it is told by its place. */
  readonly name: string;
  readonly value: Stored;
}

/** MS-TDS 2.2.6.6: a parameter of a remote call, in the form in which values are held. */
export function readParameter(reader: ByteReader): Parameter {
  const name = reader.text(1).replace(/^@/, '');
  reader.u8();
  return { name, value: readValue(reader, reader.u8()) };
}

function readValue(reader: ByteReader, type: number): Stored {
  switch (type) {
    case typeIds.null:
      return null;
    case typeIds.integer:
      return sized(reader, readInteger);
    case typeIds.bit:
      return sized(reader, () => BigInt(reader.u8()));
    case typeIds.float:
      return sized(reader, (size) => (size === 4 ? reader.f32() : reader.f64()));
    case typeIds.money:
      return sized(reader, (size) => scaledText(readMoney(reader, size), 4));
    case typeIds.guid:
      return sized(reader, (size) => guidText(reader.bytes(size)));
    case typeIds.datetime:
      return sized(reader, () => readDatetime(reader));
    case typeIds.decimal:
    case typeIds.numeric:
      return readExact(reader);
    case typeIds.date:
      return reader.u8() === 0 ? null : dateText(reader.unsigned(3));
    case typeIds.time:
      return clocked(reader, (ticks) => clockText(ticks));
    case typeIds.datetime2:
      return clocked(reader, (ticks) => instantText({ days: reader.unsigned(3), ticks }));
    case typeIds.datetimeoffset:
      return clocked(reader, (ticks) => {
        const utc = { days: reader.unsigned(3), ticks };
        return withZone(utc, offsetText(reader.signed(2)));
      });
    case typeIds.nvarchar:
    case typeIds.nchar:
      return readText(reader, 'utf16le');
    case typeIds.varchar:
    case typeIds.char:
      return readText(reader, 'latin1');
    case typeIds.varbinary:
    case typeIds.binary:
      return readBytes(reader, reader.u16()) ?? null;
    default:
      throw new SqlError(8009, `The data type 0x${type.toString(16)} of a parameter is not supported.`);
  }
}

/** A size in TYPE_INFO, then the value's own, 0 for NULL. */
function sized(reader: ByteReader, read: (size: number, reader: ByteReader) => Stored): Stored {
  reader.u8();
  const size = reader.u8();
  return size === 0 ? null : read(size, reader);
}

function readInteger(size: number, reader: ByteReader): bigint {
  if (size === 8) return reader.i64();
  return BigInt(size === 1 ? reader.u8() : reader.signed(size));
}

function readMoney(reader: ByteReader, size: number): bigint {
  if (size === 4) return BigInt(reader.signed(4));
  return (BigInt(reader.signed(4)) << 32n) + BigInt(reader.u32());
}

function readDatetime(reader: ByteReader): string {
  const days = reader.signed(4) + 693_595;
  // SQL Server shows three-hundredths of a second as milliseconds.
  const milliseconds = Math.round((reader.u32() * 10) / 3);
  return instantText({ days, ticks: (milliseconds * ticksPerSecond) / 1000 });
}

function readExact(reader: ByteReader): Stored {
  reader.u8();
  reader.u8();
  const scale = reader.u8();
  const size = reader.u8();
  if (size === 0) return null;
  const isPositive = reader.u8() !== 0;
  const digits = Buffer.from(reader.bytes(size - 1))
    .reverse()
    .toString('hex');
  const scaled = BigInt(`0x${digits}`);
  return scaledText(isPositive ? scaled : -scaled, scale);
}

function clocked(reader: ByteReader, read: (ticks: number) => Stored): Stored {
  const scale = reader.u8();
  if (reader.u8() === 0) return null;
  return read(reader.unsigned(clockBytes(scale)) * 10 ** (7 - scale));
}

function offsetText(minutes: number): string {
  const absolute = Math.abs(minutes);
  const part = (value: number) => String(value).padStart(2, '0');
  return `${minutes < 0 ? '-' : '+'}${part(Math.floor(absolute / 60))}:${part(absolute % 60)}`;
}

function readText(reader: ByteReader, encoding: 'utf16le' | 'latin1'): Stored {
  const most = reader.u16();
  reader.bytes(collation.length);
  return readBytes(reader, most)?.toString(encoding) ?? null;
}

/** @param most of TYPE_INFO; 0xffff (`max`): in chunks */
function readBytes(reader: ByteReader, most: number): Buffer | undefined {
  if (most !== 0xffff) {
    const length = reader.u16();
    return length === 0xffff ? undefined : Buffer.from(reader.bytes(length));
  }
  if (reader.u64() === 0xffff_ffff_ffff_ffffn) return undefined;
  const chunks: Buffer[] = [];
  for (let length = reader.u32(); length > 0; length = reader.u32()) chunks.push(reader.bytes(length));
  return Buffer.concat(chunks);
}
