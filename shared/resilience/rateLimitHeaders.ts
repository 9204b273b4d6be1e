import type { Taken } from './rateLimit.ts';

/**
 * `RateLimit-Policy` and `RateLimit` as structured fields (RFC 9651), after the IETF draft
 * draft-ietf-httpapi-ratelimit-headers: `q` tokens in `w` seconds; `r` are left, `t` seconds until all are there again.
 */
export function rateLimitHeaders({ limit, remaining, resetSeconds }: Taken): Readonly<Record<string, string>> {
  return {
    'ratelimit-policy': `"push";q=${Math.floor(limit)};w=60`,
    ratelimit: `"push";r=${remaining};t=${resetSeconds}`,
  };
}
