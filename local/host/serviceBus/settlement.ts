import type { ServiceBusReceivedMessage, ServiceBusReceiver } from '@azure/service-bus';
import { isStale, unlessStale } from './stale.ts';

/** How a delivery ends: gone from the queue, or given back to it. */
export type Outcome = 'completed' | 'given back';

/** Resolves when the broker has taken the outcome; rejects where it didn't (the lock was lost, the broker is away). */
export type Settle = (message: ServiceBusReceivedMessage, outcome: Outcome) => Promise<void>;

interface Waiting {
  readonly message: ServiceBusReceivedMessage;
  readonly outcome: Outcome;
  readonly settled: PromiseWithResolvers<void>;
}

/**
 * Settles what is waiting with the same outcome together, and different outcomes one after the other: rhea 3.0.5 merges
 * the first two dispositions of a tick into one without comparing them (`write_dispositions` in its session.js), so that
 * a message that failed would be completed together with its neighbour that did not.
 */
export function settleInGroups(receiver: Pick<ServiceBusReceiver, 'completeMessage' | 'abandonMessage'>): Settle {
  let waiting: Waiting[] = [];
  let busy = false;

  const settleGroup = async (group: readonly Waiting[]): Promise<void> => {
    await Promise.all(
      group.map(({ message, outcome, settled }) => {
        if (isStale(message)) {
          settled.reject(new Error('the connection was lost'));
          return undefined;
        }
        const sent = outcome === 'completed' ? receiver.completeMessage(message) : receiver.abandonMessage(message);
        return unlessStale(message, sent).then(
          () => settled.resolve(),
          (error: unknown) => settled.reject(error),
        );
      }),
    );
  };
  const work = async (): Promise<void> => {
    busy = true;
    while (waiting.length > 0) {
      const next = waiting[0]?.outcome;
      const group = waiting.filter(({ outcome }) => outcome === next);
      waiting = waiting.filter(({ outcome }) => outcome !== next);
      await settleGroup(group);
    }
    busy = false;
  };

  return (message, outcome) => {
    const settled = Promise.withResolvers<void>();
    waiting.push({ message, outcome, settled });
    if (!busy) void work();
    return settled.promise;
  };
}
