import type { Queue } from '../queue/queue.ts';
import type { ConsumerLink } from './consumerLink.ts';

/** Messages that a client gets before it is the next one's turn. */
const share = 32;

/** Hands out the messages of one queue to the clients that wait for them, in turns. */
export class Dispatcher {
  readonly #queue: Queue;
  readonly #consumers = new Set<ConsumerLink>();
  #soon = false;

  constructor(queue: Queue) {
    this.#queue = queue;
    queue.onReady = () => this.dispatchSoon();
  }

  add(consumer: ConsumerLink): void {
    this.#consumers.add(consumer);
  }

  remove(consumer: ConsumerLink): void {
    consumer.close();
    this.#consumers.delete(consumer);
  }

  /** At the end of this turn of the event loop, once for all that became ready in it. */
  dispatchSoon(): void {
    if (this.#soon || this.#consumers.size === 0 || this.#queue.readyCount === 0) return;
    this.#soon = true;
    setImmediate(() => {
      this.#soon = false;
      this.#dispatch();
    });
  }

  #dispatch(): void {
    let sent = true;
    while (sent && this.#queue.readyCount > 0) {
      sent = false;
      for (const consumer of this.#consumers) if (consumer.send(share) > 0) sent = true;
    }
  }
}
