import type { Clock } from '../clock.ts';
import { changeState, type StateStore } from './sharedState.ts';

/** Until when, in milliseconds since 1970, what was read already is paid for at the allowed rate. */
export interface Pace {
  readonly busyUntil: number;
}

/** What a clock that was wrong may cost at most. */
const maxAheadMs = 10 * 60_000;

/** Milliseconds until the next page may be read. */
export async function paceWaitMs(key: string, store: StateStore<Pace>, clock: Clock): Promise<number> {
  const stored = await store.read(key);
  const now = clock();
  const busyUntil = stored?.state.busyUntil ?? now;
  return busyUntil > now + maxAheadMs ? 0 : Math.max(0, busyUntil - now);
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
    const from = before === undefined || before.busyUntil > now + maxAheadMs ? now : Math.max(now, before.busyUntil);
    return { next: { busyUntil: from + (rows / rowsPerSecond) * 1_000 }, result: undefined };
  });
}
