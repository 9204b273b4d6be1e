import { type Properties, setApplicationProperties } from '../amqp/applicationProperties.ts';
import type { IncomingMessage } from '../amqp/incomingMessage.ts';
import { lockLost, Refusal } from '../amqp/refusal.ts';
import type { JournalEntry } from '../journal/entry.ts';
import type { Journal } from '../journal/journal.ts';
import type { QueueDefinition } from './definition.ts';
import { DuplicateHistory } from './duplicateHistory.ts';
import { type Lock, Locks } from './locks.ts';
import type { StoredMessage } from './message.ts';
import { MessageTable } from './messageTable.ts';
import { MinHeap } from './minHeap.ts';
import { deadLetterProperties, type Outcome } from './outcome.ts';

export interface QueueEnvironment {
  readonly journal: Pick<Journal, 'append' | 'whenDurable'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** 16 bytes that were never given out before. */
  readonly newToken: () => Buffer;
}

/**
 * One queue, or one dead-letter queue (which has no dead-letter queue of its own). Messages are received in the order of
 * their sequence numbers. Every change is appended to the journal; who must not be told before it is durable waits there.
 */
export class Queue {
  readonly name: string;
  readonly deadLetters: Queue | undefined;
  readonly #definition: QueueDefinition;
  readonly #environment: QueueEnvironment;
  readonly #messages: MessageTable;
  readonly #ready = new MinHeap<number>((sequenceNumber) => sequenceNumber);
  readonly #scheduled = new MinHeap<{ sequenceNumber: number; due: number }>((entry) => entry.due);
  readonly #locks: Locks;
  readonly #history: DuplicateHistory | undefined;
  #onReady: () => void = () => {};

  constructor(definition: QueueDefinition, deadLetters: Queue | undefined, environment: QueueEnvironment) {
    this.name = definition.name;
    this.deadLetters = deadLetters;
    this.#definition = definition;
    this.#environment = environment;
    this.#messages = new MessageTable(definition.name, environment.journal);
    this.#locks = new Locks(definition.lockDuration, environment.newToken);
    this.#history =
      definition.duplicateWindow === undefined ? undefined : new DuplicateHistory(definition.duplicateWindow);
  }

  /** Who is to be told that a message waits to be received. */
  set onReady(listener: () => void) {
    this.#onReady = listener;
  }

  get readyCount(): number {
    return this.#ready.size;
  }

  /** Of all messages that are held. */
  get bytes(): number {
    return this.#messages.bytes;
  }

  /** @returns its sequence number, or 0 for a duplicate, which is dropped without a word to the sender */
  enqueue(incoming: IncomingMessage): number {
    const now = this.#environment.now();
    if (this.#isDuplicate(incoming.messageId, now)) return 0;
    const enqueuedAt = Math.max(now, incoming.scheduledFor ?? 0);
    const timeToLive = Math.min(incoming.timeToLive ?? Infinity, this.#definition.timeToLive ?? Infinity);
    const sequenceNumber = this.#messages.nextNumber();
    this.#admit({
      sequenceNumber,
      enqueuedSequenceNumber: sequenceNumber,
      enqueuedAt,
      messageId: incoming.messageId,
      partitionKey: incoming.partitionKey,
      timeToLive: incoming.timeToLive,
      expiresAt: timeToLive === Infinity ? undefined : enqueuedAt + timeToLive,
      scheduledFor: incoming.scheduledFor,
      state: enqueuedAt > now ? 'scheduled' : 'active',
      deliveryCount: 0,
      bare: incoming.bare,
    });
    return sequenceNumber;
  }

