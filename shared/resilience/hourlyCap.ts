import type { Clock } from '../clock.ts';
import { changeState, type StateStore } from './sharedState.ts';

/** Calls of the last hour: how many in each minute since 1970, for minutes that had any. */
export type MinuteCounts = Readonly<Record<string, number>>;

const minuteMs = 60_000;

/**
 * Counts a call against a cap of calls an hour: of any sixty minutes, however they lie, not just of those of the clock.
 * @returns 0 where it may be made, else the milliseconds until it may
 */
export async function takeOfHour(
  key: string,
  perHour: number,
  store: StateStore<MinuteCounts>,
  clock: Clock,
): Promise<number> {
  return await changeState(store, key, (before) => {
    const now = clock();
    const counts = recentOf(before, now);
    const result = waitOf(counts, perHour, now);
    if (result > 0) return { next: undefined, result };
    const minute = Math.floor(now / minuteMs);
    return { next: { ...counts, [minute]: (counts[minute] ?? 0) + 1 }, result };
  });
}

/** The same without counting: for who needs several caps to allow a call. */
export async function hourWaitMs(
  key: string,
  perHour: number,
  store: StateStore<MinuteCounts>,
  clock: Clock,
): Promise<number> {
  const now = clock();
  return waitOf(recentOf((await store.read(key))?.state, now), perHour, now);
}

/** The minute that is an hour old still counts: part of it is within the last sixty minutes. */
function recentOf(counts: MinuteCounts = {}, now: number): MinuteCounts {
  const minute = Math.floor(now / minuteMs);
  // A count from further ahead is of a clock that was wrong.
  const isRecent = (at: number) => at >= minute - 60 && at <= minute + 1;
  return Object.fromEntries(Object.entries(counts).filter(([at]) => isRecent(Number(at))));
}

function waitOf(counts: MinuteCounts, perHour: number, now: number): number {
  const used = Object.values(counts).reduce((sum, count) => sum + count, 0);
  if (used + 1 <= Math.max(1, perHour)) return 0;
  const oldest = Math.min(...Object.keys(counts).map(Number));
  return (oldest + 61) * minuteMs - now;
}
