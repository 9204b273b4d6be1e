import { randomBytes } from 'node:crypto';
import type { Connection, Delivery, Receiver, Sender } from 'rhea';
import { notSupported, Refusal } from '../amqp/refusal.ts';
import type { Journal } from '../journal/journal.ts';
import type { Queue } from '../queue/queue.ts';
import { findNode } from './address.ts';
import { ConsumerLink } from './consumerLink.ts';
import { Dispatcher } from './dispatcher.ts';
import type { OutcomeEvent } from './outcomes.ts';
import { maxMessageSize, ProducerLink } from './producerLink.ts';
import { RequestLink } from './requestLink.ts';

const sessionFilter = 'com.microsoft:session-filter';

/** All links of all clients. In rhea's words a client's sender is our receiver, and the other way round. */
export class LinkTable {
  readonly #queues: ReadonlyMap<string, Queue>;
  readonly #journal: Pick<Journal, 'whenDurable'>;
  readonly #dispatchers: ReadonlyMap<Queue, Dispatcher>;
  readonly #inbound = new WeakMap<Receiver, ProducerLink | RequestLink>();
  readonly #consumers = new Map<Sender, ConsumerLink>();
  readonly #replyLinks = new WeakMap<Connection, Map<string, Sender>>();

  constructor(queues: ReadonlyMap<string, Queue>, journal: Pick<Journal, 'whenDurable'>) {
    this.#queues = queues;
    this.#journal = journal;
    this.#dispatchers = new Map([...queues.values()].map((queue) => [queue, new Dispatcher(queue)]));
  }

  /** @throws Refusal if a client can't send there */
  attachReceiver(receiver: Receiver): void {
    const node = findNode(receiver.target?.address, this.#queues);
    if (node.kind === 'queue') {
      if (node.queue.deadLetters === undefined) {
        throw new Refusal('notAllowed', `Messages cannot be sent to the dead-letter queue ${node.queue.name}.`);
      }
      this.#inbound.set(receiver, new ProducerLink(node.queue, this.#journal));
    } else {
      const replyTo = (address: string) => this.#replyLinks.get(receiver.connection)?.get(address);
      this.#inbound.set(receiver, new RequestLink(node, this.#journal, replyTo));
    }
    receiver.local.attach.max_message_size = maxMessageSize;
    receiver.set_target({ address: receiver.target.address });
    if (receiver.source?.address) receiver.set_source({ address: receiver.source.address });
  }

  /** @throws Refusal if a client can't receive from there */
  attachSender(sender: Sender): void {
    const node = findNode(sender.source?.address, this.#queues);
    if (Object.hasOwn(sender.source.filter ?? {}, sessionFilter)) throw notSupported('sessions');
    sender.local.attach.snd_settle_mode = sender.snd_settle_mode;
    sender.local.attach.rcv_settle_mode = sender.rcv_settle_mode;
    sender.set_source({ address: sender.source.address });
    if (node.kind === 'queue') {
      const consumer = new ConsumerLink(sender, node.queue, this.#journal, () => randomBytes(16));
      this.#consumers.set(sender, consumer);
      this.#dispatchers.get(node.queue)?.add(consumer);
    } else {
      const links = this.#replyLinks.get(sender.connection) ?? new Map<string, Sender>();
      this.#replyLinks.set(sender.connection, links.set(sender.target?.address ?? sender.name, sender));
    }
  }

  onMessage(receiver: Receiver, bytes: Buffer, delivery: Delivery): void {
    const link = this.#inbound.get(receiver);
    if (link instanceof ProducerLink) {
      link.onMessage(bytes, delivery);
    } else {
      delivery.accept();
      link?.onRequest(bytes);
    }
  }

  /** Looks again whether messages that wait can be handed out: a client whose buffers were full doesn't say when. */
  dispatch(): void {
    for (const dispatcher of this.#dispatchers.values()) dispatcher.dispatchSoon();
  }

  onFlow(sender: Sender): void {
    this.#consumers.get(sender)?.onFlow();
  }

  onOutcome(sender: Sender, event: OutcomeEvent, delivery: Delivery): void {
    this.#consumers.get(sender)?.onOutcome(event, delivery);
  }

  detachSender(sender: Sender): void {
    const consumer = this.#consumers.get(sender);
    if (consumer === undefined) return;
    this.#consumers.delete(sender);
    this.#dispatchers.get(consumer.queue)?.remove(consumer);
  }

  detachAll(connection: Connection): void {
    for (const sender of this.#consumers.keys()) if (sender.connection === connection) this.detachSender(sender);
  }
}
