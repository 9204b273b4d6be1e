import { maxDecimalLength, toDecimal, toExactNumber } from '../model/decimal.ts';
import type { FieldSchema } from '../model/fieldSchema.ts';
import { canonicalTime, isCanonicalTime, isDate } from '../model/instant.ts';
import type { JsonObject, JsonValue } from '../model/json.ts';
import { NumberLiteral } from '../model/literal.ts';
import { shapeOf } from '../model/shape.ts';
import { readJsonText } from './jsonText.ts';
import { keep, shortName } from './keep.ts';
import type { Problems } from './problems.ts';
import { isAbsent, textFault, textOf } from './scalar.ts';
import { dateIn, dateText, readIso, toInstantIn } from './time.ts';
import { type TimeZone, utcZone } from './zone.ts';

/**
 * Brings a value to its field's type where that loses nothing; contract.md, "Values that come as text are converted".
 * Undefined: there is no value, or it was refused (and `problems` says why).
 */
export type Coerce = (value: unknown, problems: Problems) => JsonValue | undefined;

/** The coercion to a field of that schema; times without an offset are read in the zone. */
export function coercionTo(schema: FieldSchema, zone: TimeZone): Coerce {
  if (schema.type === 'string' && schema.format === undefined) return toOptionalText;
  const coerce = presentTo(schema, zone);
  if (schema.type === 'number') {
    return (value, problems) => {
      // Most numbers are one. A negative zero and zero are one number in JSON and in hashes.
      if (typeof value === 'number' && Number.isFinite(value)) return value + 0;
      return isAbsent(value) ? undefined : coerce(value, problems);
    };
  }
  return (value, problems) => (isAbsent(value) ? undefined : coerce(value, problems));
}

function toOptionalText(value: unknown, problems: Problems): string | undefined {
  // Most texts are one.
  if (typeof value === 'string' && textFault(value) === null) return value === '' ? undefined : value;
  return isAbsent(value) ? undefined : toText(value, problems);
}

/** The coercion to a text field of the key: there an empty text is a value, and is kept. */
export function keyCoercionTo(schema: FieldSchema, zone: TimeZone): Coerce {
  if (schema.format !== undefined) return coercionTo(schema, zone);
  return (value, problems) => (value === undefined || value === null ? undefined : toText(value, problems));
}

function presentTo(schema: FieldSchema, zone: TimeZone): Coerce {
  switch (schema.type) {
    case 'string':
      if (schema.format === 'decimal') return toDecimalText;
      if (schema.format === 'date') return dateCoercion(zone);
      if (schema.format === 'date-time') return timeCoercion(zone);
      return toText;
    case 'number':
      return toNumber;
    case 'integer':
      return toInteger;
    case 'boolean':
      return toBoolean;
    case 'array':
      return arrayCoercion(schema, zone);
    case 'object':
      return objectCoercion(schema, zone);
  }
}

function toText(value: unknown, problems: Problems): string | undefined {
  const text = textOf(value);
  if (text === null) return problems.data(`must be text, got ${shapeOf(value)}`);
  const fault = textFault(text);
  return fault === null ? text : problems.data(fault);
}

function toDecimalText(value: unknown, problems: Problems): string | undefined {
  const text = numeralOf(value);
  if (text === '') return undefined;
  const decimal = text === null ? null : toDecimal(text);
  // Written out it may have become a little longer.
  if (decimal !== null && decimal.length <= maxDecimalLength) return decimal;
  return problems.data(`must be a decimal number such as 12.50, got ${shapeOf(decimal ?? value)}`);
}

function toNumber(value: unknown, problems: Problems): number | undefined {
  // A negative zero and zero are one number in JSON and in hashes.
  if (typeof value === 'number' && Number.isFinite(value)) return value === 0 ? 0 : value;
  const text = numeralOf(value);
  if (text === '') return undefined;
  const decimal = text === null ? null : toDecimal(text);
  if (decimal === null) return problems.data(`must be a number, got ${shapeOf(value)}`);
  return toExactNumber(decimal) ?? problems.data('has more digits than a number can hold');
}

function toInteger(value: unknown, problems: Problems): number | undefined {
  const number = toNumber(value, problems);
  if (number === undefined || Number.isInteger(number)) return number;
  return problems.data('must be a whole number, got a number with a fraction');
}

/** The text of what may be read as a number; spaces around it carry nothing. Null for what is no number. */
function numeralOf(value: unknown): string | null {
  if (typeof value === 'string') return value.trim();
  if (typeof value === 'number' || typeof value === 'bigint' || value instanceof NumberLiteral) return textOf(value);
  return null;
}

