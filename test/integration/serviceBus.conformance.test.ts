/** What a user of the unmodified @azure/service-bus may rely on. Each test has a queue of its own. */

import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ServiceBusClient,
  ServiceBusError,
  type ServiceBusReceivedMessage,
  type ServiceBusReceiver,
} from '@azure/service-bus';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { until } from '../helpers/poll.ts';
import { type ServiceBus, startServiceBus } from '../helpers/serviceBus.ts';

/** Whoever is stopped for longer than such a lock lasts has lost it, and is given the message once more. */
const shortLock = (lockDuration: string) => ({ lockDuration, maxDeliveryCount: 1_000 });
let bus: ServiceBus;
let client: ServiceBusClient;

beforeAll(async () => {
  bus = await startServiceBus({
    'as-sent': {},
    bulk: {},
    together: {},
    'receive-and-delete': {},
    locks: shortLock('PT1S'),
    renewal: shortLock('PT4S'),
    'half-lost': shortLock('PT4S'),
    abandon: { maxDeliveryCount: 3 },
    'give-up': { maxDeliveryCount: 3 },
    'dead-letters': {},
    'no-way-back': {},
    mixed: {},
    'one-tick': {},
    defer: {},
    peek: {},
    asked: {},
    schedule: {},
    due: {},
    duplicates: { requiresDuplicateDetection: true },
    window: { requiresDuplicateDetection: true, duplicateDetectionHistoryTimeWindow: 'PT1S' },
    ttl: {},
    sizes: {},
    unsupported: {},
    subscribe: {},
    'long-lived': {},
    order: {},
  });
  client = bus.client();
});

afterAll(async () => {
  await bus.remove();
});

/**
 * So many messages, or fewer where none comes for `patience` milliseconds. Who wants more is given them by a receiver of
 * their own: the SDK gives a link up where the broker is silent for 200 ms when it is told that no more is wanted, opens
 * another one with the next call, and then waits in vain for what it settles on the first one.
 */
async function take(receiver: ServiceBusReceiver, most = 1, patience = 20_000): Promise<ServiceBusReceivedMessage[]> {
  const { entityPath, receiveMode } = receiver;
  const another = () => client.createReceiver(entityPath, { receiveMode, maxAutoLockRenewalDurationInMs: 0 });
  const taken: ServiceBusReceivedMessage[] = [];
  for (let asked = receiver; taken.length < most; asked = another()) {
    const more = await asked.receiveMessages(most - taken.length, { maxWaitTimeInMs: patience });
    if (more.length === 0) break;
    taken.push(...more);
  }
  return taken;
}

async function takeOne(receiver: ServiceBusReceiver): Promise<ServiceBusReceivedMessage> {
  const [message] = await take(receiver);
  if (message === undefined) throw new Error(`Nothing came from ${receiver.entityPath}.`);
  return message;
}

const isLost = (error: unknown) => error instanceof ServiceBusError && error.code === 'MessageLockLost';

/** Completes a message; where its lock has run out meanwhile, as it is given again. */
async function completeInTime(receiver: ServiceBusReceiver, given: ServiceBusReceivedMessage): Promise<void> {
  let message = given;
  await until('it is completed within its lock', async () => {
    try {
      await receiver.completeMessage(message);
      return true;
    } catch (error) {
      if (!isLost(error)) throw error;
      message = await takeOne(receiver);
      return false;
    }
  });
}

const contentOf = (queue: string) => bus.contentOf(queue);
const deadLettersOf = (queue: string) => client.createReceiver(queue, { subQueueType: 'deadLetter' });
const ids = (messages: readonly ServiceBusReceivedMessage[]) => messages.map((message) => message.messageId);

