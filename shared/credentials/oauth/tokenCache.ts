import type { Clock } from '../../clock.ts';
import { isRetryable } from '../../errors.ts';

/** An access token as this instance has it. */
export interface Token {
  readonly value: string;
  /** When it was given to us, and until when it is good; milliseconds since 1970. */
  readonly since: number;
  readonly until: number;
}

/** How a token is had. @param refused one that the API did not take */
export type Obtain = (refused: string | undefined) => Promise<Token>;

/** `isNew`: it was given out during the call, and not to another instance before. */
export interface Obtained {
  readonly token: Token;
  readonly isNew: boolean;
}

/** Access tokens of this instance. They are in memory only. */
export interface TokenCache {
  /**
   * The token of that key: the one at hand, or another one where it runs out soon.
   * Who asks at once shares one request.
   * @throws what `obtain` throws; the reason of `signal` where that aborts, which ends the waiting but not the request
   */
  get(key: string, obtain: Obtain, signal: AbortSignal): Promise<Obtained>;
  /** Another token than the one that was refused. Throws as `get`. */
  renew(key: string, refused: string, obtain: Obtain, signal: AbortSignal): Promise<Obtained>;
}

/** Renewed so much ahead, or a tenth of its life where that is less. */
const aheadMs = 60_000;
const maxTokens = 5_000;

export function createTokenCache(clock: Clock): TokenCache {
  const tokens = new Map<string, Token>();
  const underWay = new Map<string, Promise<Token>>();

  const keep = (key: string, token: Token) => {
    tokens.delete(key);
    tokens.set(key, token);
    for (const oldest of tokens.keys()) {
      if (tokens.size <= maxTokens) break;
      tokens.delete(oldest);
    }
  };
  const load = (key: string, obtain: Obtain, refused: string | undefined): Promise<Token> => {
    const known = underWay.get(key);
    if (known !== undefined) return known;
    const loading = obtain(refused)
      .then((token) => {
        keep(key, token);
        return token;
      })
      .finally(() => underWay.delete(key));
    underWay.set(key, loading);
    return loading;
  };

  return {
    async get(key, obtain, signal) {
      const token = tokens.get(key);
      const now = clock();
      if (token !== undefined && isFresh(token, now)) return { token, isNew: false };
      try {
        const obtained = await orAbort(load(key, obtain, undefined), signal);
        return { token: obtained, isNew: obtained.since >= now };
      } catch (error) {
        // It runs out soon, but not yet: an endpoint that is down for a moment need not stop anyone.
        if (token !== undefined && now < token.until && !signal.aborted && isRetryable(error)) {
          return { token, isNew: false };
        }
        throw error;
      }
    },
    async renew(key, refused, obtain, signal) {
      const token = tokens.get(key);
      if (token !== undefined && token.value !== refused) return { token, isNew: false };
      const now = clock();
      tokens.delete(key);
      const obtained = await orAbort(load(key, obtain, refused), signal);
      return { token: obtained, isNew: obtained.since >= now };
    },
  };
}

/** True as long as it needs no renewal. A clock that was set back makes it stale: it then knows too little. */
export function isFresh({ since, until }: Token, now: number): boolean {
  return now >= since && now < until - Math.min(aheadMs, (until - since) / 10);
}

function orAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  // Whoever has left doesn't hear how it ended.
  work.catch(() => {});
  return Promise.race([work, aborted.promise]).finally(() => signal.removeEventListener('abort', abort));
}
