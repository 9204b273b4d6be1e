import { timingSafeEqual } from 'node:crypto';
import { createCache } from '../cache.ts';
import type { Clock } from '../clock.ts';
import { AdpError } from '../errors.ts';
import { describeError, type Log } from '../telemetry/log.ts';
import { type Caller, callerOf } from './caller.ts';
import type { Keys } from './keys.ts';
import { hashOfKey, keyIdOf } from './keyText.ts';

/** Finds out who is calling. */
export interface Authenticator {
  /**
   * By `x-api-key` or `Authorization: Bearer`.
   * @throws AdpError `AUTH_FAILED` for no key, an unknown or an expired one; the message doesn't say which of these
   */
  caller(headers: { get(name: string): string | null }): Promise<Caller>;
  /** A key was deleted by this instance: it ends at once here, within 15 s elsewhere. */
  forget(keyId: string): void;
}

export interface AuthenticatorOptions {
  readonly keys: Keys;
  /** SHA-256 in hex of the key that may create the others. */
  readonly adminKeyHash: string;
  readonly clock: Clock;
  readonly log: Log;
}

const cacheMs = 15_000;
const touchMs = 5 * 60_000;
/** Cached by id, not by what was shown: guesses at a secret cost no look-up, and guesses at ids push out no more than this. */
const maxCached = 5_000;

export function createAuthenticator({ keys, adminKeyHash, clock, log }: AuthenticatorOptions): Authenticator {
  const found = createCache({ load: (id) => keys.find(id), ttlMs: cacheMs, max: maxCached, clock });
  const touched = new Map<string, number>();
  const firstAdmin = callerOf('first-admin', ['admin']);

  /** Not awaited: when a key was last used is never worth a caller's time. */
  const touch = (id: string, lastUsed: string | undefined) => {
    const now = clock();
    const before = Math.max(touched.get(id) ?? 0, lastUsed === undefined ? 0 : Date.parse(lastUsed));
    if (now - before < touchMs) return;
    if (touched.size >= maxCached) touched.clear();
    touched.set(id, now);
    keys.touch(id).catch((error: unknown) => {
      log.warn('Could not note when a key was last used.', { key_id: id, error: describeError(error) });
    });
  };

  return {
    async caller(headers) {
      const shown = shownKey(headers);
      if (shown === undefined) {
        throw new AdpError('AUTH_FAILED', 'Send an API key as x-api-key or as Authorization: Bearer.');
      }
      const hash = hashOfKey(shown);
      if (same(hash, adminKeyHash)) return firstAdmin;
      const id = keyIdOf(shown);
      const key = id === undefined ? undefined : await found.get(id);
      if (key === undefined || !same(hash, key.hash)) throw refused();
      if (key.expires_at !== undefined && Date.parse(key.expires_at) <= clock()) throw refused();
      touch(key.id, key.last_used_at);
      return callerOf(key.id, key.scopes);
    },
    forget: (keyId) => found.forget(keyId),
  };
}

function refused(): AdpError {
  return new AdpError('AUTH_FAILED', 'The API key is not valid: it is unknown, was deleted or has expired.');
}

function shownKey(headers: { get(name: string): string | null }): string | undefined {
  const plain = headers.get('x-api-key')?.trim();
  if (plain !== undefined && plain !== '') return plain;
  const bearer = /^bearer +(\S+) *$/i.exec(headers.get('authorization') ?? '');
  return bearer?.[1];
}

/** In constant time. Both are SHA-256 in hex, so of one length. */
function same(hash: string, other: string): boolean {
  const a = Buffer.from(hash);
  const b = Buffer.from(other);
  return a.length === b.length && timingSafeEqual(a, b);
}
