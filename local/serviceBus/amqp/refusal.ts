/**
 * An AMQP error: what a client is told when it asks for what can't be done. The SDK turns the condition into an error
 * code of its own, shown behind each.
 * Source: `ConditionErrorNameMapper` of @azure/core-amqp.
 */
export class Refusal extends Error {
  readonly condition: string;
  constructor(condition: keyof typeof conditions, description: string) {
    super(description);
    this.condition = conditions[condition];
  }
  /** As AMQP carries it. */
  toAmqp(): { condition: string; description: string } {
    return { condition: this.condition, description: this.message };
  }
}

const conditions = {
  /** MessageLockLost */
  lockLost: 'com.microsoft:message-lock-lost',
  /** MessageNotFound */
  messageNotFound: 'com.microsoft:message-not-found',
  /** MessageSizeExceeded */
  tooLarge: 'amqp:link:message-size-exceeded',
  /** MessagingEntityNotFound */
  notFound: 'amqp:not-found',
  /** NotImplementedError: Service Bus can, this broker can't. */
  notSupported: 'amqp:not-implemented',
  /** InvalidOperationError: Service Bus can't either. */
  notAllowed: 'amqp:not-allowed',
  /** A malformed message or request. */
  malformed: 'amqp:decode-error',
} as const;

export function lockLost(): Refusal {
  return new Refusal(
    'lockLost',
    'The lock supplied is invalid. Either the lock expired, or the message has already been removed from the queue.',
  );
}

export function notSupported(what: string): Refusal {
  return new Refusal('notSupported', `The local Service Bus broker does not support ${what}.`);
}

/** A RangeError means bytes that are not what they should be; anything else is a bug of ours, and goes up. */
export function toRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof RangeError) return new Refusal('malformed', error.message);
  throw error;
}
