/** The longest that an API may keep us away; its clock or ours may be wrong. */
export const longestPauseMs = 60 * 60_000;

/**
 * `Retry-After` in milliseconds: seconds or a date (RFC 9110, section 10.2.3). A date counts from the answer's own
 * `Date`, so that clocks need not agree.
 */
export function retryAfterMs(headers: Headers, now: number): number | undefined {
  const text = headers.get('retry-after')?.trim() ?? '';
  if (/^\d+(?:\.\d+)?$/.test(text)) return Math.min(longestPauseMs, Math.ceil(Number(text) * 1_000));
  const until = dateOf(text);
  if (until === undefined) return undefined;
  return Math.min(longestPauseMs, Math.max(0, until - (dateOf(headers.get('date') ?? '') ?? now)));
}

/** Only dates with a zone: `Date.parse` takes nearly anything. */
function dateOf(text: string): number | undefined {
  const time = /^[A-Z][a-z]{2,8}, .*\d{2}:\d{2}:\d{2} (?:GMT|UTC|[+-]\d{4})$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}
