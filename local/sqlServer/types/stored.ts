import { SqlError, unsupported } from '../sqlError.ts';
import { toClockText, toDateText, toInstantText } from './dateTime.ts';
import { scaledText, toScaled } from './exact.ts';
import { toGuidText } from './guid.ts';
import { familyOf, type SqlType } from './sqlType.ts';

/** A value as SQLite holds it. Times, exact numbers and identifiers are texts of one form (dateTime.ts, exact.ts). */
export type Stored = null | bigint | number | string | Uint8Array;

/** Brings a value into the form in which its type is held, as an implicit conversion would. Throws SqlError. */
export function toStored(value: Stored, type: SqlType): Stored {
  if (value === null) return null;
  switch (familyOf(type)) {
    case 'integer':
      return toInteger(value, type);
    case 'bit':
      return value === 0n || value === 0 || value === '0' || value === 'false' ? 0n : 1n;
    case 'float':
      return Number(value);
    case 'exact':
      return toExact(value, type);
    case 'text':
      return typeof value === 'string' ? cut(value, type) : cut(String(value), type);
    case 'guid':
      return toGuidText(String(value));
    case 'binary':
      if (value instanceof Uint8Array) return value;
      throw unsupported(`an implicit conversion to ${type.name}`);
    case 'day':
      return toDateText(String(value));
    case 'clock':
      return toClockText(String(value), type.scale ?? 7);
    case 'instant':
      return toInstantText(String(value), type.scale ?? 7, type.name === 'datetimeoffset');
  }
}

/** Bytes of the integers; a tinyint has no sign. */
export const integerBytes: Readonly<Partial<Record<SqlType['name'], number>>> = {
  tinyint: 1,
  smallint: 2,
  int: 4,
  bigint: 8,
};

function toInteger(value: Stored, type: SqlType): bigint {
  const text = String(value).trim();
  const whole = typeof value === 'number' ? String(Math.trunc(value)) : text;
  if (!/^[+-]?\d+$/.test(whole)) {
    throw new SqlError(245, `Conversion failed when converting the value '${text}' to data type ${type.name}.`);
  }
  const integer = BigInt(whole);
  const bits = (integerBytes[type.name] ?? 8) * 8;
  const fits = bits === 8 ? integer >= 0n && integer < 256n : BigInt.asIntN(bits, integer) === integer;
  if (!fits) throw new SqlError(8115, `Arithmetic overflow error converting expression to data type ${type.name}.`);
  return integer;
}

function toExact(value: Stored, { precision, scale = 0 }: SqlType): string {
  if (value === null || value instanceof Uint8Array) throw unsupported('a conversion of bytes to a number');
  const scaled = toScaled(value, scale);
  const size = scaled < 0n ? -scaled : scaled;
  if (precision !== undefined && size >= 10n ** BigInt(precision)) {
    throw new SqlError(8115, 'Arithmetic overflow error converting expression to data type numeric.');
  }
  return scaledText(scaled, scale);
}

function cut(text: string, { length }: SqlType): string {
  return typeof length === 'number' ? text.slice(0, length) : text;
}
