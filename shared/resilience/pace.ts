import type { Clock } from '../clock.ts';
import { changeState, type StateStore } from './sharedState.ts';

/** Until when, in milliseconds since 1970, what was read already is paid for at the allowed rate. */
export interface Pace {
  readonly busyUntil: number;
}

/** What rows, or a clock that was wrong, may cost at most. */
const longestMs = 60 * 60_000;
/** By so much clocks of instances may differ. */
const usualSkewMs = 60_000;

/** Milliseconds until the next page may be read. */
export async function paceWaitMs(key: string, store: StateStore<Pace>, clock: Clock): Promise<number> {
  const stored = await store.read(key);
  const now = clock();
  return busyMs(stored?.state, now);
}

/** Notes that rows were read: the next page waits for as long as they take at that rate. */
export async function notePace(
  key: string,
  rows: number,
  rowsPerSecond: number,
  store: StateStore<Pace>,
  clock: Clock,
): Promise<void> {
  if (rows === 0) return;
  await changeState(store, key, (before) => {
    const now = clock();
    const ms = busyMs(before, now) + (rows / rowsPerSecond) * 1_000;
    return { next: { busyUntil: now + Math.min(longestMs, ms) }, result: undefined };
  });
}

function busyMs(pace: Pace | undefined, now: number): number {
  const ms = (pace?.busyUntil ?? now) - now;
  return ms > longestMs + usualSkewMs ? 0 : Math.max(0, ms);
}
