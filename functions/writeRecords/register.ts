import { app as functions } from '@azure/functions';
import type { App } from '../../shared/app.ts';

/** Applies what the doors have sent. A message that throws is given back, and comes again. */
export function registerWriter(app: App): void {
  functions.serviceBusQueue('writeRecords', {
    queueName: 'record-changes',
    connection: 'ServiceBusConnection',
    handler: async (message) => {
      await app.write(message);
    },
  });
}
