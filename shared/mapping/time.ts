import { fromUtcClock, fromUtcTime, type Instant, isDay, isLocalTime, isUtcTime, toInstant } from '../model/instant.ts';
import { isUsable } from './scalar.ts';
import { type TimeZone, utcZone } from './zone.ts';

/** A date, a time of day and an offset, as they were written. */
export interface WrittenTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly nanosecond: number;
  /** Milliseconds east of UTC; null where none was written, so that the source's zone decides. */
  readonly offset: number | null;
}

const iso =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9})0*)?)?(?: ?([Zz]|[+-]\d\d(?::?\d\d)?))?)?$/;

/**
 * Reads ISO 8601 as RFC 3339 and databases write it: a date, or date and time parted by `T` or a space, up to nine digits
 * of a second, with or without an offset. Null where it isn't that, or names no real day or time.
 */
export function readIso(text: string): WrittenTime | null {
  const match = iso.exec(text);
  if (match === null) return null;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', offset] = match;
  const time = {
    year: Number(year),
    month: Number(month),
    day: Number(day),
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second),
    nanosecond: Number(fraction.padEnd(9, '0')),
    offset: offset === undefined ? null : offsetOf(offset),
  };
  return isReal(time) ? time : null;
}

/** Milliseconds of `Z`, `+02`, `+0200` or `+02:00`; NaN beyond 23:59, which `isReal` refuses. */
export function offsetOf(text: string): number {
  if (text === 'Z' || text === 'z') return 0;
  const hours = Number(text.slice(1, 3));
  const minutes = Number(text.slice(3).replace(':', ''));
  if (hours > 23 || minutes > 59) return Number.NaN;
  return (text.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

/** True where the calendar has the day, the clock the time, and the offset is one. */
export function isReal(time: WrittenTime): boolean {
  return (
    isDay(time.year, time.month, time.day) &&
    time.hour <= 23 &&
    time.minute <= 59 &&
    time.second <= 59 &&
    !Number.isNaN(time.offset)
  );
}

/** The instant of a written time, in the given zone where it has no offset. Null outside of the years 0001 to 9999. */
export function instantOf(time: WrittenTime, zone: TimeZone): Instant | null {
  const local = localMilliseconds(time);
  const utc = time.offset === null ? zone.toUtc(local) : local - time.offset;
  return isUsable(new Date(utc)) ? toInstant(utc, time.nanosecond) : null;
}

/** The instant of a text in ISO 8601 or of a Date; null where it is neither. */
export function toInstantIn(zone: TimeZone, value: unknown): Instant | null {
  if (value instanceof Date) return isUsable(value) ? toInstant(value) : null;
  if (typeof value !== 'string') return null;
  if (value === last.text && zone === last.zone) return last.instant;
  last.instant = instantIn(zone, value);
  last.zone = zone;
  last.text = value;
  return last.instant;
}

/** A row's time is often asked for twice: as a field, and as what orders its versions. */
const last: { zone: TimeZone | undefined; text: string; instant: Instant | null } = {
  zone: undefined,
  text: '',
  instant: null,
};

function instantIn(zone: TimeZone, text: string): Instant | null {
  // Most times come in UTC already, and most others from a clock that shows it.
  if (isUtcTime(text)) return fromUtcTime(text);
  if (zone === utcZone && isLocalTime(text)) return fromUtcClock(text);
  const written = readIso(text.trim());
  return written === null ? null : instantOf(written, zone);
}

/** `YYYY-MM-DD`. */
export function dateText(time: Pick<WrittenTime, 'year' | 'month' | 'day'>): string {
  return `${String(time.year).padStart(4, '0')}-${twoDigits(time.month)}-${twoDigits(time.day)}`;
}

/** The day that a zone's calendar shows at an instant; null where that is outside of the years 0001 to 9999. */
export function dateIn(zone: TimeZone, utc: number): string | null {
  const local = new Date(zone.toLocal(utc));
  return isUsable(local) ? local.toISOString().slice(0, 10) : null;
}

function localMilliseconds(time: WrittenTime): number {
  // Date.UTC takes the years 0 to 99 for the twentieth century; setUTCFullYear doesn't.
  const date = new Date(Date.UTC(2000, 0, 1, time.hour, time.minute, time.second));
  return date.setUTCFullYear(time.year, time.month - 1, time.day);
}

function twoDigits(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}
