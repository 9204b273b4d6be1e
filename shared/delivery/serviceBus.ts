import { ServiceBusClient, type ServiceBusSender } from '@azure/service-bus';
import { identity } from '../credentials/identity.ts';
import { AdpError } from '../errors.ts';
import type { ServiceBusNamespace } from '../settings.ts';

/** A message as it is sent: its id is what duplicate detection goes by. */
export interface OutgoingMessage {
  readonly id: string;
  /** JSON; as bytes it is UTF-8. */
  readonly body: string | Buffer;
  /** When it may be received; at once if absent. */
  readonly notBefore?: Date;
  readonly properties?: Readonly<Record<string, string | number>>;
}

/** Sends to one queue. Resolves once the queue has accepted; `NETWORK_ERROR` (retry) where it didn't. */
export interface Outbox {
  send(message: OutgoingMessage): Promise<void>;
}

export interface Queues {
  outbox(queue: string): Outbox;
  probe(): Promise<void>;
}

/** The SDK tries a queue that hangs six times, 15 seconds each: too long for whoever waits for an answer. */
const acceptWithinMs = 25_000;

export function openQueues(namespace: ServiceBusNamespace): Queues {
  const retryOptions = { maxRetries: 5, retryDelayInMs: 300, maxRetryDelayInMs: 5_000, timeoutInMs: 15_000 };
  const client =
    namespace.kind === 'connectionString'
      ? new ServiceBusClient(namespace.connectionString, { retryOptions })
      : new ServiceBusClient(namespace.fullyQualifiedNamespace, identity(namespace), { retryOptions });
  const senders = new Map<string, ServiceBusSender>();
  const senderOf = (queue: string) => {
    const known = senders.get(queue);
    if (known !== undefined) return known;
    const sender = client.createSender(queue);
    senders.set(queue, sender);
    return sender;
  };
  return {
    outbox: (queue) => ({
      send: ({ id, body, notBefore, properties }) =>
        attempt(
          senderOf(queue).sendMessages(
            {
              messageId: id,
              // A Buffer travels as it is: as a string the SDK would wrap the JSON into JSON once more.
              body: typeof body === 'string' ? Buffer.from(body) : body,
              contentType: 'application/json',
              ...(notBefore === undefined ? {} : { scheduledEnqueueTimeUtc: notBefore }),
              ...(properties === undefined ? {} : { applicationProperties: properties }),
            },
            { abortSignal: AbortSignal.timeout(acceptWithinMs) },
          ),
        ),
    }),
    probe: () =>
      attempt(
        senderOf('record-changes')
          .createMessageBatch()
          .then(() => undefined),
      ),
  };
}

async function attempt(call: Promise<void>): Promise<void> {
  try {
    await call;
  } catch (error) {
    throw new AdpError('NETWORK_ERROR', 'The queue did not accept the message.', { cause: error });
  }
}
