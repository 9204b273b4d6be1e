import type { ServiceBusReceivedMessage, ServiceBusReceiver } from '@azure/service-bus';

export interface LockRenewal {
  readonly receiver: Pick<ServiceBusReceiver, 'renewMessageLock'>;
  /** Milliseconds after which a lock is left to run out, whatever the work does. */
  readonly forMs: number;
  /** Told of a lock that could not be renewed: the message will come again. */
  readonly onFailure: (message: ServiceBusReceivedMessage, error: unknown) => void;
}

/** However short a lock is: the broker must not be asked all the time. */
const minPauseMs = 100;

/**
 * Keeps the locks of messages for as long as somebody works on them.
 *
 * The SDK (7.9.5) renews until it has settled a message, also where nobody will, because the link that brought it has
 * gone: such a message would come again only after the longest time for which locks are renewed.
 */
export async function whileLocked(
  messages: readonly ServiceBusReceivedMessage[],
  renewal: LockRenewal,
  work: () => Promise<void>,
): Promise<void> {
  const ends = messages.map((message) => renew(message, renewal));
  try {
    await work();
  } finally {
    for (const end of ends) end();
  }
}

function renew(message: ServiceBusReceivedMessage, { receiver, forMs, onFailure }: LockRenewal): () => void {
  const until = Date.now() + forMs;
  let isOver = false;
  let timer: NodeJS.Timeout | undefined;
  const later = (lockedUntil: Date | undefined) => {
    if (isOver || lockedUntil === undefined || lockedUntil.getTime() >= until) return;
    timer = setTimeout(() => void again(), Math.max(minPauseMs, (lockedUntil.getTime() - Date.now()) / 2));
  };
  const again = async () => {
    try {
      later(await receiver.renewMessageLock(message));
    } catch (error) {
      if (!isOver) onFailure(message, error);
    }
  };
  later(message.lockedUntilUtc);
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}