describe('sending and receiving', () => {
  test('a message arrives as it was sent', async () => {
    const sent = {
      body: { text: 'Größe', list: [1, 2.5, null, true], nested: { deep: 'x'.repeat(1000) } },
      messageId: 'an id',
      correlationId: 'a correlation id',
      contentType: 'application/json',
      subject: 'a subject',
      partitionKey: 'a partition',
      applicationProperties: { text: 'a', number: 7, fraction: 1.5, flag: true, date: new Date(1_700_000_000_123) },
    };
    const before = Date.now();
    await client.createSender('as-sent').sendMessages(sent);
    const receiver = client.createReceiver('as-sent', { skipConvertingDate: true });
    const message = await takeOne(receiver);
    expect(message).toMatchObject(sent);
    expect(message.deliveryCount).toBe(0);
    expect(message.state).toBe('active');
    expect(message.sequenceNumber?.toNumber()).toBe(1);
    const enqueuedAt = message.enqueuedTimeUtc?.getTime() ?? 0;
    expect(enqueuedAt).toBeGreaterThanOrEqual(before);
    expect(enqueuedAt).toBeLessThanOrEqual(Date.now());
    await receiver.completeMessage(message);
    expect(await contentOf('as-sent')).toEqual([]);
  });

  test('texts, bytes and numbers stay what they are, whatever the length', async () => {
    const bodies = ['', 'x'.repeat(255), 'x'.repeat(200_000), 12.5, null, Buffer.from([0, 1, 255])];
    for (const body of bodies) await client.createSender('as-sent').sendMessages({ body });
    const receiver = client.createReceiver('as-sent', { receiveMode: 'receiveAndDelete' });
    const got: unknown[] = [];
    while (got.length < bodies.length) got.push((await takeOne(receiver)).body);
    expect(got).toEqual(bodies);
  });

  test('10,000 batched messages are received and completed exactly once', async () => {
    const sender = client.createSender('bulk');
    const expected = Array.from({ length: 10_000 }, (_, i) => `message ${i}`);
    let batch = await sender.createMessageBatch();
    for (const messageId of expected) {
      const message = { body: 'x'.repeat(200), messageId };
      if (batch.tryAddMessage(message)) continue;
      await sender.sendMessages(batch);
      batch = await sender.createMessageBatch();
      batch.tryAddMessage(message);
    }
    await sender.sendMessages(batch);
    const receiver = client.createReceiver('bulk');
    const received: unknown[] = [];
    while (received.length < expected.length) {
      const messages = await take(receiver, 500);
      if (messages.length === 0) break;
      received.push(...ids(messages));
      await Promise.all(messages.map((message) => receiver.completeMessage(message)));
    }
    expect(received).toEqual(expected);
    expect(await contentOf('bulk')).toEqual([]);
  });

  test('two receivers share the work, and none gets the message of the other', async () => {
    await client.createSender('together').sendMessages([1, 2, 3, 4].map((n) => ({ body: n, messageId: `${n}` })));
    const [a, b] = [client.createReceiver('together'), bus.client().createReceiver('together')];
    const fromA = await take(a, 2);
    const fromB = await take(b, 2);
    expect([...ids(fromA), ...ids(fromB)].sort()).toEqual(['1', '2', '3', '4']);
    for (const message of fromA) await a.completeMessage(message);
    for (const message of fromB) await b.completeMessage(message);
    expect(await contentOf('together')).toEqual([]);
  });

  test('receive-and-delete leaves nothing behind', async () => {
    const sent = Array.from({ length: 400 }, (_, i) => ({ body: i, messageId: `${i}` }));
    await client.createSender('receive-and-delete').sendMessages(sent);
    const receiver = client.createReceiver('receive-and-delete', { receiveMode: 'receiveAndDelete' });
    const first = await take(receiver, 300);
    expect(ids(first)).toEqual(sent.slice(0, 300).map((message) => message.messageId));
    expect(ids(await contentOf('receive-and-delete'))).toEqual(sent.slice(300).map((message) => message.messageId));
    expect(ids([...first, ...(await take(receiver, 100))])).toHaveLength(400);
    expect(await take(receiver, 1, 300)).toEqual([]);
  });

  test('subscribe() handles each message once, several at a time', async () => {
    const handled: unknown[] = [];
    let [now, most] = [0, 0];
    const subscription = client.createReceiver('subscribe').subscribe(
      {
        processMessage: async (message) => {
          now += 1;
          most = Math.max(most, now);
          await until('another is handled at the same time', () => most > 1);
          handled.push(message.body);
          now -= 1;
        },
        processError: async ({ error }) => {
          handled.push(error);
        },
      },
      { maxConcurrentCalls: 20 },
    );
    const sent = Array.from({ length: 500 }, (_, i) => ({ body: i }));
    await client.createSender('subscribe').sendMessages(sent);
    await until('all are completed', async () => handled.length >= 500 && (await contentOf('subscribe')).length === 0);
    await subscription.close();
    expect(handled.sort((a, b) => Number(a) - Number(b))).toEqual(sent.map((message) => message.body));
    expect(most).toBeGreaterThan(1);
  });

  test('a receiver may live longer than its session has room for deliveries', async () => {
    const sender = client.createSender('long-lived');
    for (let sent = 0; sent < 20_000; sent += 1000) {
      await sender.sendMessages(Array.from({ length: 1000 }, (_, i) => ({ body: sent + i })));
    }
    const handled = new Set<unknown>();
    const subscription = client.createReceiver('long-lived').subscribe(
      {
        processMessage: async (message) => {
          handled.add(message.body);
        },
        processError: async ({ error }) => {
          handled.add(error);
        },
      },
      { maxConcurrentCalls: 200 },
    );
    await until('all are handled', () => handled.size >= 20_000);
    // Each is completed a little after it was handled.
    await until('all are completed', async () => (await contentOf('long-lived')).length === 0);
    await subscription.close();
    expect([...handled].filter((body) => typeof body !== 'number')).toEqual([]);
    expect(handled.has(19_999)).toBe(true);
  });
});

