import { type Data, DataType, DateUnit, IntervalUnit, Precision, TimeUnit, Vector } from 'apache-arrow';
import { setOwn } from '../model/json.ts';
import { base64, textOfBytes } from './bytesText.ts';
import { damaged } from './damage.ts';
import { decimalText, doubleOrText, shortestFloat, wholeNumber } from './exactNumber.ts';
import { limitExceeded } from './limits.ts';
import { dateText, durationText, timestampText, timeText } from './temporalText.ts';

/** The value at an index of a column's data in one batch. */
export type ValueAt = (index: number) => unknown;

const digitsOf: Readonly<Record<TimeUnit, number>> = {
  [TimeUnit.SECOND]: 0,
  [TimeUnit.MILLISECOND]: 3,
  [TimeUnit.MICROSECOND]: 6,
  [TimeUnit.NANOSECOND]: 9,
};
const maxLength = 64 * 1024 * 1024;
const dayMilliseconds = 86_400_000n;

/**
 * How the values of these data are read, from their buffers (Arrow columnar format, "Physical memory layout"): the
 * library's own getters round decimals and moments.
 *
 * @throws AdpError DATA_ERROR for a type that isn't read; the error of `limitExceeded` where types nest too deep
 */
export function arrowValues(data: Data, maxDepth: number, depth = 0): ValueAt {
  if (depth > maxDepth) {
    throw limitExceeded('levels of an Arrow schema', maxDepth);
  }
  checkBuffers(data);
  const valueAt = nestedValues(data, maxDepth, depth) ?? flatValues(data);
  return (index) => (data.getValid(index) ? valueAt(index) : null);
}

/** A batch of a few bytes can say that it has billions of rows: then its buffers are too short, or it has none. */
function checkBuffers(data: Data): void {
  const { type, length, stride, offset } = data;
  if (length > maxLength) {
    throw limitExceeded('values of an Arrow batch', maxLength);
  }
  const hasOffsets =
    DataType.isUtf8(type) ||
    DataType.isLargeUtf8(type) ||
    DataType.isBinary(type) ||
    DataType.isLargeBinary(type) ||
    DataType.isList(type) ||
    DataType.isLargeList(type) ||
    DataType.isMap(type);
  const children = DataType.isFixedSizeList(type) ? length * stride : DataType.isStruct(type) ? length : 0;
  const isFlat = !hasOffsets && data.children.length === 0 && !DataType.isNull(type);
  const values = DataType.isBool(type) ? Math.ceil((offset + length) / 8) : length * stride;
  const isWhole =
    length >= 0 &&
    (data.nullCount === 0 || DataType.isNull(type) || (data.nullBitmap?.length ?? 0) * 8 >= offset + length) &&
    (!hasOffsets || length === 0 || (data.valueOffsets?.length ?? 0) > length) &&
    (!isFlat || (data.values?.length ?? 0) >= values) &&
    data.children.every((child) => child.length >= children);
  if (!isWhole) {
    throw damaged('The Arrow data are corrupt: a buffer is too short.');
  }
}

function nestedValues(data: Data, maxDepth: number, depth: number): ValueAt | undefined {
  const { type, stride } = data;
  if (DataType.isDictionary(type)) {
    return dictionaryValues(data, maxDepth, depth);
  }
  if (DataType.isStruct(type)) {
    const fields = type.children.map(({ name }, at) => ({
      name,
      valueAt: arrowValues(childOf(data, at), maxDepth, depth + 1),
    }));
    return (index) => {
      const values: Record<string, unknown> = {};
      for (const { name, valueAt } of fields) {
        setOwn<unknown>(values, name, valueAt(index));
      }
      return values;
    };
  }
  if (DataType.isList(type) || DataType.isLargeList(type)) {
    const child = childOf(data, 0);
    const item = arrowValues(child, maxDepth, depth + 1);
    return (index) => rangeAt(data, index, child).map(item);
  }
  if (DataType.isFixedSizeList(type)) {
    const item = arrowValues(childOf(data, 0), maxDepth, depth + 1);
    return (index) => range(index * stride, (index + 1) * stride).map(item);
  }
  return DataType.isMap(type) ? mapValues(data, maxDepth, depth) : undefined;
}

function flatValues(data: Data): ValueAt {
  const { type, stride } = data;
  if (DataType.isNull(type)) {
    return () => null;
  }
  if (DataType.isInt(type)) {
    return (index) => wholeNumber(numberAt(data, index));
  }
  if (DataType.isBool(type)) {
    return (index) => (Number(numberAt(data, (data.offset + index) >> 3)) & (1 << ((data.offset + index) % 8))) !== 0;
  }
  if (DataType.isFloat(type)) {
    const single = type.precision === Precision.SINGLE;
    const vector = new Vector([data]);
    return (index) => (single ? shortestFloat : doubleOrText)(Number(vector.get(index)));
  }
  if (DataType.isUtf8(type) || DataType.isLargeUtf8(type)) {
    return (index) => textOfBytes(bytesAt(data, offsetAt(data, index), offsetAt(data, index + 1)));
  }
  if (DataType.isBinary(type) || DataType.isLargeBinary(type)) {
    return (index) => base64(bytesAt(data, offsetAt(data, index), offsetAt(data, index + 1)));
  }
  if (DataType.isFixedSizeBinary(type)) {
    return (index) => base64(bytesAt(data, index * stride, (index + 1) * stride));
  }
  if (DataType.isUtf8View(type) || DataType.isBinaryView(type)) {
    const vector = new Vector([data]);
    return (index) => textOrBytes(vector.get(index));
  }
  if (DataType.isDecimal(type)) {
    return (index) => decimalText(littleEndianInteger(data, index), type.scale);
  }
  return temporalValues(data);
}

