import { AdpError } from '../errors.ts';

/**
 * A moment in UTC with nine digits of a second, `YYYY-MM-DDTHH:mm:ss.nnnnnnnnnZ`: always 30 characters, years 0001 to
 * 9999, so that it sorts as plain text. Inside the hub and in versions; clients see `canonicalTime`.
 */
export type Instant = string & { readonly brand: 'Instant' };

/** True for text in the 30-character form that names a real day. */
export function isInstant(text: string): text is Instant {
  return text.length === 30 && isUtcTime(text);
}

/**
 * True for `YYYY-MM-DDTHH:mm:ssZ`, with or without up to nine digits of a second, that names a real day and time. As
 * `isDate`, it looks at characters: every row has such times, some of them several.
 */
export function isUtcTime(text: string): boolean {
  if (text === lastUtcTime) return true;
  if (!namesUtcTime(text)) return false;
  lastUtcTime = text;
  return true;
}

/** One time of a row is often asked for again: by another field, by the schema. */
let lastUtcTime = '';

function namesUtcTime(text: string): boolean {
  const end = text.length - 1;
  if (end < 19 || end === 20 || end > 29 || text.charCodeAt(end) !== zulu || text.charCodeAt(10) !== tee) return false;
  if (text.charCodeAt(4) !== dash || text.charCodeAt(7) !== dash) return false;
  if (text.charCodeAt(13) !== colon || text.charCodeAt(16) !== colon) return false;
  if (end > 19 && (text.charCodeAt(19) !== dot || numberAt(text, 20, end) < 0)) return false;
  return (
    isDay(numberAt(text, 0, 4), numberAt(text, 5, 7), numberAt(text, 8, 10)) &&
    isWithin(numberAt(text, 11, 13), 23) &&
    isWithin(numberAt(text, 14, 16), 59) &&
    isWithin(numberAt(text, 17, 19), 59)
  );
}

function isWithin(number: number, most: number): boolean {
  return number >= 0 && number <= most;
}

/** The instant of a time of which `isUtcTime` holds. */
export function fromUtcTime(text: string): Instant {
  const fraction = text.length === 20 ? '' : text.slice(20, -1);
  return `${text.slice(0, 19)}.${fraction}${zeros[fraction.length]}Z` as Instant;
}

/** True for `YYYY-MM-DD` that names a real day. */
export function isDate(text: string): boolean {
  if (text.length !== 10 || text.charCodeAt(4) !== dash || text.charCodeAt(7) !== dash) return false;
  return isDay(numberAt(text, 0, 4), numberAt(text, 5, 7), numberAt(text, 8, 10));
}

/** What the digits say; −1 where one is no digit. Dates are looked at row by row: this takes a fifth of an expression's time. */
function numberAt(text: string, start: number, end: number): number {
  let number = 0;
  for (let i = start; i < end; i++) {
    const digit = text.charCodeAt(i) - zero;
    if (digit < 0 || digit > 9) return -1;
    number = number * 10 + digit;
  }
  return number;
}

const dash = 0x2d;
const dot = 0x2e;
const colon = 0x3a;
const tee = 0x54;
const zulu = 0x5a;
/** What a fraction of so many digits lacks to nine. */
const zeros = Array.from({ length: 10 }, (_, digits) => '0'.repeat(9 - digits));

/** True where the proleptic Gregorian calendar has that day, in the years 0001 to 9999. */
export function isDay(year: number, month: number, day: number): boolean {
  if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1) return false;
  if (month === 2) return day <= (year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28);
  return day <= (month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31);
}

/**
 * The instant of a Date or of milliseconds since 1970, plus nanoseconds (0 to 999,999,999) on top.
 * @throws AdpError DATA_ERROR (skip) for an invalid Date or a year outside 0001 to 9999
 */
export function toInstant(time: Date | number, nanoseconds = 0): Instant {
  const date = typeof time === 'number' ? new Date(time) : time;
  const milliseconds = date.getTime();
  if (!(milliseconds >= firstMillisecond && milliseconds <= lastMillisecond)) {
    throw new AdpError('DATA_ERROR', 'A time is outside of the years 0001 to 9999.');
  }
  const iso = date.toISOString();
  const text =
    nanoseconds === 0
      ? `${iso.slice(0, 23)}000000Z`
      : `${iso.slice(0, 20)}${String(date.getUTCMilliseconds() * 1_000_000 + nanoseconds).padStart(9, '0')}Z`;
  if (!isInstant(text)) throw new AdpError('INTERNAL', `${nanoseconds} nanoseconds don't fit into the second.`);
  return text;
}

/** The next instant, one nanosecond on. */
export function nextInstant(instant: Instant): Instant {
  const nanoseconds = Number(instant.slice(20, 29)) + 1;
  const second = Date.parse(`${instant.slice(0, 19)}Z`);
  return nanoseconds === 1_000_000_000 ? toInstant(second + 1000) : toInstant(second, nanoseconds);
}

/** Milliseconds since 1970; what is finer is cut off. */
export function millisecondsOf(instant: Instant): number {
  return Date.parse(`${instant.slice(0, 23)}Z`);
}

/** The form of contract.md "Times": RFC 3339 in UTC, trailing zeros of the fraction dropped. */
export function canonicalTime(instant: Instant): string {
  let end = 29;
  while (end > 20 && instant.charCodeAt(end - 1) === zero) end--;
  return `${instant.slice(0, end === 20 ? 19 : end)}Z`;
}

const zero = 0x30;
const firstMillisecond = Date.parse('0001-01-01T00:00:00Z');
const lastMillisecond = Date.parse('9999-12-31T23:59:59.999Z');
