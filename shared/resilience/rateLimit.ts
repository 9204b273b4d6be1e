import type { Clock } from '../clock.ts';
import { changeState, type StateStore } from './sharedState.ts';

/** How much is allowed: tokens a minute, and how many may be used at once after a pause. */
export interface Rate {
  readonly perMinute: number;
  readonly burst: number;
}

/** What is there of a key's tokens, for all instances. */
export interface Bucket {
  readonly tokens: number;
  /** When `tokens` was true, in milliseconds since 1970. */
  readonly at: number;
}

export interface Taken {
  readonly allowed: boolean;
  /** Tokens a minute. */
  readonly limit: number;
  /** Tokens that are left, as far as this instance knows. */
  readonly remaining: number;
  /** Seconds until the bucket is full again. */
  readonly resetSeconds: number;
  /** Of a refusal: when the tokens will be there. 0 otherwise. */
  readonly retryAfterMs: number;
}

/**
 * A token bucket a key, shared by all instances: what an instance needs it takes out of the store in slices of about a
 * second's worth, and spends alone.
 *
 * All instances together never spend more than `burst + perMinute · minutes` from a bucket's beginning on. Within any
 * other stretch of time it is that and what they had taken before it: at most a slice an instance, and a slice that isn't
 * spent within five seconds lapses.
 *
 * A clock that goes back gives no tokens and takes none; clocks of instances should agree within a minute. A store that
 * fails lets everything pass: a limit protects us, and must not be what stops a dealer.
 */
export interface RateLimit {
  /** `count` is at most `burst`. */
  take(key: string, count: number): Promise<Taken>;
}

export interface RateLimitOptions {
  readonly rate: Rate;
  readonly store: StateStore<Bucket>;
  readonly clock: Clock;
  /** Told of a store that fails. */
  readonly onFailure: (error: unknown) => void;
}

/** What an instance holds of a key. */
interface Slice {
  /** Taken out of the store and not spent. */
  tokens: number;
  takenAt: number;
  /** The bucket as this instance last saw it. */
  seen: Bucket;
}

const sliceLifeMs = 5_000;
/** A bucket from further ahead comes from a clock that was wrong; to wait for it would lock its dealer out. */
const maxAheadMs = 60_000;
const maxKeys = 10_000;

export function createRateLimit({ rate, store, clock, onFailure }: RateLimitOptions): RateLimit {
  const perMs = rate.perMinute / 60_000;
  const sliceSize = Math.max(1, Math.min(Math.floor(rate.perMinute / 60), Math.floor(rate.burst / 10)));
  const slices = new Map<string, Slice>();
  const turns = new Map<string, Promise<unknown>>();

  const refilled = ({ tokens, at }: Bucket, now: number): Bucket => {
    if (at > now + maxAheadMs) return { tokens, at: now };
    const elapsed = Math.max(0, now - at);
    return { tokens: Math.min(rate.burst, tokens + elapsed * perMs), at: Math.max(at, now) };
  };

  /** Takes at least `count` tokens out of the store, if they are there; less than a slice where there is less. */
  const refill = (key: string, count: number): Promise<Slice> =>
    changeState(store, key, (stored) => {
      const now = clock();
      const bucket = stored === undefined ? { tokens: rate.burst, at: now } : refilled(stored, now);
      const wanted = Math.max(count, sliceSize);
      const tokens = bucket.tokens >= count ? Math.min(wanted, Math.floor(bucket.tokens)) : 0;
      const left = { tokens: bucket.tokens - tokens, at: bucket.at };
      // Nothing to take is nothing to write, unless a wrong clock's time has to be set right.
      const isRight = stored === undefined || stored.at <= left.at;
      return { next: tokens === 0 && isRight ? undefined : left, result: { tokens, takenAt: now, seen: left } };
    });

  const answer = (allowed: boolean, slice: Slice, count: number): Taken => {
    const now = clock();
    const bucket = refilled(slice.seen, now);
    const there = Math.min(rate.burst, bucket.tokens + slice.tokens);
    return {
      allowed,
      limit: rate.perMinute,
      remaining: Math.max(0, Math.floor(there)),
      resetSeconds: Math.ceil((rate.burst - there) / perMs / 1_000),
      retryAfterMs: allowed ? 0 : Math.max(1, Math.ceil((count - bucket.tokens) / perMs + bucket.at - now)),
    };
  };

  const spend = async (key: string, count: number): Promise<Taken> => {
    const now = clock();
    let slice = slices.get(key);
    const isFresh = slice !== undefined && now - slice.takenAt < sliceLifeMs && now >= slice.takenAt;
    if (slice === undefined || !isFresh || slice.tokens < count) {
      // What is known to be empty isn't asked again: only time fills it.
      const isEmpty = isFresh && slice !== undefined && refilled(slice.seen, now).tokens < count;
      if (slice === undefined || !isEmpty) slice = await refill(key, count);
      if (slices.size >= maxKeys) slices.clear();
      slices.set(key, slice);
    }
    const allowed = slice.tokens >= count;
    if (allowed) slice.tokens -= count;
    return answer(allowed, slice, count);
  };

  /** One at a time a key: callers that come together share a slice instead of racing for the store. */
  const inTurn = (key: string, work: () => Promise<Taken>): Promise<Taken> => {
    const mine = (turns.get(key) ?? Promise.resolve()).then(work, work);
    turns.set(key, mine);
    const done = () => {
      if (turns.get(key) === mine) turns.delete(key);
    };
    mine.then(done, done);
    return mine;
  };

  return {
    async take(key, count) {
      try {
        return await inTurn(key, () => spend(key, count));
      } catch (error) {
        onFailure(error);
        return { allowed: true, limit: rate.perMinute, remaining: rate.burst, resetSeconds: 0, retryAfterMs: 0 };
      }
    },
  };
}
