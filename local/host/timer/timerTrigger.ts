import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readConfig } from '../config.ts';
import type { AppFunction } from '../functionApp.ts';
import { describeError } from '../log.ts';
import type { Host, TriggerKind } from '../trigger.ts';
import { readLastDue, writeLastDue } from './lastDue.ts';
import { parseSchedule, type Schedule } from './schedule.ts';

interface TimerFunction {
  readonly fn: AppFunction;
  readonly schedule: Schedule;
  readonly runOnStartup: boolean;
  /** Default: yes, but for timers that come round within a minute, as on Azure. */
  readonly monitored: boolean;
  readonly statusPath: string;
}

/** Timers in UTC, one call of a function at a time. After a pause a monitored timer runs once, as past due. */
export const timerTrigger: TriggerKind = {
  types: ['timerTrigger'],
  section: undefined,
  outputs: [],
  inputs: [],
  prepare: (functions, host) => {
    const timers = functions.map((fn) => toTimerFunction(fn, host));
    const stopping = new AbortController();
    let running: readonly Promise<void>[] = [];
    return {
      start: async () => {
        running = timers.map((timer) =>
          run(timer, host, stopping.signal).catch((error: unknown) =>
            host.log('critical', timer.fn.name, `This timer has stopped: ${describeError(error)}`),
          ),
        );
        return undefined;
      },
      stop: async () => {
        stopping.abort();
        await Promise.all(running);
      },
    };
  },
};

const known = ['name', 'type', 'direction', 'properties', 'schedule', 'runOnStartup', 'useMonitor'];

function toTimerFunction(fn: AppFunction, host: Host): TimerFunction {
  const where = `Function "${fn.name}", binding "${fn.trigger.name}"`;
  const binding = readConfig(fn.trigger, where, known);
  const schedule = parseSchedule(host.settings.resolve(binding.text('schedule') ?? '', where), where);
  return {
    fn,
    schedule,
    runOnStartup: binding.flag('runOnStartup') ?? false,
    monitored: binding.flag('useMonitor') ?? periodMs(schedule, host.now()) >= 60_000,
    statusPath: join(host.dataDir, 'timers', fn.name),
  };
}

function periodMs(schedule: Schedule, now: Date): number {
  const first = schedule.next(now);
  const second = first && schedule.next(first);
  return first && second ? second.getTime() - first.getTime() : Number.POSITIVE_INFINITY;
}

async function run(timer: TimerFunction, host: Host, stopping: AbortSignal): Promise<void> {
  const known = timer.monitored ? await readLastDue(timer.statusPath) : undefined;
  let last = known ?? host.now();
  // The moment from which a pause is reckoned must be kept even for a timer that has never run.
  if (timer.monitored && !known) await writeLastDue(timer.statusPath, last);
  if (timer.runOnStartup) await fire(timer, host, last, false);

  for (let due = timer.schedule.next(last); due && !stopping.aborted; due = timer.schedule.next(last)) {
    await sleepUntil(due, host, stopping);
    if (stopping.aborted) return;
    const begun = host.now();
    const isPastDue = begun.getTime() - due.getTime() > lateMs;
    await fire(timer, host, last, isPastDue);
    // However many times were missed, they are made up for by this one call.
    last = isPastDue ? begun : due;
    if (timer.monitored) await writeLastDue(timer.statusPath, last);
  }
}

/** A timer that begins later than this is past due. */
const lateMs = 1000;

/** Half of what setTimeout can take. */
const longestSleepMs = 2 ** 30;

async function sleepUntil(due: Date, host: Host, stopping: AbortSignal): Promise<void> {
  for (;;) {
    const ms = due.getTime() - host.now().getTime();
    if (ms <= 0 || stopping.aborted) return;
    await sleep(Math.min(ms, longestSleepMs), undefined, { signal: stopping }).catch(() => undefined);
  }
}

async function fire(timer: TimerFunction, host: Host, last: Date, isPastDue: boolean): Promise<void> {
  const now = host.now();
  const input = {
    Schedule: { AdjustForDST: true },
    ScheduleStatus: { Last: last, Next: timer.schedule.next(now), LastUpdated: now },
    IsPastDue: isPastDue,
  };
  try {
    await host.app.invoke(timer.fn, { data: { json: JSON.stringify(input) }, metadata: {} });
  } catch (error) {
    host.log('error', timer.fn.name, describeError(error));
  }
}
