import type { Clock } from './clock.ts';

/** What was read a short while ago, so that a hot path doesn't ask the store each time. */
export interface Cache<Value> {
  /** Callers that ask at once share one load. A load that fails isn't kept. */
  get(key: string): Promise<Value>;
  /** Forgets a key that this instance has just changed; a load that is under way isn't kept either. */
  forget(key: string): void;
}

export interface CacheOptions<Value> {
  readonly load: (key: string) => Promise<Value>;
  /** How long another instance's change may go unseen. */
  readonly ttlMs: number;
  /** Entries kept; the oldest goes first. */
  readonly max: number;
  readonly clock: Clock;
  /** Which values are worth keeping; by default all of them. */
  readonly keep?: (value: Value) => boolean;
}

export function createCache<Value>({ load, ttlMs, max, clock, keep }: CacheOptions<Value>): Cache<Value> {
  const entries = new Map<string, { readonly value: Promise<Value>; readonly until: number }>();

  const fill = (key: string): Promise<Value> => {
    const entry = { value: load(key), until: clock() + ttlMs };
    entries.delete(key);
    entries.set(key, entry);
    for (const oldest of entries.keys()) {
      if (entries.size <= max) break;
      entries.delete(oldest);
    }
    const drop = () => {
      if (entries.get(key) === entry) entries.delete(key);
    };
    entry.value.then((value) => {
      if (keep !== undefined && !keep(value)) drop();
    }, drop);
    return entry.value;
  };

  return {
    get(key) {
      const entry = entries.get(key);
      const now = clock();
      // A clock that was set back must not make an entry live longer than its time.
      if (entry !== undefined && now < entry.until && now >= entry.until - ttlMs) return entry.value;
      return fill(key);
    },
    forget(key) {
      entries.delete(key);
    },
  };
}
