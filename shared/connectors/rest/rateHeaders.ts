/** How long an API may ask for at most. */
const maxPauseMs = 3_600_000;
/** Seconds since 1970 are larger than any number of seconds to wait, milliseconds larger than these. */
const firstEpochSecond = 1_000_000_000;
const firstEpochMillisecond = 1_000_000_000_000;

/**
 * For how many milliseconds an answer asks to be left alone, though it was one; undefined where it doesn't. Read are
 * Retry-After, `RateLimit` (as structured field and as the older drafts wrote it), and the `RateLimit-…` and
 * `X-RateLimit-…` families, whose reset is in seconds or a time since 1970.
 */
export function pauseOf(headers: Headers, nowMs: number): number | undefined {
  const pauses = [
    retryAfter(headers.get('retry-after'), nowMs),
    structured(headers.get('ratelimit')),
    ...families.map((family) => spent(headers, family, nowMs)),
  ].filter((pause) => pause !== undefined);
  return pauses.length === 0 ? undefined : Math.min(Math.max(...pauses), maxPauseMs);
}

/** What the headers say of the API's limits, for people. */
export function describeLimits(headers: Headers): string | undefined {
  const told = [
    'ratelimit-policy',
    'ratelimit',
    ...families.flatMap((family) => limitParts.map((part) => family + part)),
  ]
    .map((name) => [name, headers.get(name)] as const)
    .filter(([, value]) => value !== null);
  return told.length === 0 ? undefined : told.map(([name, value]) => `${name}: ${value}`.slice(0, 200)).join('; ');
}

const families = ['ratelimit-', 'x-ratelimit-', 'x-rate-limit-'] as const;
const limitParts = ['limit', 'remaining', 'reset'] as const;

function retryAfter(value: string | null, nowMs: number): number | undefined {
  if (value === null) return undefined;
  const pause = /^\s*\d+\s*$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - nowMs;
  return pause > 0 ? pause : undefined;
}

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
