import { NumberLiteral } from '../../model/literal.ts';
import type { Tools } from '../connector.ts';

type Zone = ReturnType<Tools['timeZone']>;

/** How an API writes times, and in which zone where it says none. */
export interface TimeForm {
  /** rfc3339, date, unix, unix_ms, or a pattern of yyyy, MM, dd, HH, mm, ss, SSS. */
  readonly format: string;
  readonly zone: Zone;
}

const halfHour = 1_800_000;
const day = 86_400_000;
const tokens = /yyyy|MM|dd|HH|mm|ss|SSS/g;
/** Seconds since 1970 are smaller, milliseconds of the last fifty years larger. */
const firstMillisecondNumber = 100_000_000_000;

/**
 * A time as the API wants it, rounded down to what its form can say. A local time that a clock shows twice, in the night
 * when summer ends, goes back to before the hour that repeats: whichever of the two the API takes it for, nothing is
 * left out behind it.
 *
 * @param ms milliseconds since 1970
 */
export function writeSince({ format, zone }: TimeForm, ms: number): string | number {
  if (!isLocal(format)) return writeUtc(format, ms);
  const step = format === 'date' || !format.includes('HH') ? day : halfHour;
  let local = step === day ? floor(zoneOf(format, zone).toLocal(ms), day) : zoneOf(format, zone).toLocal(ms);
  while (isTwice(zoneOf(format, zone), local)) local -= step;
  return writeLocal(format, local);
}

/** A time as the API wants it, rounded down, without going back further. */
export function writeUntil({ format, zone }: TimeForm, ms: number): string | number {
  return isLocal(format) ? writeLocal(format, zoneOf(format, zone).toLocal(ms)) : writeUtc(format, ms);
}

/**
 * The time that a row says, in milliseconds since 1970, rounded down; of a local time that a clock shows twice the
 * first. Undefined where it is none.
 */
export function readTime({ format, zone }: TimeForm, value: unknown): number | undefined {
  const text = value instanceof NumberLiteral ? value.text : typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string') return undefined;
  const trimmed = text.trim();
  if (utcTime.test(trimmed)) return usable(Date.parse(trimmed));
  const byPattern = isPattern(format) ? readPattern(format, zoneOf(format, zone), trimmed) : undefined;
  if (byPattern !== undefined) return byPattern;
  if (/^-?\d+(\.\d+)?$/.test(trimmed)) return readNumber(format, Number(trimmed));
  const odata = /^\/Date\((-?\d+)(?:[+-]\d{4})?\)\/$/.exec(trimmed)?.[1];
  return odata === undefined ? readIso(zone, trimmed) : usable(Number(odata));
}

function isPattern(format: string): boolean {
  return format.includes('yyyy');
}

function isLocal(format: string): boolean {
  return format === 'date' || isPattern(format);
}

const utc: Zone = { toUtc: (local) => local, toLocal: (ms) => ms };

/** A pattern that ends in Z says that it is UTC. */
function zoneOf(format: string, zone: Zone): Zone {
  return isPattern(format) && format.endsWith('Z') ? utc : zone;
}

function writeUtc(format: string, ms: number): string | number {
  if (format === 'unix') return floor(ms, 1_000) / 1_000;
  return format === 'unix_ms' ? ms : `${new Date(floor(ms, 1_000)).toISOString().slice(0, 19)}Z`;
}

function writeLocal(format: string, local: number): string {
  const iso = new Date(local).toISOString();
  const parts: Readonly<Record<string, string>> = {
    yyyy: iso.slice(0, 4),
    MM: iso.slice(5, 7),
    dd: iso.slice(8, 10),
    HH: iso.slice(11, 13),
    mm: iso.slice(14, 16),
    ss: iso.slice(17, 19),
    SSS: iso.slice(20, 23),
  };
  return (format === 'date' ? 'yyyy-MM-dd' : format).replace(tokens, (token) => parts[token] ?? token);
}

/** Whether a zone's clock shows that local time twice. */
function isTwice(zone: Zone, local: number): boolean {
  const first = zone.toUtc(local);
  return [1, 2, 4].some((steps) => zone.toLocal(first + steps * halfHour) === local);
}

function readPattern(pattern: string, zone: Zone, text: string): number | undefined {
  const names: string[] = [];
  const source = pattern
    .split(/(yyyy|MM|dd|HH|mm|ss|SSS)/)
    .map((part, index) => {
      if (index % 2 === 0) return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
      names.push(part);
      return `(\\d{${part.length}})`;
    })
    .join('');
  const match = new RegExp(`^${source}$`).exec(text);
  if (match === null) return undefined;
  const part = (name: string, usual: string) => match[names.indexOf(name) + 1] ?? usual;
  const value = (name: string, usual: string) => (names.includes(name) ? part(name, usual) : usual);
  const day = `${value('yyyy', '')}-${value('MM', '01')}-${value('dd', '01')}`;
  return localTime(
    zone,
    `${day}T${value('HH', '00')}:${value('mm', '00')}:${value('ss', '00')}.${value('SSS', '000')}`,
  );
}

function readNumber(format: string, value: number): number | undefined {
  const isMs = format === 'unix_ms' || (format !== 'unix' && Math.abs(value) >= firstMillisecondNumber);
  return usable(Math.floor(isMs ? value : value * 1_000));
}

/** Most times come so; `Date.parse` cuts off what is finer than a millisecond. */
const utcTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;
const iso = /^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d)(?::(\d\d)(?:[.,](\d+))?)?(?: ?([Zz]|[+-]\d\d(?::?\d\d)?))?)?$/;

function readIso(zone: Zone, text: string): number | undefined {
  const match = iso.exec(text);
  if (match === null) return undefined;
  const [, date, minutes = '00:00', seconds = '00', fraction = '', offset] = match;
  const time = `${date}T${minutes}:${seconds}.${fraction.slice(0, 3).padEnd(3, '0')}`;
  if (offset === undefined) return localTime(zone, time);
  const digits = offset.slice(1).replace(':', '').padEnd(4, '0');
  return usable(
    Date.parse(/z/i.test(offset) ? `${time}Z` : `${time}${offset[0]}${digits.slice(0, 2)}:${digits.slice(2)}`),
  );
}

function localTime(zone: Zone, time: string): number | undefined {
  const local = usable(Date.parse(`${time}Z`));
  return local === undefined ? undefined : usable(zone.toUtc(local));
}

/** The years 0001 to 9999. */
function usable(ms: number): number | undefined {
  return ms >= -62_135_596_800_000 && ms <= 253_402_300_799_999 ? ms : undefined;
}

function floor(value: number, step: number): number {
  return Math.floor(value / step) * step;
}
