const day = 86_400n;

/** A date as ISO 8601, from its days since 1970-01-01. */
export function dateText(days: number): string {
  return isoSeconds(BigInt(days) * day).slice(0, -'T00:00:00'.length);
}

/**
 * A moment as ISO 8601 with as many fraction digits as it needs.
 * @param count of units since 1970-01-01T00:00:00
 * @param digits of a second that a unit is: 0, 3, 6 or 9
 * @param isUtc whether it is UTC, and ends in `Z`; else it is a local time of a zone that the file doesn't name
 */
export function timestampText(count: bigint, digits: number, isUtc: boolean): string {
  const { seconds, fraction } = split(count, digits);
  return `${isoSeconds(seconds)}${fraction}${isUtc ? 'Z' : ''}`;
}

/** A time of day as ISO 8601, from its units since midnight. */
export function timeText(count: bigint, digits: number): string {
  const { seconds, fraction } = split(count, digits);
  return `${isoSeconds(seconds).slice(-'00:00:00'.length)}${fraction}`;
}

/** A span of time as ISO 8601: months, days and nanoseconds don't add up to one another. */
export function durationText(months: number, days: number, nanoseconds: bigint): string {
  const { seconds, fraction } = split(nanoseconds, 9);
  return `P${months}M${days}DT${seconds}${fraction}S`;
}

function split(count: bigint, digits: number): { seconds: bigint; fraction: string } {
  const perSecond = 10n ** BigInt(digits);
  const rest = ((count % perSecond) + perSecond) % perSecond;
  const fraction = rest === 0n ? '' : `.${`${rest}`.padStart(digits, '0').replace(/0+$/, '')}`;
  return { seconds: (count - rest) / perSecond, fraction };
}

/** Beyond what a Date can hold there are no dates, only marks such as infinity: these stay numbers. */
function isoSeconds(seconds: bigint): string {
  const date = new Date(Number(seconds) * 1_000);
  return Number.isNaN(date.getTime()) ? `${seconds}T00:00:00` : date.toISOString().replace('.000Z', '');
}
