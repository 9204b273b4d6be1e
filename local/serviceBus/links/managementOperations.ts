/**
 * What a client may ask of a queue besides sending and receiving. Requests and replies are maps.
 * Source: learn.microsoft.com/azure/service-bus-messaging/service-bus-amqp-request-response
 */
import { renderMessage } from '../amqp/outgoingMessage.ts';
import { lockLost, notSupported, Refusal } from '../amqp/refusal.ts';
import { rhea } from '../amqp/rhea.ts';
import type { Queue } from '../queue/queue.ts';
import { readDispositionStatus } from './outcomes.ts';
import { readMessages } from './producerLink.ts';

export type Fields = { readonly [field: string]: unknown };

/** Undefined: there is nothing to say, "no content". */
export type Reply = Fields | undefined;

const operations: { readonly [operation: string]: (queue: Queue, request: Fields) => Reply } = {
  'com.microsoft:peek-message': peek,
  'com.microsoft:renew-lock': renewLock,
  'com.microsoft:schedule-message': schedule,
  'com.microsoft:cancel-scheduled-message': cancelScheduled,
  'com.microsoft:receive-by-sequence-number': receiveDeferred,
  'com.microsoft:update-disposition': updateDisposition,
};

/** @throws Refusal if it can't be done, or if this broker doesn't do it */
export function performOperation(operation: string, queue: Queue, request: Fields): Reply {
  const perform = Object.hasOwn(operations, operation) ? operations[operation] : undefined;
  if (perform === undefined) throw notSupported(`the operation ${operation}`);
  return perform(queue, request);
}

/** Bytes of messages in one reply, so that it stays small however many are asked for. */
const peekedAtMost = 1024 * 1024;

function peek(queue: Queue, request: Fields): Reply {
  if (request['session-id'] !== undefined && request['session-id'] !== null) throw notSupported('sessions');
  const messages: { message: Buffer }[] = [];
  let bytes = 0;
  for (const stored of queue.browse(toNumber(request['from-sequence-number']))) {
    const message = renderMessage(stored);
    messages.push({ message });
    bytes += message.length;
    if (messages.length >= toNumber(request['message-count']) || bytes >= peekedAtMost) break;
  }
  return messages.length > 0 ? { messages } : undefined;
}

function renewLock(queue: Queue, request: Fields): Reply {
  const tokens = heldTokens(queue, request);
  return { expirations: tokens.map((token) => new Date(queue.renewLock(token))) };
}

function schedule(queue: Queue, request: Fields): Reply {
  const messages = toList(request.messages).map((entry) => toBuffer(toFields(entry).message));
  const incoming = messages.flatMap((message) => readMessages(message));
  const sequenceNumbers = incoming.map((message) => queue.enqueue(message));
  return { 'sequence-numbers': rhea.types.wrap_array(sequenceNumbers, 0x81, undefined) };
}

function cancelScheduled(queue: Queue, request: Fields): Reply {
  queue.cancelScheduled(toList(request['sequence-numbers']).map(toNumber));
  return {};
}

/** The receiver settle mode is 0 to receive and delete, 1 to receive under locks. */
function receiveDeferred(queue: Queue, request: Fields): Reply {
  const sequenceNumbers = toList(request['sequence-numbers']).map(toNumber);
  if (request['receiver-settle-mode'] === 0) {
    const deleted = queue.receiveAndDeleteDeferred(sequenceNumbers);
    return { messages: deleted.map((message) => ({ message: renderMessage(message) })) };
  }
  const received = queue.receiveDeferred(sequenceNumbers);
  return {
    messages: received.map(({ message, lock }) => ({
      'lock-token': rhea.types.wrap_uuid(lock.token),
      message: renderMessage(message, lock.lockedUntil),
    })),
  };
}

function updateDisposition(queue: Queue, request: Fields): Reply {
  const outcome = readDispositionStatus(request);
  for (const token of heldTokens(queue, request)) queue.settle(token, outcome);
  return {};
}

/** @throws Refusal if one of the locks is lost, before anything was done with the others */
function heldTokens(queue: Queue, request: Fields): Buffer[] {
  const tokens = toList(request['lock-tokens']).map(toBuffer);
  if (!tokens.every((token) => queue.hasLock(token))) throw lockLost();
  return tokens;
}

/** A map as rhea gives it. */
export function toFields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/** rhea gives an array of AMQP's as its own wrapper or as a JavaScript array, and a single item as itself. */
function toList(value: unknown): unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  const wrapped = toFields(value).value;
  return Array.isArray(wrapped) ? wrapped : [value];
}

/** rhea gives a long as a number, or as its eight bytes. */
function toNumber(value: unknown): number {
  const number = Buffer.isBuffer(value) && value.length === 8 ? Number(value.readBigInt64BE()) : value;
  if (typeof number !== 'number') throw new Refusal('malformed', 'A number was expected in the request.');
  return number;
}

function toBuffer(value: unknown): Buffer {
  const bytes = toFields(value).value ?? value;
  if (!Buffer.isBuffer(bytes)) throw new Refusal('malformed', 'Bytes were expected in the request.');
  return bytes;
}
