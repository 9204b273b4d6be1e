import type { ServiceBusReceivedMessage } from '@azure/service-bus';
import { type RpcData, type RpcMetadata, toRpcMetadata } from '../rpc.ts';

/** A message's body as the handler gets it: text (which the library JSON-parses where it can), else bytes. */
export function toBodyData(message: ServiceBusReceivedMessage): RpcData {
  const text = toText(message);
  return text === undefined ? { bytes: toBytes(message) } : { string: text };
}

/**
 * The bodies of a batch.
 * @throws where one is not text: the library has no batch of mixed kinds
 */
export function toBatchData(messages: readonly ServiceBusReceivedMessage[]): RpcData {
  const texts = messages.map((message) => {
    const text = toText(message);
    if (text === undefined) throw new TypeError(`Message ${message.messageId} is not text in UTF-8`);
    return text;
  });
  return { collectionString: { string: texts } };
}

/** Binding data under the names of the .NET extension (`ServiceBusTriggerBindingStrategy.cs` of azure-sdk-for-net). */
export function toTriggerMetadata(message: ServiceBusReceivedMessage): RpcMetadata {
  return toRpcMetadata(describe(message));
}

/** The same for a batch: `…Array`, a value for each message, null where it has none. */
export function toBatchMetadata(messages: readonly ServiceBusReceivedMessage[]): RpcMetadata {
  const columns: Record<string, unknown[]> = {};
  messages.forEach((message, index) => {
    for (const [name, value] of Object.entries(describe(message))) {
      const column = columns[`${name}Array`] ?? new Array(messages.length).fill(null);
      column[index] = value ?? null;
      columns[`${name}Array`] = column;
    }
  });
  return toRpcMetadata(columns);
}

function describe(message: ServiceBusReceivedMessage): Record<string, unknown> {
  const applicationProperties = message.applicationProperties ?? {};
  return {
    // .NET counts the delivery that is under way, as the wire doesn't.
    DeliveryCount: (message.deliveryCount ?? 0) + 1,
    DeadLetterSource: message.deadLetterSource,
    LockToken: message.lockToken,
    ExpiresAtUtc: message.expiresAtUtc,
    ExpiresAt: message.expiresAtUtc,
    EnqueuedTimeUtc: message.enqueuedTimeUtc,
    EnqueuedTime: message.enqueuedTimeUtc,
    MessageId: message.messageId,
    ContentType: message.contentType,
    ReplyTo: message.replyTo,
    SequenceNumber: message.sequenceNumber?.toNumber(),
    To: message.to,
    Subject: message.subject,
    Label: message.subject,
    CorrelationId: message.correlationId,
    ApplicationProperties: applicationProperties,
    UserProperties: applicationProperties,
    SessionId: message.sessionId,
    ReplyToSessionId: message.replyToSessionId,
    PartitionKey: message.partitionKey,
  };
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function toText({ body }: ServiceBusReceivedMessage): string | undefined {
  if (typeof body === 'string') return body;
  if (!(body instanceof Uint8Array)) return JSON.stringify(body);
  try {
    return utf8.decode(body);
  } catch {
    return undefined;
  }
}

function toBytes({ body }: ServiceBusReceivedMessage): Uint8Array {
  return body instanceof Uint8Array ? body : new Uint8Array();
}
