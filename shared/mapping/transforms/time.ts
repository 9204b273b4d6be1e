import type { FromSchema } from 'json-schema-to-ts';
import { AdpError } from '../../errors.ts';
import { toDecimal } from '../../model/decimal.ts';
import { canonicalTime, type Instant, millisecondsOf, toInstant } from '../../model/instant.ts';
import { shapeOf } from '../../model/shape.ts';
import { isUsable, textOf } from '../scalar.ts';
import { dateIn, dateText, instantOf, readIso, type WrittenTime } from '../time.ts';
import { defineTransform } from '../transform.ts';
import { isTimeZone, type TimeZone, timeZone } from '../zone.ts';
import { compileTimeFormat } from './timeFormat.ts';

const args = {
  type: 'object',
  additionalProperties: false,
  properties: {
    format: {
      type: 'string',
      description: 'As "dd.MM.yyyy HH:mm:ss", "epoch_seconds" or "epoch_milliseconds"; default ISO 8601',
    },
    zone: { type: 'string', description: "IANA zone of times without an offset; default the source's" },
  },
} as const;

type Args = FromSchema<typeof args>;

/** A time by its format, as RFC 3339 in UTC; a date alone is midnight in the zone. */
export const datetime = defineTransform<Args>({
  name: 'datetime',
  args,
  compile(args, sourceZone) {
    const { zone, read } = compileArgs(args, sourceZone);
    return (value, problems) => {
      const time = read(value);
      if (time === 'absent') return undefined;
      const instant = time === null || typeof time === 'string' ? time : instantOf(time, zone);
      return instant === null ? problems.mapping(refusal(args, value)) : canonicalTime(instant);
    };
  },
});

/** A day by its format; a time of day is dropped. What has an offset is the day that the zone's calendar shows then. */
export const date = defineTransform<Args>({
  name: 'date',
  args,
  compile(args, sourceZone) {
    const { zone, read } = compileArgs(args, sourceZone);
    return (value, problems) => {
      const time = read(value);
      if (time === 'absent') return undefined;
      if (time !== null && typeof time !== 'string' && time.offset === null) return dateText(time);
      const instant = time === null || typeof time === 'string' ? time : instantOf(time, zone);
      const day = instant === null ? null : dateIn(zone, millisecondsOf(instant));
      return day ?? problems.mapping(refusal(args, value));
    };
  },
});

type Read = (value: unknown) => WrittenTime | Instant | 'absent' | null;

function compileArgs({ format, zone }: Args, sourceZone: TimeZone): { zone: TimeZone; read: Read } {
  if (zone !== undefined && !isTimeZone(zone)) throw new AdpError('CONFIG_ERROR', `there is no time zone "${zone}"`);
  return { zone: zone === undefined ? sourceZone : timeZone(zone), read: readerOf(format) };
}

function readerOf(format: string | undefined): Read {
  const perSecond = format === 'epoch_seconds' ? 9 : format === 'epoch_milliseconds' ? 6 : null;
  const readText =
    perSecond !== null ? epochReader(perSecond) : format === undefined ? readIso : compileTimeFormat(format);
  return (value) => {
    if (value instanceof Date) return isUsable(value) ? toInstant(value) : null;
    const text = textOf(value)?.trim();
    if (text === '') return 'absent';
    return text === undefined ? null : readText(text);
  };
}

/** Reads a count of units since 1970, where a unit has 10^`digits` nanoseconds; what is finer is cut off. */
function epochReader(digits: number): (text: string) => Instant | null {
  return (text) => {
    const decimal = toDecimal(text);
    if (decimal === null) return null;
    const [whole = '', fraction = ''] = decimal.split('.');
    const nanoseconds = BigInt(whole + fraction.slice(0, digits).padEnd(digits, '0'));
    const million = 1_000_000n;
    const rest = ((nanoseconds % million) + million) % million;
    const milliseconds = new Date(Number((nanoseconds - rest) / million));
    return isUsable(milliseconds) ? toInstant(milliseconds, Number(rest)) : null;
  };
}

function refusal({ format = 'ISO 8601' }: Args, value: unknown): string {
  return `must be a time of the form ${format}, got ${shapeOf(value)}`;
}
