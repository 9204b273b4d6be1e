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

/** True for `YYYY-MM-DDTHH:mm:ssZ`, with or without up to nine digits of a second, that names a real day and time. */
export function isUtcTime(text: string): boolean {
  if (text === lastUtcTime) return true;
  const end = text.length - 1;
  if (text.charCodeAt(end) !== zulu || !namesTime(text, end)) return false;
  lastUtcTime = text;
  return true;
}

/** One time of a row is often asked for again: by another field, by what orders its versions. */
let lastUtcTime = '';

/** As `isUtcTime`, but without the `Z`: what a clock shows, wherever it stands. */
export function isLocalTime(text: string): boolean {
  return namesTime(text, text.length);
}

/** True for a time in the form of contract.md "Times": of `isUtcTime`, without zeros at the end of its fraction. */
export function isCanonicalTime(text: string): boolean {
  return isUtcTime(text) && (text.length === 20 || text.charCodeAt(text.length - 2) !== zero);
}

/** As `isDate`, it looks at characters: every row has times, some of them several. */
function namesTime(text: string, end: number): boolean {
  if (end < 19 || end === 20 || end > 29 || text.charCodeAt(10) !== tee) return false;
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
  return text.length === 30 ? (text as Instant) : fromUtcClock(text.slice(0, -1));
}

/** The instant at which a clock in UTC shows a time of which `isLocalTime` holds. */
export function fromUtcClock(text: string): Instant {
  return (text + endings[text.length]) as Instant;
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
/** What a time of so many characters lacks to 30. */
const endings = Array.from(
  { length: 30 },
  (_, length) => `${length === 19 ? '.' : ''}${'0'.repeat(29 - Math.max(length, 20))}Z`,
);

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
  if (nanoseconds === 0) return fromUtcTime(iso);
  const fraction = date.getUTCMilliseconds() * 1_000_000 + nanoseconds;
  if (!Number.isInteger(fraction) || fraction < 0 || fraction > 999_999_999) {
    throw new AdpError('INTERNAL', `${nanoseconds} nanoseconds don't fit into the second.`);
  }
  return `${iso.slice(0, 20)}${String(fraction).padStart(9, '0')}Z` as Instant;
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
