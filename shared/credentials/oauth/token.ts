import type { GivenToken } from './requestToken.ts';
import type { Token } from './tokenCache.ts';

/** Taken for granted where an endpoint doesn't say how long its tokens last. A 401 says the rest. */
const usualLifeMs = 60 * 60_000;

/** @param askedAt when it was asked for, which is before its life began */
export function tokenOf({ accessToken, lifeMs }: GivenToken, askedAt: number): Token {
  return { value: accessToken, since: askedAt, until: askedAt + (lifeMs ?? usualLifeMs) };
}
