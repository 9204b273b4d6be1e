import { longestPauseMs, retryAfterMs } from './retryAfter.ts';

/** Seconds since 1970 are larger than any number of seconds to wait, milliseconds larger than these. */
const firstEpochSecond = 1_000_000_000;
const firstEpochMillisecond = 1_000_000_000_000;

/**
 * For how many milliseconds an answer asks to be left alone, data or not; undefined where it says nothing of that.
 * Retry-After comes first; without it the longest counts of what `RateLimit` (as structured field and as the older drafts
 * wrote it) and the `RateLimit-…` and `X-RateLimit-…` families say, whose reset is in seconds or a time since 1970.
 */
export function askedPauseMs(headers: Headers, nowMs: number): number | undefined {
  const told = retryAfterMs(headers, nowMs);
  if (told !== undefined) return told;
  const spentFor = [structured(headers.get('ratelimit')), ...families.map((family) => spent(headers, family, nowMs))];
  const longest = Math.max(0, ...spentFor.filter((pause) => pause !== undefined));
  return longest === 0 ? undefined : Math.min(longest, longestPauseMs);
}

const families = ['ratelimit-', 'x-ratelimit-', 'x-rate-limit-'] as const;

/** `"default";r=0;t=30`, several parted by commas; or `limit=100, remaining=0, reset=30`. */
function structured(value: string | null): number | undefined {
  if (value === null) return undefined;
  const old = /\bremaining\s*=\s*0\b.*\breset\s*=\s*(\d+)/i.exec(value)?.[1];
  if (old !== undefined) return seconds(old);
  const resets = value
    .replaceAll(/"(?:[^"\\]|\\.)*"/g, '')
    .split(',')
    .filter((policy) => /;\s*r=0\b/.test(policy))
    .map((policy) => seconds(/;\s*t=(\d+)/.exec(policy)?.[1]) ?? 0);
  const longest = Math.max(0, ...resets);
  return longest > 0 ? longest : undefined;
}

function spent(headers: Headers, family: string, nowMs: number): number | undefined {
  const remaining = headers.get(`${family}remaining`);
  const reset = headers.get(`${family}reset`);
  if (remaining === null || reset === null || !/^\s*0+(?:\.0+)?\s*(?:$|[,;])/.test(remaining)) return undefined;
  const number = Number.parseFloat(reset);
  const at = Number.isNaN(number) || reset.includes('-') ? Date.parse(reset) : number;
  if (Number.isNaN(at)) return undefined;
  const pause = at >= firstEpochMillisecond ? at - nowMs : at >= firstEpochSecond ? at * 1_000 - nowMs : at * 1_000;
  return pause > 0 ? pause : undefined;
}

function seconds(text: string | undefined): number | undefined {
  const value = Number(text) * 1_000;
  return value > 0 ? value : undefined;
}
