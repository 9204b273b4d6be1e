import { app as functions } from '@azure/functions';
import type { App } from '../../shared/app.ts';

/** Closes runs every few seconds, and removes what is old once a day. */
export function registerSweeps(app: App): void {
  functions.timer('closeRuns', {
    schedule: '*/5 * * * * *',
    handler: async () => {
      await app.closeRuns();
    },
  });
  functions.timer('purge', {
    schedule: '0 17 3 * * *',
    handler: async (_timer, context) => {
      const removed = await app.purge();
      context.info(`Removed ${removed} rows that are past their time.`);
    },
  });
}
