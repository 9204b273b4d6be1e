import { app as functions } from '@azure/functions';
import type { App } from '../../shared/app.ts';

/** Empties the dead-letter queue: nothing is left there for somebody to find. */
export function registerDeadLetters(app: App): void {
  functions.serviceBusQueue('deadLetters', {
    queueName: 'record-changes/$DeadLetterQueue',
    connection: 'ServiceBusConnection',
    handler: async (message, context) => {
      const properties = context.triggerMetadata?.applicationProperties;
      const tries =
        typeof properties === 'object' && properties !== null && 'tries' in properties ? properties.tries : 0;
      const ended = await app.takeDeadLetter(message, Number(tries) || 0);
      context.warn(`A dead letter: ${ended}.`);
    },
  });
}