describe('locks', () => {
  test('a lock that expires gives the message to the next, and the first can no longer complete it', async () => {
    await client.createSender('locks').sendMessages({ body: 'x', messageId: 'slow' });
    const slow = client.createReceiver('locks', { maxAutoLockRenewalDurationInMs: 0 });
    const before = Date.now();
    const first = await takeOne(slow);
    expect(first.lockedUntilUtc?.getTime()).toBeGreaterThan(before);
    const other = client.createReceiver('locks');
    const second = await takeOne(other);
    expect(Date.now()).toBeGreaterThanOrEqual(first.lockedUntilUtc?.getTime() ?? Number.NaN);
    expect(second).toMatchObject({ messageId: 'slow', deliveryCount: 1 });
    await expect(slow.completeMessage(first)).rejects.toMatchObject({ code: 'MessageLockLost' });
    await completeInTime(other, second);
    expect(await contentOf('locks')).toEqual([]);
  });

  test('a renewed lock lasts longer', async () => {
    await client.createSender('renewal').sendMessages({ body: 'x' });
    const receiver = client.createReceiver('renewal', { maxAutoLockRenewalDurationInMs: 0 });
    const message = await takeOne(receiver);
    const other = client.createReceiver('renewal');
    const waiting = take(other, 1, 60_000);
    const firstEnd = message.lockedUntilUtc?.getTime() ?? Number.NaN;
    let lockedUntil = firstEnd;
    while (Date.now() < firstEnd + 1_000) {
      const renewed = await receiver.renewMessageLock(message).catch((error: unknown) => {
        if (!isLost(error)) throw error;
      });
      // We were stopped for longer than it lasted.
      if (renewed === undefined) break;
      expect(renewed.getTime()).toBeGreaterThan(lockedUntil);
      lockedUntil = renewed.getTime();
      await sleep(500);
    }
    // Nobody else gets it before, and no renewal is refused.
    const [next] = await waiting;
    if (!next) throw new Error('It never came.');
    expect(Date.now()).toBeGreaterThanOrEqual(lockedUntil);
    await completeInTime(other, next);
    await expect(other.renewMessageLock(next)).rejects.toThrow();
  });

  test('of two messages completed in one tick, only the one whose lock is lost is refused', async () => {
    await client.createSender('half-lost').sendMessages([{ body: 'kept' }, { body: 'lost' }]);
    const receiver = client.createReceiver('half-lost', { maxAutoLockRenewalDurationInMs: 0 });
    const other = client.createReceiver('half-lost');
    /** How both ended, once the other one has been given what was lost; undefined where we lost both locks ourselves. */
    const completeBoth = async () => {
      const [kept, lost] = await take(receiver, 2);
      if (!kept || !lost) throw new Error('Two messages were expected.');
      let keptUntil = kept.lockedUntilUtc?.getTime() ?? Number.NaN;
      const again: ServiceBusReceivedMessage[] = [];
      const outcomes = async () => {
        while (again.length === 0) {
          keptUntil = (await receiver.renewMessageLock(kept)).getTime();
          again.push(...(await take(other, 1, 500)));
        }
        return await Promise.allSettled([receiver.completeMessage(kept), receiver.completeMessage(lost)]);
      };
      const settled = await outcomes().catch((error: unknown) => {
        if (!isLost(error)) throw error;
        return undefined;
      });
      const wasKept = settled?.[0]?.status === 'fulfilled' && again.every(({ body }) => body === 'lost');
      if (wasKept) return settled;
      // A lock that is renewed is lost to who is stopped for longer than it lasts, and to nobody else.
      expect(Date.now()).toBeGreaterThanOrEqual(keptUntil);
      for (const message of again) await other.abandonMessage(message).catch(() => undefined);
      return undefined;
    };
    const outcomes = await until('one lock is kept and the other lost', completeBoth);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect((await contentOf('half-lost')).map((message) => message.body)).toEqual(['lost']);
  });
});

