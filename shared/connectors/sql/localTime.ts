const day = 86_400_000;

/** Milliseconds east of UTC at a moment. */
function offsetAt(zone: string, utc: number): number {
  const parts = formatOf(zone).formatToParts(utc);
  const text = parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const match = /([+-])(\d\d):(\d\d)(?::(\d\d))?/.exec(text);
  if (match === null) return 0;
  const [, sign, hours, minutes, seconds = '0'] = match;
  const size = Number(hours) * 3_600_000 + Number(minutes) * 60_000 + Number(seconds) * 1_000;
  return sign === '-' ? -size : size;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
  formats.set(zone, format);
  return format;
}

/** What a wall clock in the zone shows, as if it were UTC. */
export function toLocal(zone: string, utc: number): number {
  return utc + offsetAt(zone, utc);
}

/**
 * When clocks go back, an hour of local times comes twice. For a local time within such an hour (or at its very end): the
 * time at which the hour begins. Else the time itself.
 *
 * This is how far down a row may be dated that is written after one with the given local time: the clock that dates rows
 * only ever goes on, but for that one jump, which ends where the hour begins.
 */
export function beforeFold(zone: string, local: number): number {
  let early = local - day;
  let late = local + day;
  const before = offsetAt(zone, early);
  const after = offsetAt(zone, late);
  if (before <= after) return local;
  while (late - early > 1) {
    const middle = Math.floor((early + late) / 2);
    if (offsetAt(zone, middle) === before) early = middle;
    else late = middle;
  }
  const begins = late + after;
  const ends = late + before;
  return local > begins && local <= ends ? begins : local;
}
