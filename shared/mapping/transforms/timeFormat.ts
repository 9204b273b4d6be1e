import { AdpError } from '../../errors.ts';
import { isReal, offsetOf, type WrittenTime } from '../time.ts';

/** Reads a text by a format; null where it doesn't fit, or names no real time. */
export type ReadTime = (text: string) => WrittenTime | null;

type Part =
  | 'year'
  | 'shortYear'
  | 'month'
  | 'monthName'
  | 'day'
  | 'hour'
  | 'hour12'
  | 'half'
  | 'minute'
  | 'second'
  | 'fraction'
  | 'offset';

const fields: Readonly<Record<string, readonly [Part, string]>> = {
  yyyy: ['year', '\\d{4}'],
  yy: ['shortYear', '\\d\\d'],
  MMM: ['monthName', '[A-Za-z]{3}'],
  MM: ['month', '\\d\\d'],
  M: ['month', '\\d\\d?'],
  dd: ['day', '\\d\\d'],
  d: ['day', '\\d\\d?'],
  HH: ['hour', '\\d\\d'],
  H: ['hour', '\\d\\d?'],
  hh: ['hour12', '\\d\\d'],
  h: ['hour12', '\\d\\d?'],
  mm: ['minute', '\\d\\d'],
  ss: ['second', '\\d\\d'],
  a: ['half', '[AaPp][Mm]'],
  X: ['offset', 'Z|[+-]\\d\\d(?::?\\d\\d)?'],
};

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/**
 * A format in the letters of Unicode TR 35: `yyyy yy MMM MM M dd d HH H hh h mm ss a X` and `S` to `SSSSSSSSS`; other
 * letters stand in quotes ('T'). A year of two digits is 1969 to 2068, as in POSIX. Month names are English.
 * @throws AdpError CONFIG_ERROR (park) for a letter it doesn't know, a field twice, or no full date
 */
export function compileTimeFormat(format: string): ReadTime {
  const parts: Part[] = [];
  let source = '';
  for (const [token, letters, quoted] of format.matchAll(/([A-Za-z])\1*|'([^']*)'|[^A-Za-z]/g)) {
    if (letters === undefined) {
      source += literal(quoted ?? token);
      continue;
    }
    const [part, pattern] = /^S{1,9}$/.test(token)
      ? (['fraction', `\\d{${token.length}}`] as const)
      : (fields[token] ?? []);
    if (part === undefined)
      throw new AdpError('CONFIG_ERROR', `format has no field "${token}" (text stands in quotes)`);
    parts.push(part);
    source += `(${pattern})`;
  }
  if (new Set(parts).size < parts.length) throw new AdpError('CONFIG_ERROR', 'format has a field twice');
  const has = (...names: Part[]): boolean => names.some((name) => parts.includes(name));
  if (!has('year', 'shortYear') || !has('month', 'monthName') || !has('day')) {
    throw new AdpError('CONFIG_ERROR', 'format must have a year, a month and a day');
  }
  if (has('hour12') !== has('half') || (has('hour') && has('hour12'))) {
    throw new AdpError('CONFIG_ERROR', 'format must have hours as "HH", or as "hh" with "a"');
  }
  const pattern = new RegExp(`^${source}$`);
  return (text) => {
    const match = pattern.exec(text);
    if (match === null) return null;
    const texts = new Map(parts.map((part, index) => [part, match[index + 1] ?? '']));
    const time = timeOf(texts);
    return isReal(time) ? time : null;
  };
}

function timeOf(texts: ReadonlyMap<Part, string>): WrittenTime {
  const number = (part: Part): number => Number(texts.get(part) ?? 0);
  const shortYear = number('shortYear');
  const monthName = texts.get('monthName');
  const offset = texts.get('offset');
  return {
    year: texts.has('year') ? number('year') : shortYear + (shortYear >= 69 ? 1900 : 2000),
    month: monthName === undefined ? number('month') : months.indexOf(monthName.toLowerCase()) + 1,
    day: number('day'),
    hour: texts.has('half') ? hourOfDay(number('hour12'), texts.get('half') ?? '') : number('hour'),
    minute: number('minute'),
    second: number('second'),
    nanosecond: Number((texts.get('fraction') ?? '').padEnd(9, '0')),
    offset: offset === undefined ? null : offsetOf(offset),
  };
}

/** 12 AM is midnight, 12 PM is noon; an hour outside of 1 to 12 is none, which `isReal` refuses. */
function hourOfDay(hour: number, half: string): number {
  if (hour < 1 || hour > 12) return Number.POSITIVE_INFINITY;
  return (hour % 12) + (half.toLowerCase() === 'pm' ? 12 : 0);
}

function literal(text: string): string {
  return text.replace(/[$()*+.?[\\\]^{|}/-]/g, '\\$&');
}
