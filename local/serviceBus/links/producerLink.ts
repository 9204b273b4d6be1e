import { randomUUID } from 'node:crypto';
import type { Delivery } from 'rhea';
import { accepted, rejected, settle } from '../amqp/dispositions.ts';
import { readIncomingMessage } from '../amqp/incomingMessage.ts';
import { Refusal, toRefusal } from '../amqp/refusal.ts';
import { batchFormat, messagesOfBatch } from '../amqp/sections.ts';
import type { Journal } from '../journal/journal.ts';
import type { Queue } from '../queue/queue.ts';

/** Bytes of a message, or of a batch, on the Standard tier. */
export const maxMessageSize = 256 * 1024;

/** A client that sends to a queue. */
export class ProducerLink {
  readonly #queue: Queue;
  readonly #journal: Pick<Journal, 'whenDurable'>;

  constructor(queue: Queue, journal: Pick<Journal, 'whenDurable'>) {
    this.#queue = queue;
    this.#journal = journal;
  }

  /** Takes a message or a batch, all of it or nothing; accepts it once it is durable. */
  onMessage(bytes: Buffer, delivery: Delivery): void {
    try {
      for (const message of readMessages(bytes, delivery.format)) this.#queue.enqueue(message);
    } catch (error) {
      settle(delivery, rejected(toRefusal(error)));
      return;
    }
    this.#journal.whenDurable(() => settle(delivery, accepted()));
  }
}

/** @throws Refusal if it is too large or malformed */
export function readMessages(bytes: Buffer, format = 0): ReturnType<typeof readIncomingMessage>[] {
  if (bytes.length > maxMessageSize) {
    const limit = `exceeds the limit (${maxMessageSize} bytes) currently allowed on the link`;
    throw new Refusal('tooLarge', `The received message (size: ${bytes.length} bytes) ${limit}.`);
  }
  const messages = format === batchFormat ? messagesOfBatch(bytes) : [bytes];
  return messages.map((message) => readIncomingMessage(message, randomUUID));
}