function toBoolean(value: unknown, problems: Problems): boolean | undefined {
  if (typeof value === 'boolean') return value;
  switch (textOf(value)?.trim().toLowerCase()) {
    case 'true':
    case '1':
      return true;
    case 'false':
    case '0':
      return false;
    case '':
      return undefined;
    default:
      return problems.data(`must be true or false, got ${shapeOf(value)}`);
  }
}

function timeCoercion(zone: TimeZone): Coerce {
  return (value, problems) => {
    if (typeof value === 'string' && isCanonicalTime(value)) return value;
    const instant = toInstantIn(zone, value);
    if (instant !== null) return canonicalTime(instant);
    if (typeof value === 'string' && value.trim() === '') return undefined;
    return problems.data(`must be a time such as 2025-05-13T12:00:00Z, got ${shapeOf(value)}`);
  };
}

/** A time is a date only at midnight: of the clock it was written by, or for a Date in UTC or the source's zone. */
function dateCoercion(zone: TimeZone): Coerce {
  return (value, problems) => {
    // Most dates need nothing.
    if (typeof value === 'string' && isDate(value)) return value;
    const written = typeof value === 'string' ? readIso(value.trim()) : null;
    if (written !== null) {
      const { hour, minute, second, nanosecond } = written;
      if (hour + minute + second + nanosecond === 0) return dateText(written);
      return problems.data('must be a date alone, got a time of day with it (the transform "date" drops it)');
    }
    if (value instanceof Date && textOf(value) !== null) {
      const utc = value.getTime();
      const midnight = utc % day === 0 ? utc : zone.toLocal(utc);
      const date = midnight % day === 0 ? dateIn(utcZone, midnight) : null;
      return date ?? problems.data('must be a date alone, got a time of day with it (the transform "date" drops it)');
    }
    if (typeof value === 'string' && value.trim() === '') return undefined;
    return problems.data(`must be a date such as 2025-05-13, got ${shapeOf(value)}`);
  };
}

const day = 86_400_000;

function arrayCoercion(schema: FieldSchema, zone: TimeZone): Coerce {
  const item = schema.items === undefined ? keep : coercionTo(schema.items, zone);
  return (value, problems) => {
    const values = typeof value === 'string' ? readJsonText(value) : value;
    if (!Array.isArray(values)) return problems.data(`must be an array, got ${shapeOf(value)}`);
    return values.map((one, index): JsonValue => {
      const from = problems.errors.length;
      const { count } = problems;
      const coerced = item(one, problems);
      if (coerced === undefined && problems.count === count) problems.data('must not be empty');
      if (problems.errors.length > from) problems.within(from, `[${index}]`);
      return coerced ?? null;
    });
  };
}

function objectCoercion(schema: FieldSchema, zone: TimeZone): Coerce {
  const { properties } = schema;
  if (properties === undefined) return toKeptObject;
  const fields = Object.keys(properties)
    .sort()
    .flatMap((name) => {
      const field = properties[name];
      return field === undefined ? [] : [{ name, coerce: coercionTo(field, zone) }];
    });
  const known = new Set(Object.keys(properties));
  return (value, problems) => {
    const object = objectOf(value);
    if (object === null) return problems.data(`must be an object, got ${shapeOf(value)}`);
    const coerced: Record<string, JsonValue> = {};
    for (const { name, coerce } of fields) {
      if (!Object.hasOwn(object, name)) continue;
      const from = problems.errors.length;
      const one = coerce(object[name], problems);
      if (problems.errors.length > from) problems.within(from, name);
      if (one !== undefined) coerced[name] = one;
    }
    for (const name of Object.keys(object)) {
      if (known.has(name)) continue;
      const from = problems.errors.length;
      problems.data('is not a known field');
      problems.within(from, shortName(name));
    }
    return coerced;
  };
}

function toKeptObject(value: unknown, problems: Problems): JsonObject | undefined {
  const object = objectOf(value);
  const kept = object === null ? undefined : keep(object, problems);
  if (object === null) return problems.data(`must be an object, got ${shapeOf(value)}`);
  return isJsonObject(kept) ? kept : undefined;
}

/** The value as an object with named members, also where it is JSON in a text; else null. */
export function objectOf(value: unknown): Readonly<Record<string, unknown>> | null {
  const read = typeof value === 'string' ? readJsonText(value) : value;
  return isObject(read) ? read : null;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return !(value instanceof Date || value instanceof NumberLiteral || value instanceof Uint8Array);
}

/** True for a JSON object among JSON values. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