function temporalValues(data: Data): ValueAt {
  const { type } = data;
  if (DataType.isDate(type)) {
    return type.unit === DateUnit.DAY
      ? (index) => dateText(Number(numberAt(data, index)))
      : (index) => {
          const milliseconds = BigInt(numberAt(data, index));
          return milliseconds % dayMilliseconds === 0n
            ? dateText(Number(milliseconds / dayMilliseconds))
            : timestampText(milliseconds, 3, false);
        };
  }
  if (DataType.isTime(type)) {
    return (index) => timeText(BigInt(numberAt(data, index)), digitsOf[type.unit]);
  }
  if (DataType.isTimestamp(type)) {
    // With a zone, what is stored is UTC, whatever the zone.
    const isUtc = typeof type.timezone === 'string' && type.timezone !== '';
    return (index) => timestampText(BigInt(numberAt(data, index)), digitsOf[type.unit], isUtc);
  }
  if (DataType.isDuration(type)) {
    const nanoseconds = 10n ** BigInt(9 - digitsOf[type.unit]);
    return (index) => durationText(0, 0, BigInt(numberAt(data, index)) * nanoseconds);
  }
  if (DataType.isInterval(type)) {
    return intervalValues(data, type.unit);
  }
  throw damaged(`The Arrow data have a column of type ${type}, which is not read.`);
}

function intervalValues(data: Data, unit: IntervalUnit): ValueAt {
  const part = (at: number) => Number(numberAt(data, at));
  switch (unit) {
    case IntervalUnit.YEAR_MONTH:
      return (index) => durationText(part(index), 0, 0n);
    case IntervalUnit.DAY_TIME:
      return (index) => durationText(0, part(2 * index), BigInt(part(2 * index + 1)) * 1_000_000n);
    default:
      return (index) => {
        const low = BigInt.asUintN(32, BigInt(part(4 * index + 2)));
        const high = BigInt(part(4 * index + 3));
        return durationText(part(4 * index), part(4 * index + 1), BigInt.asIntN(64, (high << 32n) | low));
      };
  }
}

/** A dictionary that was added to comes in several pieces. */
function dictionaryValues(data: Data, maxDepth: number, depth: number): ValueAt {
  const pieces = (data.dictionary?.data ?? []).map((piece: Data) => ({
    length: piece.length,
    valueAt: arrowValues(piece, maxDepth, depth + 1),
  }));
  return (index) => {
    let at = Number(numberAt(data, index));
    for (const { length, valueAt } of pieces) {
      if (at < length) {
        return valueAt(at);
      }
      at -= length;
    }
    throw damaged('The Arrow data are corrupt: a dictionary lacks a value.');
  };
}

function mapValues(data: Data, maxDepth: number, depth: number): ValueAt {
  const entries = childOf(data, 0);
  const keyAt = arrowValues(childOf(entries, 0), maxDepth, depth + 2);
  const valueAt = arrowValues(childOf(entries, 1), maxDepth, depth + 2);
  return (index) => {
    const values: Record<string, unknown> = {};
    for (const at of rangeAt(data, index, entries)) {
      setOwn<unknown>(values, `${keyAt(at)}`, valueAt(at));
    }
    return values;
  };
}

function childOf(data: Data, at: number): Data {
  const child = data.children[at];
  if (!child) {
    throw damaged('The Arrow data are corrupt: a nested type has no values.');
  }
  return child;
}

/** The places of a list's values among its child's. */
function rangeAt(data: Data, index: number, child: Data): number[] {
  const end = offsetAt(data, index + 1);
  if (end > child.length) {
    throw damaged('The Arrow data are corrupt: a list goes beyond its values.');
  }
  return range(Math.max(0, offsetAt(data, index)), end);
}

function range(start: number, end: number): number[] {
  return Array.from({ length: Math.max(0, end - start) }, (_, at) => start + at);
}

function numberAt(data: Data, index: number): number | bigint {
  const value: unknown = data.values?.[index];
  if (typeof value !== 'number' && typeof value !== 'bigint') {
    throw damaged('The Arrow data are corrupt: a buffer is too short.');
  }
  return value;
}

function offsetAt(data: Data, index: number): number {
  const value: unknown = data.valueOffsets?.[index];
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : 0;
}

function bytesAt(data: Data, start: number, end: number): Uint8Array {
  const values: unknown = data.values;
  return values instanceof Uint8Array ? values.subarray(start, end) : new Uint8Array(0);
}

function textOrBytes(value: unknown): unknown {
  return value instanceof Uint8Array ? base64(value) : value;
}

/** Words of 32 bits, the lowest first, in two's complement. */
function littleEndianInteger(data: Data, index: number): bigint {
  let value = 0n;
  for (let at = (index + 1) * data.stride - 1; at >= index * data.stride; at -= 1) {
    value = (value << 32n) | BigInt.asUintN(32, BigInt(numberAt(data, at)));
  }
  return BigInt.asIntN(32 * data.stride, value);
}
