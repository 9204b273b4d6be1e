import { SqlError } from '../sqlError.ts';

/**
 * Times are held as texts that sort: `2024-05-06T07:08:09.1234567`, always with seven digits; a datetimeoffset in UTC with
 * its offset behind, `…Z+02:00`.
 */
const shape = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?)?\s*(Z|[+-]\d\d:\d\d)?$/;
const heldWithOffset = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z[+-]\d\d:\d\d$/;
const clockShape = /^(\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?$/;

export const ticksPerSecond = 10_000_000;
const ticksPerDay = 86_400 * ticksPerSecond;
/** Of 0001-01-01, where TDS begins to count, before 1970-01-01. */
const daysBefore1970 = 719_162;

export interface Instant {
  /** Since 0001-01-01. */
  readonly days: number;
  /** 100 ns, since midnight. */
  readonly ticks: number;
}

/** @throws SqlError 241 for what is no time */
export function toInstantText(text: string, scale: number, withOffset: boolean): string {
  if (withOffset && heldWithOffset.test(text)) return text;
  const [, date, clock = '00:00:00', fraction = '', zone] = shape.exec(text.trim()) ?? [];
  if (date === undefined || Number.isNaN(Date.parse(date))) throw badTime(text);
  const local = readInstant(`${date}T${toClockText(fraction === '' ? clock : `${clock}.${fraction}`, scale)}`);
  if (!withOffset) return instantText(local);
  const offset = zone === undefined || zone === 'Z' ? '+00:00' : zone;
  return withZone(shift(local, -offsetMinutes(offset)), offset);
}

/** A datetimeoffset as it is held. */
export function withZone(utc: Instant, offset: string): string {
  return `${instantText(utc)}Z${offset}`;
}

/** Behind the `Z`; empty for a time without one. */
export function offsetOf(held: string): string {
  return held.slice(28);
}

/** `07:08:09.1234567`, what is finer than the scale cut off. */
export function toClockText(text: string, scale: number): string {
  const [, clock, fraction = ''] = clockShape.exec(text.trim()) ?? [];
  if (clock === undefined) throw badTime(text);
  const seconds = clock.length === 5 ? `${clock}:00` : clock;
  return `${seconds}.${fraction.slice(0, scale).padEnd(7, '0')}`;
}

export function toDateText(text: string): string {
  const [, date] = shape.exec(text.trim()) ?? [];
  if (date === undefined || Number.isNaN(Date.parse(date))) throw badTime(text);
  return date;
}

/** Of a held text; the offset of a datetimeoffset is left aside. */
export function readInstant(held: string): Instant {
  return { days: daysOf(held.slice(0, 10)), ticks: ticksOf(held.slice(11, 27)) };
}

export function daysOf(date: string): number {
  return Date.parse(`${date}T00:00:00Z`) / 86_400_000 + daysBefore1970;
}

export function ticksOf(clock: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = clock.slice(0, 8).split(':').map(Number);
  return ((hours * 60 + minutes) * 60 + seconds) * ticksPerSecond + Number(clock.slice(9, 16));
}

export function instantText({ days, ticks }: Instant): string {
  return `${dateText(days)}T${clockText(ticks)}`;
}

export function dateText(days: number): string {
  return new Date((days - daysBefore1970) * 86_400_000).toISOString().slice(0, 10);
}

export function clockText(ticks: number): string {
  const seconds = Math.floor(ticks / ticksPerSecond);
  const parts = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  const clock = parts.map((part) => String(part).padStart(2, '0')).join(':');
  return `${clock}.${String(ticks % ticksPerSecond).padStart(7, '0')}`;
}

/** Minutes of `+02:00`. */
export function offsetMinutes(offset: string): number {
  const [hours = 0, minutes = 0] = offset.slice(1).split(':').map(Number);
  return (offset.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
}

export function shift(instant: Instant, minutes: number): Instant {
  return addTicks(instant, minutes * 60 * ticksPerSecond);
}

export function addTicks({ days, ticks }: Instant, more: number): Instant {
  const sum = ticks + more;
  const carried = Math.floor(sum / ticksPerDay);
  return { days: days + carried, ticks: sum - carried * ticksPerDay };
}

/** As people of its zone read it, to so many digits: `2024-05-06T09:08:09.123+02:00`. */
export function shownInstant(held: string, scale: number, separator: 'T' | ' '): string {
  const offset = offsetOf(held);
  const local = offset === '' ? held : instantText(shift(readInstant(held), offsetMinutes(offset)));
  const shown = local.slice(0, scale === 0 ? 19 : 20 + scale).replace('T', separator);
  return separator === ' ' && offset !== '' ? `${shown} ${offset}` : `${shown}${offset}`;
}

function badTime(text: string): SqlError {
  return new SqlError(241, `Conversion failed when converting date and/or time from character string: '${text}'.`);
}