describe('giving back and giving up', () => {
  test('an abandoned message comes back before later ones, with its count and with the properties given', async () => {
    const sender = client.createSender('abandon');
    await sender.sendMessages([
      { body: 1, messageId: 'first', applicationProperties: { kept: 1, changed: 'before' } },
      { body: 2, messageId: 'second' },
    ]);
    const receiver = client.createReceiver('abandon');
    await receiver.abandonMessage(await takeOne(receiver), { changed: 'after', added: 3 });
    const again = await takeOne(receiver);
    expect(again).toMatchObject({
      messageId: 'first',
      deliveryCount: 1,
      applicationProperties: { kept: 1, changed: 'after', added: 3 },
    });
    expect(Object.keys(again.applicationProperties ?? {})).toHaveLength(3);
    await receiver.completeMessage(again);
    await receiver.completeMessage(await takeOne(receiver));
  });

  test('after the last delivery allowed a message is a dead letter, with the reason', async () => {
    await client.createSender('give-up').sendMessages({ body: 'poison', messageId: 'poison' });
    const receiver = client.createReceiver('give-up');
    const counts: unknown[] = [];
    for (let i = 0; i < 3; i++) {
      const message = await takeOne(receiver);
      counts.push(message.deliveryCount);
      await receiver.abandonMessage(message);
    }
    expect(counts).toEqual([0, 1, 2]);
    expect(await contentOf('give-up')).toEqual([]);
    const deadLetters = deadLettersOf('give-up');
    const dead = await takeOne(deadLetters);
    expect(dead).toMatchObject({
      body: 'poison',
      messageId: 'poison',
      deadLetterReason: 'MaxDeliveryCountExceeded',
      deadLetterErrorDescription: 'Message could not be consumed after 3 delivery attempts.',
      deadLetterSource: 'give-up',
    });
    await deadLetters.completeMessage(dead);
  });

  test('a dead letter says why, and is found by any casing of the address', async () => {
    await client.createSender('dead-letters').sendMessages({ body: 'x', messageId: 'bad' });
    const receiver = client.createReceiver('Dead-Letters');
    const reason = { deadLetterReason: 'MAPPING_ERROR', deadLetterErrorDescription: 'No such field.', row: 7 };
    await receiver.deadLetterMessage(await takeOne(receiver), reason);
    const { row, ...why } = reason;
    for (const suffix of ['$DeadLetterQueue', '$deadletterqueue', '$DEADLETTERQUEUE']) {
      const deadLetters = client.createReceiver(`dead-letters/${suffix}`);
      const dead = await takeOne(deadLetters);
      expect(dead).toMatchObject({ messageId: 'bad', ...why });
      expect(dead.applicationProperties).toMatchObject({ row });
      await deadLetters.abandonMessage(dead);
      await deadLetters.close();
    }
  });

  test('a dead letter stays, however often it is abandoned, and cannot die again; nothing is sent to it', async () => {
    await client.createSender('no-way-back').sendMessages({ body: 'x', messageId: 'dead' });
    const receiver = client.createReceiver('no-way-back');
    await receiver.deadLetterMessage(await takeOne(receiver));
    const deadLetters = deadLettersOf('no-way-back');
    for (let i = 0; i < 15; i++) await deadLetters.abandonMessage(await takeOne(deadLetters));
    const dead = await takeOne(deadLetters);
    await expect(deadLetters.deadLetterMessage(dead)).rejects.toThrow(/dead-letter/);
    expect(ids(await contentOf('no-way-back/$deadletterqueue'))).toEqual(['dead']);
    const sender = client.createSender('no-way-back/$deadletterqueue');
    await expect(sender.sendMessages({ body: 'x' })).rejects.toThrow(/dead-letter/);
  });

  test('mixed outcomes, settled one after the other, are each honoured', async () => {
    await client.createSender('mixed').sendMessages(Array.from({ length: 40 }, (_, i) => ({ body: i })));
    const receiver = client.createReceiver('mixed');
    const messages = await take(receiver, 40);
    expect(messages).toHaveLength(40);
    for (const message of messages) {
      if (message.body % 4 === 0) await receiver.completeMessage(message);
      if (message.body % 4 === 1) await receiver.abandonMessage(message);
      if (message.body % 4 === 2)
        await receiver.deadLetterMessage(message, {
          deadLetterReason: `${message.body}`,
          deadLetterErrorDescription: 'mixed',
        });
      if (message.body % 4 === 3) await receiver.deferMessage(message);
    }
    const left = await contentOf('mixed');
    const bodies = (state: string) => left.filter((message) => message.state === state).map((message) => message.body);
    const every4thFrom = (first: number) => Array.from({ length: 10 }, (_, i) => first + 4 * i);
    expect(bodies('active')).toEqual(every4thFrom(1));
    expect(bodies('deferred')).toEqual(every4thFrom(3));
    const dead = await contentOf('mixed/$deadletterqueue');
    expect(dead.map((message) => message.deadLetterReason)).toEqual(every4thFrom(2).map(String));
  });

  test('many outcomes in one tick are all honoured, and a refusal among acceptances stays one', async () => {
    const sender = client.createSender('one-tick');
    const sends = await Promise.allSettled(
      Array.from({ length: 60 }, (_, i) =>
        sender.sendMessages({ body: i % 3 === 1 ? 'x'.repeat(300_000) : 'x', messageId: `${i}` }),
      ),
    );
    const accepted = sends.flatMap(({ status }, i) => (status === 'fulfilled' ? [`${i}`] : []));
    expect(accepted).toHaveLength(40);
    expect(ids(await contentOf('one-tick')).sort()).toEqual(accepted.sort());
    const receiver = client.createReceiver('one-tick');
    const messages = await take(receiver, 40);
    await Promise.all(messages.slice(0, 10).map((message) => receiver.abandonMessage(message)));
    const again = await take(receiver, 10);
    expect(ids(again)).toEqual(ids(messages.slice(0, 10)));
    await Promise.all(again.map((message) => receiver.deadLetterMessage(message)));
    await Promise.all(messages.slice(10).map((message) => receiver.completeMessage(message)));
    expect(await contentOf('one-tick')).toEqual([]);
    expect(await contentOf('one-tick/$deadletterqueue')).toHaveLength(10);
  });

  test('a deferred message comes only by its number', async () => {
    await client.createSender('defer').sendMessages([{ body: 'later', messageId: 'later' }, { body: 'now' }]);
    const receiver = client.createReceiver('defer');
    const [later, next] = await take(receiver, 2);
    if (!later?.sequenceNumber || !next) throw new Error('Two messages were expected.');
    await receiver.deferMessage(later, { because: 'too early' });
    await receiver.completeMessage(next);
    expect(await take(receiver, 1, 300)).toEqual([]);
    const [deferred] = await receiver.receiveDeferredMessages(later.sequenceNumber);
    expect(deferred).toMatchObject({ body: 'later', applicationProperties: { because: 'too early' } });
    await expect(receiver.receiveDeferredMessages(later.sequenceNumber)).rejects.toMatchObject({
      code: 'MessageNotFound',
    });
    if (deferred) await receiver.abandonMessage(deferred);
    const [again] = await receiver.receiveDeferredMessages(later.sequenceNumber);
    expect(again).toMatchObject({ state: 'deferred', deliveryCount: 1 });
    if (again) await receiver.completeMessage(again);
    expect(await contentOf('defer')).toEqual([]);
  });
});

