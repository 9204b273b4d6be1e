import type { Delivery, Sender } from 'rhea';
import { accepted, modified, rejected, released, settle } from '../amqp/dispositions.ts';
import { renderMessage } from '../amqp/outgoingMessage.ts';
import { toRefusal } from '../amqp/refusal.ts';
import type { DescribedState } from '../amqp/rhea.ts';
import type { Journal } from '../journal/journal.ts';
import type { Outcome } from '../queue/outcome.ts';
import type { Queue } from '../queue/queue.ts';
import { swapGuid } from './lockToken.ts';
import { type OutcomeEvent, readOutcome } from './outcomes.ts';

/** Frames of the largest message, with room to spare: a delivery is begun only if it can be finished. */
const framesPerMessage = 8;
/** Deliveries of a session that may be unsettled; the SDK's own limit is 2,048. */
export const sessionCapacity = 4096;
const messageFormat = 0;

/** A client that receives from a queue: under locks, or (a pre-settled link) deleting what it is given. */
export class ConsumerLink {
  readonly #sender: Sender;
  readonly #queue: Queue;
  readonly #journal: Pick<Journal, 'whenDurable'>;
  readonly #newTag: () => Buffer;
  readonly #deletes: boolean;
  readonly #answered = new WeakSet<Delivery>();
  /** Messages that are deleted and will be sent as soon as that is durable. */
  #promised = 0;
  #closed = false;

  constructor(sender: Sender, queue: Queue, journal: Pick<Journal, 'whenDurable'>, newTag: () => Buffer) {
    this.#sender = sender;
    this.#queue = queue;
    this.#journal = journal;
    this.#newTag = newTag;
    this.#deletes = sender.snd_settle_mode === 1;
    // rhea answers a drain only if there was credit left; the SDK waits for an answer in any case.
    sender._get_drain = () => {
      if (!sender._draining) return false;
      sender.delivery_count += sender.credit;
      sender.credit = 0;
      sender._draining = false;
      return true;
    };
  }

  get connection(): Sender['connection'] {
    return this.#sender.connection;
  }

  get queue(): Queue {
    return this.#queue;
  }

  /** Nothing is sent any more. Locks stay until they expire, as in Service Bus. */
  close(): void {
    this.#closed = true;
  }

  /**
   * Sends what the client has credit for.
   * @param most messages at once, so that other clients get their share
   * @returns how many it were
   */
  send(most: number): number {
    let sent = 0;
    while (sent < most && this.#canSend() && (this.#deletes ? this.#sendDeleted() : this.#sendLocked())) sent += 1;
    return sent;
  }

  /** The client grants credit, or wants to know that nothing more will come for what it granted before. */
  onFlow(): void {
    this.send(Number.POSITIVE_INFINITY);
    this.#answerDrain();
  }

  /** The client says what became of a message. */
  onOutcome(event: OutcomeEvent, delivery: Delivery): void {
    if (delivery.settled || this.#answered.has(delivery)) return;
    this.#answered.add(delivery);
    let state: DescribedState;
    try {
      const outcome = readOutcome(event, delivery.remote_state);
      this.#queue.settle(swapGuid(Buffer.from(delivery.tag)), outcome);
      state = confirmation(outcome);
    } catch (error) {
      state = rejected(toRefusal(error));
    }
    this.#journal.whenDurable(() => settle(delivery, state));
  }

  #canSend(): boolean {
    const { outgoing } = this.#sender.session;
    if (this.#closed || this.#sender.credit - this.#promised <= 0) return false;
    if (outgoing.transfer_window() < (this.#promised + 1) * framesPerMessage) return false;
    return outgoing.available() > this.#promised + 1;
  }

  #sendLocked(): boolean {
    const received = this.#queue.receive();
    if (received === undefined) return false;
    const { message, lock } = received;
    this.#transfer(renderMessage(message, lock.lockedUntil), swapGuid(lock.token));
    return true;
  }

  #sendDeleted(): boolean {
    const message = this.#queue.receiveAndDelete();
    if (message === undefined) return false;
    this.#promised += 1;
    this.#journal.whenDurable(() => {
      this.#promised -= 1;
      if (!this.#closed) this.#transfer(renderMessage(message), this.#newTag());
      if (this.#promised === 0) this.onFlow();
    });
    return true;
  }

  /** Written at once, so that credit and window are up to date when the next one is considered. */
  #transfer(bytes: Buffer, tag: Buffer): void {
    this.#sender.send(bytes, tag, messageFormat);
    this.#sender.session.outgoing.process();
  }

  #answerDrain(): void {
    if (this.#sender._draining && this.#promised === 0) this.#sender.set_drained(true);
  }
}

function confirmation(outcome: Outcome): DescribedState {
  switch (outcome.kind) {
    case 'complete':
      return accepted();
    case 'release':
      return released();
    case 'abandon':
      return modified(true, false);
    case 'defer':
      return modified(true, true);
    case 'deadLetter':
      return rejected();
  }
}
