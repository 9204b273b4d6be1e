import { describe, expect, test } from '@jest/globals';
import { setApplicationProperties } from '../../local/serviceBus/amqp/applicationProperties.ts';
import { readIncomingMessage } from '../../local/serviceBus/amqp/incomingMessage.ts';
import { renderMessage } from '../../local/serviceBus/amqp/outgoingMessage.ts';
import { decode, rhea } from '../../local/serviceBus/amqp/rhea.ts';
import type { StoredMessage } from '../../local/serviceBus/queue/message.ts';

const newId = () => 'a new id';

const stored: StoredMessage = {
  sequenceNumber: 2 ** 40,
  enqueuedSequenceNumber: 7,
  enqueuedAt: 1_700_000_000_123,
  messageId: 'id',
  state: 'deferred',
  deliveryCount: 3,
  timeToLive: 5000,
  partitionKey: 'key',
  scheduledFor: 1_700_000_000_456,
  deadLetterSource: 'a queue',
  bare: rhea.message.encode({ message_id: 'id', body: 'text' }),
};

describe('reading', () => {
  test('the bare message is kept bit for bit, whatever the types in it', () => {
    const typed = {
      message_id: 'id',
      application_properties: {
        small: rhea.types.wrap_ubyte(1),
        long: rhea.types.wrap_long(1),
        symbol: rhea.types.wrap_symbol('s'),
      },
      body: rhea.message.data_section(Buffer.from('text')),
      footer: { f: 1 },
    };
    const bytes = rhea.message.encode({ ttl: 60_000, message_annotations: { 'x-opt-partition-key': 'key' }, ...typed });
    const incoming = readIncomingMessage(bytes, newId);
    expect(incoming).toMatchObject({
      messageId: 'id',
      timeToLive: 60_000,
      partitionKey: 'key',
      scheduledFor: undefined,
    });
    expect(bytes.subarray(-incoming.bare.length)).toEqual(incoming.bare);
    expect(decode(incoming.bare)).toMatchObject({ message_id: 'id', footer: { f: 1 } });
  });

  test('a large message is not copied; a small one keeps nothing else of what was read with it in memory', () => {
    const [large, small] = [200_000, 100].map((length) =>
      rhea.message.encode({
        ttl: 60_000,
        message_id: 'id',
        body: rhea.message.data_section(Buffer.alloc(length, 'x')),
      }),
    );
    if (large === undefined || small === undefined) throw new Error('Two were encoded.');
    const read = Buffer.alloc(64_000);
    small.copy(read);
    const [kept, copied] = [large, read.subarray(0, small.length)].map(
      (bytes) => readIncomingMessage(bytes, newId).bare,
    );
    expect(kept?.buffer).toBe(large.buffer);
    expect(copied?.buffer).not.toBe(read.buffer);
    for (const bare of [kept, copied]) expect(decode(bare ?? Buffer.alloc(0))).toMatchObject({ message_id: 'id' });
  });

  test.each([{ body: 'x' }, { body: 'x', subject: 'kept', correlation_id: 'too' }])(
    '%j without an id gets one',
    (message) => {
      const incoming = readIncomingMessage(rhea.message.encode(message), newId);
      expect(incoming.messageId).toBe('a new id');
      expect(decode(incoming.bare)).toMatchObject({ message_id: 'a new id', ...message });
    },
  );

  test('bytes that are no message are refused, wherever they break off', () => {
    const bytes = rhea.message.encode({
      message_id: 'id',
      application_properties: { a: 'b', c: 1 },
      body: 'x'.repeat(300),
    });
    const whole = decode(bytes);
    for (let length = 1; length < bytes.length; length++) {
      // A message may end after a section; anything else is refused.
      try {
        const { bare } = readIncomingMessage(bytes.subarray(0, length), newId);
        expect(decode(bare).body).not.toEqual(whole.body);
      } catch (error) {
        expect(error).toMatchObject({ name: 'RangeError' });
      }
    }
  });
});

test('a receiver is told everything that the broker knows', () => {
  expect(decode(renderMessage(stored, 1_700_000_060_000))).toMatchObject({
    ttl: 5000,
    delivery_count: 3,
    message_id: 'id',
    body: 'text',
    message_annotations: {
      'x-opt-sequence-number': 2 ** 40,
      'x-opt-enqueue-sequence-number': 7,
      'x-opt-enqueued-time': new Date(1_700_000_000_123),
      'x-opt-locked-until': new Date(1_700_000_060_000),
      'x-opt-message-state': 1,
      'x-opt-deadletter-source': 'a queue',
      'x-opt-partition-key': 'key',
      'x-opt-scheduled-enqueue-time': new Date(1_700_000_000_456),
    },
  });
});

test('application properties are added and replaced, with the rest left as it is', () => {
  const before = {
    message_id: 'id',
    application_properties: { a: 1, b: 'two' },
    body: rhea.message.data_section(Buffer.from('x')),
  };
  const changed = setApplicationProperties(rhea.message.encode(before), {
    b: 'x'.repeat(300),
    c: true,
    d: new Date(5),
  });
  const decoded = decode(changed);
  expect(decoded.application_properties).toEqual({ a: 1, b: 'x'.repeat(300), c: true, d: new Date(5) });
  expect(decoded).toMatchObject({ message_id: 'id', body: { content: Buffer.from('x') } });
  const without = setApplicationProperties(rhea.message.encode({ message_id: 'id', body: 'text' }), { c: 1 });
  expect(decode(without)).toMatchObject({ message_id: 'id', application_properties: { c: 1 }, body: 'text' });
});
