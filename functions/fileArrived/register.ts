import { app as functions } from '@azure/functions';
import type { App } from '../../shared/app.ts';
import { AdpError } from '../../shared/errors.ts';

const container = 'drops/';

/**
 * Takes files that have arrived, told by the container or by the queue: whichever it is, and however often, the ledger
 * lets one take it. What a later try may get over comes back by the sweep, so that neither the trigger's five tries nor
 * the queue's ten are used up by an outage.
 */
export function registerFileArrived(app: App): void {
  functions.storageBlob('fileArrived', {
    path: `${container}{dealerId}/{name}`,
    connection: 'AzureWebJobsStorage',
    // Flex Consumption has no other: https://learn.microsoft.com/azure/azure-functions/flex-consumption-plan
    source: 'EventGrid',
    handler: async (blob, context) => {
      // The content is not looked at: it is streamed from a snapshot.
      const bytes = blob instanceof Uint8Array ? blob.byteLength : 0;
      if (bytes > app.settings.files.triggerMaxBytes) return;
      const path = String(context.triggerMetadata?.blobTrigger ?? '');
      await app.arrivals.take(path.slice(container.length));
    },
  });
  functions.serviceBusQueue('fileArrivals', {
    queueName: 'file-arrivals',
    connection: 'ServiceBusConnection',
    handler: async (message) => {
      await app.arrivals.take(pathOf(message));
    },
  });
  functions.serviceBusQueue('fileArrivalsDeadLetters', {
    queueName: 'file-arrivals/$DeadLetterQueue',
    connection: 'ServiceBusConnection',
    handler: async (message, context) => {
      try {
        context.warn(`A dead letter of file-arrivals: the sweep brings ${pathOf(message)} again.`);
      } catch (error) {
        if (!(error instanceof AdpError)) throw error;
        const blob = await app.quarantine.keepUnreadable(message, error.message);
        context.warn(`A dead letter of file-arrivals is none of ours; it is kept as ${blob}.`);
      }
    },
  });
}

/** The path that a message of `file-arrivals` names. @throws AdpError DATA_ERROR for what is no message of ours */
function pathOf(message: unknown): string {
  if (typeof message === 'object' && message !== null && 'path' in message && typeof message.path === 'string') {
    return message.path;
  }
  throw new AdpError('DATA_ERROR', 'The message is none of ours: it names no path.');
}
