import type { SchemaElement } from 'hyparquet';
import { base64, textOfBytes, textOrBase64 } from './bytesText.ts';
import { damaged } from './damage.ts';
import { bigEndianInteger, decimalText, doubleOrText, shortestFloat, wholeNumber } from './exactNumber.ts';
import { defaultMaxDepth } from './format.ts';
import { parseJson } from './jsonText.ts';
import { dateText, durationText, timestampText, timeText } from './temporalText.ts';

/** From what the library read (with `rawSchema`) to a value of a row. */
export type ToValue = (value: unknown) => unknown;

const digitsOf = { MILLIS: 3, MICROS: 6, NANOS: 9 };

/** The conversion of a column without children, by its logical type and else by its physical one (LogicalTypes.md). */
export function parquetValue(element: SchemaElement): ToValue {
  const { converted_type: converted, logical_type: logical } = element;
  switch (logical?.type ?? converted) {
    case 'DECIMAL': {
      const scale = logical?.type === 'DECIMAL' ? logical.scale : (element.scale ?? 0);
      return (value) => decimalText(toBigInt(value), scale);
    }
    case 'DATE':
      return (value) => dateText(Number(value));
    case 'TIME': {
      const digits = logical?.type === 'TIME' ? digitsOf[logical.unit] : 3;
      return (value) => timeText(toBigInt(value), digits);
    }
    case 'TIME_MILLIS':
      return (value) => timeText(toBigInt(value), 3);
    case 'TIME_MICROS':
      return (value) => timeText(toBigInt(value), 6);
    case 'TIMESTAMP': {
      const digits = logical?.type === 'TIMESTAMP' ? digitsOf[logical.unit] : 3;
      const isUtc = logical?.type === 'TIMESTAMP' && logical.isAdjustedToUTC;
      return (value) => timestampText(toBigInt(value), digits, isUtc);
    }
    case 'TIMESTAMP_MILLIS':
      return (value) => timestampText(toBigInt(value), 3, true);
    case 'TIMESTAMP_MICROS':
      return (value) => timestampText(toBigInt(value), 6, true);
    case 'INTERVAL':
      return interval;
    case 'UUID':
      return uuid;
    case 'JSON':
      return (value) => jsonOf(toBytes(value));
    case 'ENUM':
      return (value) => textOfBytes(toBytes(value));
    case 'BSON':
    case 'GEOMETRY':
    case 'GEOGRAPHY':
      return (value) => base64(toBytes(value));
    default:
      return physicalValue(element);
  }
}

function physicalValue(element: SchemaElement): ToValue {
  switch (element.type) {
    case 'FLOAT':
      return (value) => shortestFloat(Number(value));
    case 'INT96':
      // What Impala and Spark wrote before there were logical types; it names no zone.
      return (value) => timestampText(toBigInt(value), 9, false);
    default:
      return plainValue;
  }
}

/** Also the values of a VARIANT, which say themselves what they are. */
function plainValue(value: unknown): unknown {
  switch (typeof value) {
    case 'bigint':
      return wholeNumber(value);
    case 'number':
      return doubleOrText(value);
    default:
      return value instanceof Uint8Array ? textOrBase64(value) : value;
  }
}

function toBigInt(value: unknown): bigint {
  if (typeof value === 'bigint') {
    return value;
  }
  if (typeof value === 'number' && Number.isInteger(value)) {
    return BigInt(value);
  }
  return bigEndianInteger(toBytes(value));
}

function toBytes(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) {
    throw damaged("The Parquet file is corrupt: a value is not of its column's type.");
  }
  return value;
}

function jsonOf(bytes: Uint8Array): unknown {
  const utf8 = Buffer.from(textOfBytes(bytes));
  return parseJson(utf8, 0, utf8.length, defaultMaxDepth);
}

/** Months, days and milliseconds, each of 32 bits. */
function interval(value: unknown): string {
  const bytes = toBytes(value);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return durationText(view.getUint32(0, true), view.getUint32(4, true), BigInt(view.getUint32(8, true)) * 1_000_000n);
}

function uuid(value: unknown): string {
  const hex = Buffer.from(toBytes(value)).toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
