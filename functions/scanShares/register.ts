import { app as functions } from '@azure/functions';
import type { App } from '../../shared/app.ts';

/** Brings in what is new in the share, and whatever in `drops` was missed; no trigger tells of either. */
export function registerScanShares(app: App): void {
  functions.timer('scanShares', {
    schedule: app.settings.files.scanSchedule,
    handler: async (_timer, context) => {
      const { copied, sent } = await app.arrivals.scan();
      if (copied + sent > 0) context.info(`Copied ${copied} files from the share; ${sent} more were waiting.`);
    },
  });
}
