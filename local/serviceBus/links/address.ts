import { notSupported, Refusal } from '../amqp/refusal.ts';
import type { Queue } from '../queue/queue.ts';

/** What a link is attached to. */
export type Node =
  /** Where a client presents its tokens, which this broker doesn't look at. */
  | { readonly kind: 'claims' }
  | { readonly kind: 'management'; readonly queue: Queue }
  | { readonly kind: 'queue'; readonly queue: Queue };

const deadLetterSuffix = '/$deadletterqueue';
const managementSuffix = '/$management';

/** The name of a queue's dead-letter queue. */
export function deadLetterName(queue: string): string {
  return queue + deadLetterSuffix;
}

/**
 * Finds what an address names: `queue`, `queue/$deadletterqueue`, either of them with `/$management`, or `$cbs`; in any
 * casing, with or without the host before it.
 * @throws Refusal if there is no such queue, or if the address is of something that this broker doesn't have
 */
export function findNode(address: unknown, queues: ReadonlyMap<string, Queue>): Node {
  if (typeof address !== 'string' || address === '') throw notSupported('transactions (links without an address)');
  const path = address.replace(/^[a-z]+:\/\/[^/]*\//i, '').toLowerCase();
  if (path === '$cbs') return { kind: 'claims' };
  if (path.includes('/subscriptions')) throw notSupported('topics and subscriptions');
  if (path.includes('/$transfer')) throw notSupported('transfer queues');
  const isManagement = path.endsWith(managementSuffix);
  const queue = queues.get(isManagement ? path.slice(0, -managementSuffix.length) : path);
  if (queue === undefined) {
    throw new Refusal(
      'notFound',
      `The messaging entity '${path}' could not be found. Queues: ${[...queues.keys()].filter((name) => !name.endsWith(deadLetterSuffix)).join(', ')}.`,
    );
  }
  return { kind: isManagement ? 'management' : 'queue', queue };
}
