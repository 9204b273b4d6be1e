import { AdpError, isConflict } from '../errors.ts';

/** Small states by key that all instances share; in Azure, rows of a table. */
export interface StateStore<T> {
  read(key: string): Promise<StoredState<T> | undefined>;
  /** Writes if nothing else was written since. @throws AdpError `CONFLICT` otherwise */
  write(key: string, state: T, before: StoredState<T> | undefined): Promise<void>;
}

export interface StoredState<T> {
  readonly state: T;
  readonly etag: string;
}

const maxAttempts = 20;

/**
 * Changes a shared state, again and again until nobody was faster.
 * @param change answers the new state, or undefined to leave it, and what the caller wants to know
 * @throws AdpError NETWORK_ERROR (retry) where others were always faster
 */
export async function changeState<T, R>(
  store: StateStore<T>,
  key: string,
  change: (state: T | undefined) => { readonly next: T | undefined; readonly result: R },
): Promise<R> {
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const stored = await store.read(key);
    const { next, result } = change(stored?.state);
    if (next === undefined) return result;
    try {
      await store.write(key, next, stored);
      return result;
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
  }
  throw new AdpError('NETWORK_ERROR', 'Too many writers at once; try again.');
}
