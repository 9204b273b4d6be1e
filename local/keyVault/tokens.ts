import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../shared/clock.ts';

/**
 * Access tokens of the app's identity for the vault. Each proves itself, so that a client's cached one outlives a
 * restart of the server, as it would in Azure.
 */
export interface Tokens {
  issue(resource: string): IssuedToken;
  /** Whether a token was issued here, for this resource, and is still valid. */
  accepts(token: string, resource: string): boolean;
}

export interface IssuedToken {
  readonly text: string;
  /** Seconds since 1970. */
  readonly expiresOn: number;
}

/** As long as a managed identity's. */
const lifetimeSeconds = 24 * 60 * 60;

/** @param secret only who knows it can issue tokens */
export function createTokens(secret: string, clock: Clock): Tokens {
  const seconds = () => Math.floor(clock() / 1000);
  const seal = (resource: string, expiresOn: number) =>
    createHmac('sha256', secret).update(`${expiresOn} ${resource}`).digest('base64url');
  return {
    issue: (resource) => {
      const expiresOn = seconds() + lifetimeSeconds;
      return { text: `${expiresOn}.${seal(resource, expiresOn)}`, expiresOn };
    },
    accepts: (token, resource) => {
      const [expiresOn = '', given = ''] = token.split('.');
      if (!/^\d{1,12}$/.test(expiresOn) || Number(expiresOn) <= seconds()) return false;
      return isSame(given, seal(resource, Number(expiresOn)));
    },
  };
}

export function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
