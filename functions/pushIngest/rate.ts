import type { App } from '../../shared/app.ts';
import type { Taken } from '../../shared/resilience/rateLimit.ts';
import { rateLimitHeaders } from '../../shared/resilience/rateLimitHeaders.ts';
import { fail, retryAfterText } from '../http/problem.ts';

/** Takes a token of the dealer's. Answers what to tell the client of it. @throws 429 where there is none */
export async function limitRate(app: App, dealerId: string): Promise<Readonly<Record<string, string>>> {
  const taken: Taken = await app.pushRate.take(dealerId, 1);
  const headers = rateLimitHeaders(taken);
  if (taken.allowed) return headers;
  const detail = `Too many requests for this dealer: at most ${taken.limit} a minute.`;
  return fail(429, 'RATE_LIMITED', detail, {}, { ...headers, 'retry-after': retryAfterText(taken.retryAfterMs) });
}
