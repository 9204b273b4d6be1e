import type { ServiceBusReceivedMessage } from '@azure/service-bus';

/**
 * Whether the link that brought a message has gone, so that nobody can settle it over that link any more. The SDK
 * (7.9.5) takes the link that it opened afterwards for the old one, sends the outcome nowhere, and waits for an answer.
 * It keeps a message's delivery to itself; where a later version keeps it elsewhere, nothing counts as stale.
 */
export function isStale(message: ServiceBusReceivedMessage): boolean {
  const link: unknown = Object(Object(message).delivery).link;
  if (typeof link !== 'object' || link === null || !('is_open' in link) || !('connection' in link)) return false;
  return !isOpen(link) || !isOpen(link.connection);
}

/** Milliseconds between two looks. */
const lookMs = 50;

/**
 * Waits for `settling`, but not for the answer of a link that has gone.
 * @throws what `settling` throws; an error where the link went before the answer came
 */
export async function unlessStale(message: ServiceBusReceivedMessage, settling: Promise<void>): Promise<void> {
  const gone = Promise.withResolvers<void>();
  const looking = setInterval(() => {
    if (isStale(message)) gone.reject(new Error('the connection was lost'));
  }, lookMs);
  try {
    await Promise.race([settling, gone.promise]);
  } finally {
    clearInterval(looking);
  }
}

function isOpen(endpoint: unknown): boolean {
  const look: unknown = Object(endpoint).is_open;
  return typeof look !== 'function' || look.call(endpoint) === true;
}
