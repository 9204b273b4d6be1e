/** What a number in a cell is, by how it is shown. */
export type CellStyle = 'number' | 'date' | 'date and time' | 'time' | 'elapsed time';

const builtInDates = new Set([14, 15, 16, 17, 27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 55, 56, 57, 58]);
const builtInTimes = new Set([18, 19, 20, 21, 32, 33, 34, 35, 45, 47]);

/** Of the formats that have a number instead of a code (ECMA-376, part 1, 18.8.30). */
export function builtInStyle(id: number): CellStyle {
  if (builtInDates.has(id)) {
    return 'date';
  }
  if (builtInTimes.has(id)) {
    return 'time';
  }
  if (id === 22) {
    return 'date and time';
  }
  return id === 46 ? 'elapsed time' : 'number';
}

/** Of a format code (18.8.31), such as `yyyy\-mm\-dd hh:mm`; its first section counts. */
export function styleOf(code: string): CellStyle {
  const isElapsed = /\[(?:h+|m+|s+)\]/i.test(code);
  const letters = code
    .replace(/"[^"]*"|\\.|_.|\*./g, '')
    .replace(/\[[^\]]*\]/g, '')
    .replace(/;.*$/s, '')
    .replace(/general/gi, '')
    .replace(/am\/pm|a\/p/gi, 'h');
  if (isElapsed) {
    return 'elapsed time';
  }
  const hasTime = /[hs]/i.test(letters);
  const hasDate = /[yd]/i.test(letters) || (!hasTime && /m/i.test(letters));
  if (hasDate) {
    return hasTime ? 'date and time' : 'date';
  }
  return hasTime ? 'time' : 'number';
}

const dayMilliseconds = 86_400_000;
const from1900 = Date.UTC(1899, 11, 31);
const from1904 = Date.UTC(1904, 0, 1);
/** Excel takes 1900 for a leap year: from this number on, days are one too many (18.17.4.1). */
const leapDay = 60;

/**
 * A number of days as ISO 8601, or undefined where it is no date. Milliseconds are as exact as what Excel counts in.
 * What a format hides is not lost: a date with a time of day has it, whatever the format shows.
 */
export function serialText(serial: number, style: CellStyle, isFrom1904: boolean): string | undefined {
  const milliseconds = Math.round(serial * dayMilliseconds);
  if (!(milliseconds >= 0)) {
    return undefined;
  }
  if (style === 'elapsed time') {
    const hours = Math.floor(milliseconds / 3_600_000);
    return `${`${hours}`.padStart(2, '0')}${isoOf(milliseconds % 3_600_000)?.slice('1970-01-01T00'.length)}`;
  }
  if (style === 'time' && milliseconds < dayMilliseconds) {
    return isoOf(milliseconds)?.slice('1970-01-01T'.length);
  }
  const offset = isFrom1904 ? from1904 : from1900 - (serial >= leapDay ? dayMilliseconds : 0);
  const text = isoOf(offset + milliseconds);
  return style === 'date' && milliseconds % dayMilliseconds === 0 ? text?.slice(0, '1970-01-01'.length) : text;
}

function isoOf(milliseconds: number): string | undefined {
  const date = new Date(milliseconds);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString().replace(/(?:\.000)?Z$/, '');
}
