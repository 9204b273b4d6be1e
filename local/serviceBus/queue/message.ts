/**
 * A message in a queue. Times are milliseconds since 1970.
 *
 * A message is `active` (waiting or locked), `scheduled` (not yet enqueued) or `deferred` (only to be had by its number).
 */
export interface StoredMessage {
  readonly sequenceNumber: number;
  /** The number that it got when it was first enqueued: a dead letter gets a new one in its new queue. */
  readonly enqueuedSequenceNumber: number;
  readonly enqueuedAt: number;
  readonly messageId: string;
  readonly partitionKey?: string | undefined;
  /** Milliseconds, as the sender asked for. */
  readonly timeToLive?: number | undefined;
  readonly expiresAt?: number | undefined;
  readonly scheduledFor?: number | undefined;
  /** The queue in which it died. */
  readonly deadLetterSource?: string | undefined;
  readonly state: MessageState;
  /** Failed deliveries so far. */
  readonly deliveryCount: number;
  /** Properties, application properties, body and footer as AMQP, exactly as they came. */
  readonly bare: Buffer;
}

export type MessageState = 'active' | 'scheduled' | 'deferred';
