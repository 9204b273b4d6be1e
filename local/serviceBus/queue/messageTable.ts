import type { JournalEntry } from '../journal/entry.ts';
import type { Journal } from '../journal/journal.ts';
import type { StoredMessage } from './message.ts';

/** The messages of one queue by their sequence numbers, in ascending order. Every change goes into the journal. */
export class MessageTable {
  readonly #queue: string;
  readonly #journal: Pick<Journal, 'append'>;
  readonly #messages = new Map<number, StoredMessage>();
  #lastNumber = 0;
  #bytes = 0;

  constructor(queue: string, journal: Pick<Journal, 'append'>) {
    this.#queue = queue;
    this.#journal = journal;
  }

  /** A number that is greater than any before, also than those of messages that are gone. */
  nextNumber(): number {
    this.#lastNumber += 1;
    return this.#lastNumber;
  }

  get(sequenceNumber: number): StoredMessage | undefined {
    return this.#messages.get(sequenceNumber);
  }

  /** Of all messages together. */
  get bytes(): number {
    return this.#bytes;
  }

  values(): Iterable<StoredMessage> {
    return this.#messages.values();
  }

  add(message: StoredMessage): void {
    this.#set(message);
    this.#journal.append({ op: 'put', queue: this.#queue, message });
  }

  /** A message in another state, or with other properties. */
  update(message: StoredMessage): void {
    const { sequenceNumber, state, deliveryCount, bare } = message;
    const sameBytes = this.#messages.get(sequenceNumber)?.bare === bare;
    this.#set(message);
    this.#journal.append(
      sameBytes
        ? { op: 'update', queue: this.#queue, sequenceNumber, state, deliveryCount }
        : { op: 'put', queue: this.#queue, message },
    );
  }

  remove({ sequenceNumber }: StoredMessage): void {
    this.#delete(sequenceNumber);
    this.#journal.append({ op: 'remove', queue: this.#queue, sequenceNumber });
  }

  /** Applies an entry of the journal. */
  restore(entry: Exclude<JournalEntry, { op: 'seen' }>): void {
    const sequenceNumber = entry.op === 'put' ? entry.message.sequenceNumber : entry.sequenceNumber;
    this.#lastNumber = Math.max(this.#lastNumber, sequenceNumber);
    const message = this.#messages.get(sequenceNumber);
    if (entry.op === 'put') this.#set(entry.message);
    if (entry.op === 'remove') this.#delete(sequenceNumber);
    if (entry.op === 'update' && message !== undefined) {
      this.#set({ ...message, state: entry.state, deliveryCount: entry.deliveryCount });
    }
  }

  /** The entries that restore the table as it is. */
  *entries(): Generator<JournalEntry> {
    yield { op: 'numbered', queue: this.#queue, sequenceNumber: this.#lastNumber };
    for (const message of this.#messages.values()) yield { op: 'put', queue: this.#queue, message };
  }

  #set(message: StoredMessage): void {
    this.#bytes += message.bare.length - (this.#messages.get(message.sequenceNumber)?.bare.length ?? 0);
    this.#messages.set(message.sequenceNumber, message);
  }

  #delete(sequenceNumber: number): void {
    this.#bytes -= this.#messages.get(sequenceNumber)?.bare.length ?? 0;
    this.#messages.delete(sequenceNumber);
  }
}