describe('the rest of a queue', () => {
  test('peeking shows everything from a number on, and locks nothing', async () => {
    const sent = Array.from({ length: 30 }, (_, i) => ({ body: i }));
    await client.createSender('peek').sendMessages(sent);
    const receiver = client.createReceiver('peek');
    await take(receiver, 5);
    const peeker = client.createReceiver('peek');
    const pages = [await peeker.peekMessages(20), await peeker.peekMessages(20), await peeker.peekMessages(20)];
    expect(pages.map((page) => page.length)).toEqual([20, 10, 0]);
    expect(pages.flat().map((message) => message.body)).toEqual(sent.map((message) => message.body));
    const fromSequenceNumber = pages[1]?.[8]?.sequenceNumber;
    if (!fromSequenceNumber) throw new Error('Nine messages were expected on the second page.');
    const from = await peeker.peekMessages(2, { fromSequenceNumber });
    expect(from.map((message) => message.body)).toEqual([28, 29]);
  });

  test('a client may ask as often as it likes', async () => {
    await client.createSender('asked').sendMessages({ body: 'x' });
    const receiver = client.createReceiver('asked');
    const message = await takeOne(receiver);
    let answers = 0;
    for (let round = 0; round < 50; round++) {
      const asked = Array.from({ length: 100 }, () => receiver.renewMessageLock(message));
      answers += (await Promise.all(asked)).length;
    }
    expect(answers).toBe(5000);
    await receiver.completeMessage(message);
  });

  test('scheduled messages do not come before they are due, nor if they were cancelled', async () => {
    const sender = client.createSender('schedule');
    const due = new Date(Date.now() + 3_600_000);
    const [, cancelled] = await sender.scheduleMessages(
      [
        { body: 1, messageId: 'scheduled' },
        { body: 2, messageId: 'cancelled' },
      ],
      due,
    );
    await sender.sendMessages({ body: 3, messageId: 'by property', scheduledEnqueueTimeUtc: due });
    await sender.sendMessages({ body: 4, messageId: 'at once' });
    if (!cancelled) throw new Error('Two numbers were expected.');
    await sender.cancelScheduledMessages(cancelled);
    const states = (await contentOf('schedule')).map((message) => [message.messageId, message.state]);
    expect(states).toEqual([
      ['scheduled', 'scheduled'],
      ['by property', 'scheduled'],
      ['at once', 'active'],
    ]);
    const receiver = client.createReceiver('schedule', { receiveMode: 'receiveAndDelete' });
    expect(ids(await take(receiver, 5, 300))).toEqual(['at once']);
    await expect(sender.cancelScheduledMessages(cancelled)).rejects.toMatchObject({ code: 'MessageNotFound' });
  });

  test('scheduled messages come when they are due', async () => {
    const sender = client.createSender('due');
    const due = new Date(Date.now() + 3_000);
    const [scheduled] = await sender.scheduleMessages({ body: 1, messageId: 'scheduled' }, due);
    await sender.sendMessages({ body: 2, messageId: 'by property', scheduledEnqueueTimeUtc: due });
    const receiver = client.createReceiver('due', { receiveMode: 'receiveAndDelete' });
    const came = ids(await take(receiver, 2));
    expect(Date.now()).toBeGreaterThanOrEqual(due.getTime());
    expect(came.sort()).toEqual(['by property', 'scheduled']);
    if (!scheduled) throw new Error('A number was expected.');
    await expect(sender.cancelScheduledMessages(scheduled)).rejects.toMatchObject({ code: 'MessageNotFound' });
  });

  test('a message id that was sent before is accepted and dropped, also after the first was completed', async () => {
    const sender = client.createSender('duplicates');
    const receiver = client.createReceiver('duplicates');
    await sender.sendMessages({ body: 'first', messageId: 'same' });
    await sender.sendMessages([
      { body: 'second', messageId: 'same' },
      { body: 'other', messageId: 'other' },
    ]);
    const messages = await take(receiver, 2);
    expect(messages.map((message) => message.body)).toEqual(['first', 'other']);
    expect(await contentOf('duplicates')).toHaveLength(2);
    for (const message of messages) await receiver.completeMessage(message);
    await sender.sendMessages({ body: 'third', messageId: 'same' });
    await sender.scheduleMessages({ body: 'fourth', messageId: 'same' }, new Date(Date.now() + 10_000));
    expect(await contentOf('duplicates')).toEqual([]);
  });

  test('a message id is forgotten after its window', async () => {
    const sender = client.createSender('window');
    await sender.sendMessages({ body: 1, messageId: 'same' });
    await until('the same id is taken again', async () => {
      await sender.sendMessages({ body: 2, messageId: 'same' });
      return (await contentOf('window')).length === 2;
    });
  });

  test('a message expires if it is asked to, and never otherwise', async () => {
    await client.createSender('ttl').sendMessages([{ body: 'short', timeToLive: 200 }, { body: 'unlimited' }]);
    const receiver = client.createReceiver('ttl');
    await until('it is gone, and the other one is not', async () => {
      const messages = await take(receiver, 2, 300);
      for (const message of messages) await receiver.abandonMessage(message);
      return messages.length === 1 && messages[0]?.body === 'unlimited';
    });
  });

  test('messages are received in the order of their numbers', async () => {
    const sender = client.createSender('order');
    for (let i = 0; i < 5; i++) {
      await sender.sendMessages(Array.from({ length: 100 }, (_, k) => ({ body: 100 * i + k })));
    }
    const receiver = client.createReceiver('order', { receiveMode: 'receiveAndDelete' });
    const got: unknown[] = [];
    got.push(...(await take(receiver, 500)).map((message) => message.body));
    expect(got).toEqual(Array.from({ length: 500 }, (_, i) => i));
  });
});

