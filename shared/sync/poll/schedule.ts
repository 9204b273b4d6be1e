import { Cron } from 'croner';
import { AdpError } from '../../errors.ts';
import { fractionOf } from '../../resilience/retry.ts';

/** When polling is allowed: from one time of the day to another, on the days on which it begins. */
export interface PollWindow {
  /** `mon-fri`, `sat,sun`; default: every day. */
  readonly days?: string;
  /** `20:00`, in the source's zone. */
  readonly from: string;
  /** Where it is not later than `from`, the window ends on the next day. */
  readonly to: string;
}

/** A source's `schedule`. */
export interface Schedule {
  /** Five fields, in the source's zone. Without one nothing is due by itself. */
  readonly cron?: string;
  readonly windows?: readonly PollWindow[];
}

/**
 * True if something should have begun since it did last, and may begin now. What was due while polling wasn't allowed, or
 * while the hub was down, is due once afterwards.
 * @param since when it last began, or since when there is such a schedule
 */
export function isDue({ cron, windows }: Schedule, zone: string, since: Date, now: Date): boolean {
  if (cron === undefined || !isAllowed(windows, zone, now)) return false;
  const next = cronOf(cron, zone).nextRun(since);
  return next !== null && next <= now;
}

/** When it will be due; undefined where it never is. */
export function nextRun({ cron, windows }: Schedule, zone: string, since: Date, now: Date): Date | undefined {
  if (cron === undefined) return undefined;
  const next = cronOf(cron, zone).nextRun(since);
  if (next === null) return undefined;
  const from = next < now ? now : next;
  return isAllowed(windows, zone, from) ? from : opening(windows ?? [], zone, from);
}

/** True where polling is allowed at that time. */
export function isAllowed(windows: readonly PollWindow[] | undefined, zone: string, at: Date): boolean {
  if (windows === undefined || windows.length === 0) return true;
  return windows.some((window) => {
    // A window is never longer than a day, though a day may be when clocks are set back.
    const from = new Date(at.getTime() - 26 * 3_600_000);
    for (const opened of cronOf(startOf(window), zone).nextRuns(3, from)) {
      const closed = cronOf(dailyAt(window.to), zone).nextRun(endsNextDay(window) ? opened : justBefore(opened));
      if (opened <= at && closed !== null && at < closed) return true;
    }
    return false;
  });
}

function endsNextDay({ from, to }: PollWindow): boolean {
  return to <= from;
}

/** An hour that clocks skip in spring shrinks to its end: a window within it opens and closes at once. */
function justBefore(time: Date): Date {
  return new Date(time.getTime() - 1_000);
}

/**
 * What a source is put off by, so that sources of one schedule don't all begin at once: always the same for the same
 * source, at most half a minute and a tenth of the time between two runs.
 */
export function jitterMs(source: string, { cron }: Schedule, zone: string, now: Date): number {
  if (cron === undefined) return 0;
  const [first, second] = cronOf(cron, zone).nextRuns(2, now);
  const intervalMs = first === undefined || second === undefined ? 0 : second.getTime() - first.getTime();
  return Math.floor(Math.min(30_000, intervalMs / 10) * fractionOf(source));
}

/** What is wrong with a schedule, as a sentence; undefined where nothing is. */
export function faultOf({ cron }: Schedule, zone: string, now: Date): string | undefined {
  if (cron === undefined) return undefined;
  try {
    return cronOf(cron, zone).nextRun(now) === null ? `"${cron}" is never due` : undefined;
  } catch (error) {
    if (error instanceof AdpError) return error.message;
    throw error;
  }
}

function opening(windows: readonly PollWindow[], zone: string, at: Date): Date | undefined {
  const openings = windows.flatMap(
    (window) =>
      cronOf(startOf(window), zone)
        .nextRuns(2, at)
        .find((opened) => isAllowed([window], zone, opened)) ?? [],
  );
  return openings.sort((a, b) => a.getTime() - b.getTime())[0];
}

function startOf({ from, days }: PollWindow): string {
  const [hour = '0', minute = '0'] = from.split(':');
  return `${Number(minute)} ${Number(hour)} * * ${days === undefined ? '*' : eachDay(days)}`;
}

const week = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

/** `fri-mon` as `fri,sat,sun,mon`: a cron's week ends with Sunday. */
function eachDay(days: string): string {
  const named = days.split(',').flatMap((range) => {
    const [first = '', last = first] = range.split('-');
    const from = [...week, ...week].slice(week.indexOf(first));
    return from.slice(0, from.indexOf(last) + 1);
  });
  return named.join(',');
}

function dailyAt(time: string): string {
  return startOf({ from: time, to: time });
}

function cronOf(expression: string, zone: string): Cron {
  try {
    return new Cron(expression, { timezone: zone, mode: '5-part', paused: true });
  } catch (error) {
    const expected = 'expected five fields: minute, hour, day of month, month, day of week';
    throw new AdpError('CONFIG_ERROR', `"${expression}" is not a cron expression (${expected}).`, { cause: error });
  }
}
