import type { StoredMessage } from '../queue/message.ts';
import {
  encodeInt,
  encodeList,
  encodeLong,
  encodeMap,
  encodeString,
  encodeSymbol,
  encodeTimestamp,
} from './encoding.ts';
import { encodeSection, sectionCode } from './sections.ts';

/** Names of Service Bus's message annotations. Source: `Constants` of @azure/core-amqp. */
const annotation = {
  sequenceNumber: encodeSymbol('x-opt-sequence-number'),
  enqueuedSequenceNumber: encodeSymbol('x-opt-enqueue-sequence-number'),
  enqueuedTime: encodeSymbol('x-opt-enqueued-time'),
  lockedUntil: encodeSymbol('x-opt-locked-until'),
  state: encodeSymbol('x-opt-message-state'),
  deadLetterSource: encodeSymbol('x-opt-deadletter-source'),
  partitionKey: encodeSymbol('x-opt-partition-key'),
  scheduledEnqueueTime: encodeSymbol('x-opt-scheduled-enqueue-time'),
};

const stateNumber = { active: 0, deferred: 1, scheduled: 2 } as const;

const nothing = Buffer.from([0x40]);

/**
 * The message as a receiver gets it: a header and annotations of the broker's, then the sender's bare message untouched.
 * @param lockedUntil milliseconds since 1970, of a message that is handed out under a lock
 */
export function renderMessage(message: StoredMessage, lockedUntil?: number): Buffer {
  return Buffer.concat([
    encodeSection(sectionCode.header, header(message)),
    encodeSection(sectionCode.messageAnnotations, encodeMap([...annotations(message, lockedUntil)])),
    message.bare,
  ]);
}

/** durable, priority, ttl, first-acquirer, delivery-count (OASIS AMQP 1.0, part 3, section 3.2.1). */
function header(message: StoredMessage): Buffer {
  const ttl = message.timeToLive === undefined ? nothing : uint(message.timeToLive);
  return encodeList([nothing, nothing, ttl, nothing, uint(message.deliveryCount)]);
}

function* annotations(message: StoredMessage, lockedUntil: number | undefined): Generator<Buffer> {
  yield* [annotation.sequenceNumber, encodeLong(message.sequenceNumber)];
  yield* [annotation.enqueuedSequenceNumber, encodeLong(message.enqueuedSequenceNumber)];
  yield* [annotation.enqueuedTime, encodeTimestamp(message.enqueuedAt)];
  if (lockedUntil !== undefined) yield* [annotation.lockedUntil, encodeTimestamp(lockedUntil)];
  if (message.state !== 'active') yield* [annotation.state, encodeInt(stateNumber[message.state])];
  if (message.deadLetterSource !== undefined) {
    yield* [annotation.deadLetterSource, encodeString(message.deadLetterSource)];
  }
  if (message.partitionKey !== undefined) yield* [annotation.partitionKey, encodeString(message.partitionKey)];
  if (message.scheduledFor !== undefined) {
    yield* [annotation.scheduledEnqueueTime, encodeTimestamp(message.scheduledFor)];
  }
}

function uint(value: number): Buffer {
  const encoded = Buffer.alloc(5);
  encoded.writeUInt8(0x70, 0);
  encoded.writeUInt32BE(value, 1);
  return encoded;
}
