/** What time it is, in milliseconds since 1970. Handed in, so that tests decide it. */
export type Clock = () => number;

/** That many random bytes, good enough for secrets. Handed in for the same reason. */
export type Random = (size: number) => Uint8Array;

/** Milliseconds since 1970 as RFC 3339 in UTC, to the millisecond. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString();
}
