import { AdpError } from '../errors.ts';

/** Civil time of one IANA zone. Times are milliseconds since 1970; a local one is counted as if its clock were UTC. */
export interface TimeZone {
  /**
   * A local time as UTC, "compatible" as in Temporal (ECMA-262 proposal, `disambiguation`): in the overlap of an autumn
   * night the first occurrence, in the gap of a spring night shifted forward by the gap.
   */
  toUtc(local: number): number;
  toLocal(utc: number): number;
}

const hour = 3_600_000;
const day = 24 * hour;
/** Days a zone remembers: half a century, and a bound where dates are garbage. */
const maxDays = 20_000;

/** True for a name of the IANA time zone database. Offsets such as `+02:00` are no zones: they know no summer. */
export function isTimeZone(text: string): boolean {
  if (!/^[A-Za-z]/.test(text)) return false;
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: text });
    return true;
  } catch {
    return false;
  }
}

/** The zone of that name. @throws AdpError CONFIG_ERROR (park) where there is none */
export function timeZone(name: string): TimeZone {
  if (!isTimeZone(name)) throw new AdpError('CONFIG_ERROR', `There is no time zone "${name}"; take an IANA name.`);
  let zone = zones.get(name);
  if (zone === undefined) {
    zone = name === 'UTC' ? utcZone : zoneBy(offsetsOf(name));
    zones.set(name, zone);
  }
  return zone;
}

/** By how many milliseconds a zone's clocks are set back within a day from then; below 0: forward. */
export function setBackAfter(zone: TimeZone, utc: number): number {
  return zone.toLocal(utc) + day - zone.toLocal(utc + day);
}

/** The same zone, but that a local time which comes twice, in the overlap of an autumn night, means the second one. */
export function lastOccurrences(zone: TimeZone): TimeZone {
  return {
    toLocal: zone.toLocal,
    toUtc(local) {
      const first = zone.toUtc(local);
      const second = first + setBackAfter(zone, first);
      return second > first && zone.toLocal(second) === local ? second : first;
    },
  };
}

const zones = new Map<string, TimeZone>();
/** The zone in which every clock shows UTC. */
export const utcZone: TimeZone = { toUtc: (local) => local, toLocal: (utc) => utc };

type OffsetAt = (utc: number) => number;

function zoneBy(offsetAt: OffsetAt): TimeZone {
  return {
    toLocal: (utc) => utc + offsetAt(utc),
    toUtc(local) {
      // No offset reaches a day, so that a change near this time lies between these two.
      const before = offsetAt(local - day);
      const after = offsetAt(local + day);
      const early = local - before;
      if (before === after || offsetAt(early) === before) return early;
      const late = local - after;
      return offsetAt(late) === after ? late : early;
    },
  };
}

/** One UTC day of a zone: one offset, or two with a change between. */
interface Day {
  readonly before: number;
  readonly changesAt: number;
  readonly after: number;
}

/** The zone's offset at any UTC time. Intl is slow, offsets change twice a year: a day is looked up once. */
function offsetsOf(name: string): OffsetAt {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' });
  const offsetAt: OffsetAt = (utc) => offsetOf(format.formatToParts(utc));
  const days = new Map<number, Day>();
  return (utc) => {
    const number = Math.floor(utc / day);
    let found = days.get(number);
    if (found === undefined) {
      found = dayOf(number * day, offsetAt);
      if (days.size >= maxDays) days.clear();
      days.set(number, found);
    }
    return utc < found.changesAt ? found.before : found.after;
  };
}

function dayOf(start: number, offsetAt: OffsetAt): Day {
  const before = offsetAt(start);
  const after = offsetAt(start + day);
  let low = start;
  let high = start + day;
  while (before !== after && high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(middle) === before) low = middle;
    else high = middle;
  }
  return { before, changesAt: high, after };
}

/** Reads `GMT`, `GMT-05:00` or, before standard time, `GMT-04:56:02`. */
function offsetOf(parts: readonly Intl.DateTimeFormatPart[]): number {
  const text = parts.find((part) => part.type === 'timeZoneName')?.value ?? '';
  const match = /^GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(text);
  if (match === null) throw new AdpError('INTERNAL', `An offset of the time zone database reads "${text}".`);
  const [, sign, hours = '0', minutes = '0', seconds = '0'] = match;
  const size = Number(hours) * hour + Number(minutes) * 60_000 + Number(seconds) * 1000;
  return sign === '-' ? -size : size;
}