  /** The next message, under a lock. */
  receive(): { message: StoredMessage; lock: Lock } | undefined {
    const message = this.#nextReady();
    return message && { message, lock: this.#locks.take(message.sequenceNumber, this.#environment.now()) };
  }

  /** The next message, which is no longer in the queue once the journal is durable. */
  receiveAndDelete(): StoredMessage | undefined {
    const message = this.#nextReady();
    if (message !== undefined) this.#messages.remove(message);
    return message;
  }

  /**
   * Deferred messages by their numbers, each under a lock: all or none.
   * @throws Refusal if one is not there, not deferred, or locked
   */
  receiveDeferred(sequenceNumbers: readonly number[]): { message: StoredMessage; lock: Lock }[] {
    const now = this.#environment.now();
    return this.#deferred(sequenceNumbers).map((message) => ({
      message,
      lock: this.#locks.take(message.sequenceNumber, now),
    }));
  }

  /** Like receiveDeferred, but the messages are gone afterwards. */
  receiveAndDeleteDeferred(sequenceNumbers: readonly number[]): StoredMessage[] {
    const messages = this.#deferred(sequenceNumbers);
    for (const message of messages) this.#messages.remove(message);
    return messages;
  }

  hasLock(token: Buffer): boolean {
    return this.#locks.find(token, this.#environment.now()) !== undefined;
  }

  /**
   * @returns the new end of the lock, milliseconds since 1970
   * @throws Refusal if the lock is lost
   */
  renewLock(token: Buffer): number {
    const lockedUntil = this.#locks.renew(token, this.#environment.now());
    if (lockedUntil === undefined) throw lockLost();
    return lockedUntil;
  }

  /** @throws Refusal if the lock is lost, or if a dead letter is to be dead-lettered; nothing has happened then */
  settle(token: Buffer, outcome: Outcome): void {
    if (outcome.kind === 'deadLetter' && this.deadLetters === undefined) {
      throw new Refusal('notAllowed', 'A message in a dead-letter queue cannot be dead-lettered again.');
    }
    const sequenceNumber = this.#locks.find(token, this.#environment.now());
    const locked = sequenceNumber === undefined ? undefined : this.#messages.get(sequenceNumber);
    if (locked === undefined) throw lockLost();
    // Before the lock ends: if the properties can't be encoded, the message must not be left without one.
    const message = 'properties' in outcome ? this.#withProperties(locked, outcome.properties) : locked;
    this.#locks.release(token);
    switch (outcome.kind) {
      case 'complete':
        this.#messages.remove(message);
        break;
      case 'release':
        this.#giveBack(message);
        break;
      case 'abandon':
        this.#fail(message);
        break;
      case 'defer':
        this.#messages.update({ ...message, state: 'deferred' });
        break;
      case 'deadLetter':
        this.#deadLetter(message);
        break;
    }
  }

  /**
   * Takes back what was scheduled: all or none.
   * @throws Refusal if one is not there, or no longer scheduled
   */
  cancelScheduled(sequenceNumbers: readonly number[]): void {
    const messages = sequenceNumbers.map((sequenceNumber) => this.#messages.get(sequenceNumber));
    const scheduled = messages.filter((message) => message?.state === 'scheduled');
    if (scheduled.length < sequenceNumbers.length) {
      throw new Refusal('messageNotFound', 'One or more of the scheduled messages were not found.');
    }
    for (const message of scheduled) if (message !== undefined) this.#messages.remove(message);
  }

  /** Messages from a number on, whatever their state, without locking them. */
  *browse(fromSequenceNumber: number): Generator<StoredMessage> {
    for (const message of this.#messages.values()) {
      if (message.sequenceNumber >= fromSequenceNumber) yield message;
    }
  }

  /** Does what is due: gives back what was locked too long, enqueues what was scheduled, forgets old message ids. */
  tick(): void {
    const now = this.#environment.now();
    for (const sequenceNumber of this.#locks.releaseExpired(now)) {
      const message = this.#messages.get(sequenceNumber);
      if (message !== undefined) this.#fail(message);
    }
    for (let next = this.#scheduled.peek(); next !== undefined && next.due <= now; next = this.#scheduled.peek()) {
      this.#scheduled.pop();
      const message = this.#messages.get(next.sequenceNumber);
      if (message?.state === 'scheduled') this.#enqueueScheduled(message, now);
    }
    this.#history?.forgetOld(now);
  }

  /** Applies an entry of the journal. Nothing may have been received yet. */
  restore(entry: JournalEntry): void {
    if (entry.op === 'seen') {
      this.#history?.remember(entry.messageId, entry.at);
      return;
    }
    this.#messages.restore(entry);
  }

  /** Makes ready what was restored. */
  resume(): void {
    for (const message of this.#messages.values()) this.#line(message);
  }

  /** The entries that restore the queue as it is. */
  *entries(): Generator<JournalEntry> {
    yield* this.#messages.entries();
    for (const [messageId, at] of this.#history?.entries() ?? []) yield { op: 'seen', queue: this.name, messageId, at };
  }

  #isDuplicate(messageId: string, now: number): boolean {
    if (this.#history === undefined) return false;
    if (this.#history.has(messageId, now)) return true;
    this.#history.remember(messageId, now);
    this.#environment.journal.append({ op: 'seen', queue: this.name, messageId, at: now });
    return false;
  }

  /** A new message: nobody receives it before it is durable. */
  #admit(message: StoredMessage): void {
    this.#messages.add(message);
    this.#environment.journal.whenDurable(() => this.#line(message));
  }

  /** Puts a message into the line that its state calls for. */
  #line(message: StoredMessage): void {
    if (message.state === 'scheduled') {
      this.#scheduled.push({ sequenceNumber: message.sequenceNumber, due: message.scheduledFor ?? 0 });
    }
    if (message.state === 'active') {
      this.#ready.push(message.sequenceNumber);
      this.#onReady();
    }
  }

  #nextReady(): StoredMessage | undefined {
    for (let number = this.#ready.pop(); number !== undefined; number = this.#ready.pop()) {
      const message = this.#messages.get(number);
      if (message === undefined) continue;
      if (message.expiresAt === undefined || message.expiresAt > this.#environment.now()) return message;
      this.#messages.remove(message);
    }
    return undefined;
  }

  #deferred(sequenceNumbers: readonly number[]): StoredMessage[] {
    return sequenceNumbers.map((sequenceNumber) => {
      const message = this.#messages.get(sequenceNumber);
      if (message?.state === 'deferred' && !this.#locks.isLocked(sequenceNumber)) return message;
      throw new Refusal('messageNotFound', `There is no deferred message ${sequenceNumber} that could be locked.`);
    });
  }

  /** A delivery has failed: back into the line, or to the dead letters if it was one too many. */
  #fail(message: StoredMessage): void {
    const failed = { ...message, deliveryCount: message.deliveryCount + 1 };
    const { maxDeliveryCount } = this.#definition;
    if (this.deadLetters === undefined || failed.deliveryCount < maxDeliveryCount) {
      this.#giveBack(failed);
      return;
    }
    const description = `Message could not be consumed after ${maxDeliveryCount} delivery attempts.`;
    this.#deadLetter(this.#withProperties(failed, deadLetterProperties('MaxDeliveryCountExceeded', description)));
  }

  /** A deferred message stays deferred. */
  #giveBack(message: StoredMessage): void {
    this.#messages.update(message);
    if (message.state === 'active') this.#line(message);
  }

  #deadLetter(message: StoredMessage): void {
    if (this.deadLetters === undefined) throw new Error(`${this.name} has no dead-letter queue.`);
    this.#messages.remove(message);
    this.deadLetters.#admit({
      ...message,
      sequenceNumber: this.deadLetters.#messages.nextNumber(),
      state: 'active',
      expiresAt: undefined,
      timeToLive: undefined,
      deadLetterSource: this.name,
    });
  }

  #withProperties(message: StoredMessage, properties: Properties): StoredMessage {
    return { ...message, bare: setApplicationProperties(message.bare, properties) };
  }

  /** It joins the line at its end, with a new number, as if it had been sent now. */
  #enqueueScheduled(message: StoredMessage, now: number): void {
    const sequenceNumber = this.#messages.nextNumber();
    this.#messages.remove(message);
    this.#admit({
      ...message,
      sequenceNumber,
      enqueuedSequenceNumber: sequenceNumber,
      enqueuedAt: now,
      state: 'active',
    });
  }
}