describe('what is refused', () => {
  test('a message of more than 256 KB', async () => {
    const sender = client.createSender('sizes');
    await expect(sender.sendMessages({ body: 'x'.repeat(262_144) })).rejects.toMatchObject({
      code: 'MessageSizeExceeded',
    });
    await sender.sendMessages({ body: 'x'.repeat(261_000) });
    expect(await contentOf('sizes')).toHaveLength(1);
  });

  test('a batch of more than 256 KB', async () => {
    const batch = await client.createSender('sizes').createMessageBatch();
    expect(batch.maxSizeInBytes).toBe(262_144);
    expect(batch.tryAddMessage({ body: 'x'.repeat(200_000) })).toBe(true);
    expect(batch.tryAddMessage({ body: 'x'.repeat(100_000) })).toBe(false);
  });

  test('a queue that is not defined, by sender and receiver', async () => {
    const unknown = { code: 'MessagingEntityNotFound' };
    await expect(client.createSender('nowhere').sendMessages({ body: 'x' })).rejects.toMatchObject(unknown);
    await expect(take(client.createReceiver('nowhere'))).rejects.toMatchObject(unknown);
  });

  test('sessions and topics, by name', async () => {
    // Here the SDK hides the broker's reason behind words of its own, so the broker says it on stderr too.
    await expect(client.acceptSession('unsupported', 'a session')).rejects.toThrow();
    const said = () => bus.program().lines('does not support sessions');
    await until('the broker says so', () => said().length > 0);
    expect(said()).toHaveLength(1);
    await expect(client.acceptNextSession('unsupported')).rejects.toThrow(/does not support sessions/);
    await expect(take(client.createReceiver('a-topic', 'a-subscription'))).rejects.toThrow(/does not support topics/);
  });

  test('management operations that it does not know, by name', async () => {
    const rules = client.createRuleManager('unsupported', 'a-subscription');
    await expect(rules.createRule('rule', { sqlExpression: '1=1' })).rejects.toThrow(/does not support topics/);
  });
});
