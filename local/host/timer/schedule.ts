import { Cron } from 'croner';
import { configError } from '../config.ts';

/** When a timer is due, in UTC as on Azure. */
export interface Schedule {
  /** The first time after `time`; undefined where there is none any more. */
  next(time: Date): Date | undefined;
}

/**
 * @param expression NCRONTAB with its six fields, seconds first:
 * https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer#ncrontab-expressions
 * @throws AdpError CONFIG_ERROR
 */
export function parseSchedule(expression: string, where: string): Schedule {
  try {
    // NCRONTAB wants day of month and day of week both to fit, where cron takes either.
    const cron = new Cron(expression, { timezone: 'UTC', mode: '6-part', domAndDow: true, paused: true });
    return { next: (time) => cron.nextRun(time) ?? undefined };
  } catch (error) {
    throw configError(`${where}: "${expression}" is not a cron expression of six fields (seconds first)`, error);
  }
}
