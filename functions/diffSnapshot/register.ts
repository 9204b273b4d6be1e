import { app as functions, type InvocationContext } from '@azure/functions';
import type { App } from '../../shared/app.ts';

/** Compares full snapshots with the last ones. A message that throws is given back, and comes again. */
export function registerDiffs(app: App): void {
  functions.serviceBusQueue('diffSnapshot', {
    queueName: 'snapshot-diffs',
    connection: 'ServiceBusConnection',
    handler: async (message, context) => {
      await app.snapshots.diff(message, triesOf(context));
    },
  });
  functions.serviceBusQueue('diffSnapshotDeadLetters', {
    queueName: 'snapshot-diffs/$DeadLetterQueue',
    connection: 'ServiceBusConnection',
    handler: async (message, context) => {
      const ended = await app.snapshots.giveUp(message, triesOf(context));
      context.warn(`A dead letter of snapshot-diffs: ${ended}.`);
    },
  });
}

/** How often the message was sent again. */
function triesOf({ triggerMetadata }: InvocationContext): number {
  const properties = triggerMetadata?.applicationProperties;
  const tries = typeof properties === 'object' && properties !== null && 'tries' in properties ? properties.tries : 0;
  return Number(tries) || 0;
}
