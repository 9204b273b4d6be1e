import type { MessageState, StoredMessage } from '../queue/message.ts';

/** One change to one queue. Applying an entry twice, or again after later ones, ends in the same state. */
export type JournalEntry =
  | { readonly op: 'put'; readonly queue: string; readonly message: StoredMessage }
  | {
      readonly op: 'update';
      readonly queue: string;
      readonly sequenceNumber: number;
      readonly state: MessageState;
      readonly deliveryCount: number;
    }
  | { readonly op: 'remove'; readonly queue: string; readonly sequenceNumber: number }
  /** A message id for duplicate detection, and when it was seen (milliseconds since 1970). */
  | { readonly op: 'seen'; readonly queue: string; readonly messageId: string; readonly at: number }
  /** The highest number given out so far, also if its message is gone. */
  | { readonly op: 'numbered'; readonly queue: string; readonly sequenceNumber: number };

/** An entry as JSON, but for the message's bytes. */
type EntryHead =
  | Exclude<JournalEntry, { op: 'put' }>
  | { readonly op: 'put'; readonly queue: string; readonly message: Omit<StoredMessage, 'bare'> };

/** Length of the JSON (32 bits), length of the bytes (32 bits), JSON, bytes. */
export function encodeEntry(entry: JournalEntry): Buffer[] {
  let head: EntryHead;
  let bytes: Buffer = Buffer.alloc(0);
  if (entry.op === 'put') {
    const { bare, ...message } = entry.message;
    head = { op: 'put', queue: entry.queue, message };
    bytes = bare;
  } else {
    head = entry;
  }
  const json = Buffer.from(JSON.stringify(head), 'utf8');
  const lengths = Buffer.alloc(8);
  lengths.writeUInt32BE(json.length, 0);
  lengths.writeUInt32BE(bytes.length, 4);
  return [lengths, json, bytes];
}

export function* decodeEntries(encoded: Buffer): Generator<JournalEntry> {
  for (let at = 0; at < encoded.length; ) {
    const json = at + 8;
    const bytes = json + encoded.readUInt32BE(at);
    const end = bytes + encoded.readUInt32BE(at + 4);
    const head: EntryHead = JSON.parse(encoded.toString('utf8', json, bytes));
    // Copied, so that a small message doesn't keep the whole frame that it was read with in memory.
    yield head.op === 'put'
      ? { ...head, message: { ...head.message, bare: Buffer.from(encoded.subarray(bytes, end)) } }
      : head;
    at = end;
  }
}
