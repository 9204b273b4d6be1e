import type { Tools } from '../connector.ts';

export type TimeZone = ReturnType<Tools['timeZone']>;

const day = 86_400_000;

/**
 * The lowest local time of whatever was dated within so many milliseconds before a local time: in the spring, when clocks
 * skip an hour, that hour lies between.
 */
export function backFrom(zone: TimeZone, local: number, ms: number): number {
  return Math.min(local - ms, zone.toLocal(zone.toUtc(local) - ms));
}

/**
 * When clocks go back, an hour of local times comes twice. For a local time within such an hour (or at its very end): the
 * time at which the hour begins. Else the time itself. Local times are milliseconds, as if their clock were UTC.
 *
 * This is how far down a row may be dated that is written after one with the given local time: the clock that dates rows
 * only ever goes on, but for that one jump, which ends where the hour begins.
 */
export function beforeFold(zone: TimeZone, local: number): number {
  const offsetAt = (utc: number) => zone.toLocal(utc) - utc;
  let early = local - day;
  let late = local + day;
  const before = offsetAt(early);
  const after = offsetAt(late);
  if (before <= after) return local;
  while (late - early > 1) {
    const middle = Math.floor((early + late) / 2);
    if (offsetAt(middle) === before) early = middle;
    else late = middle;
  }
  const begins = late + after;
  const ends = late + before;
  return local > begins && local <= ends ? begins : local;
}
