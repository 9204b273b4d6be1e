/** What a broker that is killed at any moment still knows: everything that it had acknowledged. */
import { open, readFile, stat, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceBusReceivedMessage } from '@azure/service-bus';
import { afterEach, expect, test } from '@jest/globals';
import { until } from '../helpers/poll.ts';
import { run } from '../helpers/process.ts';
import { define, mainFile, type Queues, type ServiceBus, startServiceBus } from '../helpers/serviceBus.ts';

let bus: ServiceBus;

async function start(queues: Queues): Promise<ServiceBus> {
  bus = await startServiceBus(queues);
  return bus;
}

afterEach(async () => {
  await bus.remove();
});

const persistent = { retryOptions: { maxRetries: 2, retryDelayInMs: 100, timeoutInMs: 2000 } };

const contentOf = (queue: string) => bus.contentOf(queue);

/** The SDK sometimes doesn't notice that its connection is gone, and then waits for a minute: as good as a failure. */
async function succeeds(operation: Promise<unknown>): Promise<boolean> {
  const done = operation.then(
    () => true,
    () => false,
  );
  return await Promise.race([done, sleep(5000, false, { ref: false })]);
}

test('kills at random moments lose no acknowledged message and bring none back that was completed', async () => {
  // A sender whose acknowledgement was lost sends again; duplicate detection makes that harmless.
  await start({ queue: { lockDuration: 'PT2S', maxDeliveryCount: 1000, requiresDuplicateDetection: true } });
  const acknowledged = new Set<unknown>();
  const received = new Set<unknown>();
  const completed = new Set<unknown>();
  const returned: unknown[] = [];
  let sending = true;

  const produce = async () => {
    let sender = bus.client(persistent).createSender('queue');
    for (let i = 0; sending; i++) {
      const messages = Array.from({ length: 20 }, (_, k) => ({ body: 'x'.repeat(500), messageId: `${i}-${k}` }));
      if (await succeeds(sender.sendMessages(messages))) {
        for (const { messageId } of messages) acknowledged.add(messageId);
      } else {
        sender = bus.client(persistent).createSender('queue');
      }
      await sleep(2);
    }
  };

  const consume = async () => {
    const newReceiver = () => bus.client(persistent).createReceiver('queue', { maxAutoLockRenewalDurationInMs: 0 });
    let receiver = newReceiver();
    for (let quietSince = Date.now(); sending || Date.now() < quietSince + 4000; ) {
      let messages: ServiceBusReceivedMessage[] = [];
      const receive = async () => {
        messages = await receiver.receiveMessages(50, { maxWaitTimeInMs: 500 });
      };
      const outcomes = [await succeeds(receive())];
      if (messages.length > 0) quietSince = Date.now();
      for (const { messageId } of messages) {
        received.add(messageId);
        if (completed.has(messageId)) returned.push(messageId);
      }
      const complete = async (message: ServiceBusReceivedMessage) => {
        const done = await succeeds(receiver.completeMessage(message));
        if (done) completed.add(message.messageId);
        return done;
      };
      outcomes.push(...(await Promise.all(messages.map(complete))));
      if (outcomes.includes(false)) receiver = newReceiver();
    }
  };

  const producing = produce();
  const consuming = consume();
  for (let kills = 0; kills < 6; kills++) {
    const [sent, done] = [acknowledged.size, completed.size];
    await until('messages flow again', () => acknowledged.size > sent + 80 && completed.size > done + 80);
    await sleep(Math.random() * 1000);
    await bus.killAndRestart();
  }
  sending = false;
  await producing;
  await consuming;
  const left = await contentOf('queue');
  for (const { messageId } of left) received.add(messageId);
  expect([...acknowledged].filter((messageId) => !received.has(messageId))).toEqual([]);
  expect(returned).toEqual([]);
  expect(left.filter(({ messageId }) => completed.has(messageId))).toEqual([]);
});

test('a kill keeps what was scheduled, deferred, dead-lettered, counted and seen, and numbers go on', async () => {
  await start({ queue: {}, soon: {}, duplicates: { requiresDuplicateDetection: true } });
  const before = bus.client();
  const sender = before.createSender('queue');
  const receiver = before.createReceiver('queue');
  await sender.scheduleMessages({ body: 'x', messageId: 'scheduled' }, new Date(Date.now() + 3_600_000));
  await sender.sendMessages(
    ['deferred', 'dead', 'abandoned', 'completed'].map((messageId) => ({ body: 'x', messageId })),
  );
  const taken: ServiceBusReceivedMessage[] = [];
  // Each time by another one: what the SDK was given on a link that it has given up since can't be settled on the next.
  while (taken.length < 4) taken.push(...(await before.createReceiver('queue').receiveMessages(4 - taken.length)));
  const [deferred, dead, abandoned, completed] = taken;
  if (!deferred?.sequenceNumber || !dead || !abandoned || !completed) throw new Error('Four messages were expected.');
  await receiver.deferMessage(deferred);
  await receiver.deadLetterMessage(dead, { deadLetterReason: 'why', deadLetterErrorDescription: 'because' });
  await receiver.abandonMessage(abandoned, { tried: 1 });
  await receiver.completeMessage(completed);
  await before.createSender('duplicates').sendMessages({ body: 'x', messageId: 'once' });
  const only = before.createReceiver('duplicates');
  for (const message of await only.receiveMessages(1)) await only.completeMessage(message);
  const { sequenceNumber } = deferred;
  const due = new Date(Date.now() + 2000);
  await before.createSender('soon').sendMessages({ body: 'x', messageId: 'soon', scheduledEnqueueTimeUtc: due });

  await bus.killAndRestart();
  const client = bus.client();
  const states = (await contentOf('queue')).map((message) => [message.messageId, message.state]);
  expect(states).toEqual([
    ['scheduled', 'scheduled'],
    ['deferred', 'deferred'],
    ['abandoned', 'active'],
  ]);
  const again = client.createReceiver('queue', { receiveMode: 'receiveAndDelete' });
  expect((await again.receiveMessages(1))[0]).toMatchObject({
    messageId: 'abandoned',
    deliveryCount: 1,
    applicationProperties: { tried: 1 },
  });
  expect((await again.receiveDeferredMessages(sequenceNumber))[0]?.messageId).toBe('deferred');
  const soon = client.createReceiver('soon', { receiveMode: 'receiveAndDelete' });
  expect((await soon.receiveMessages(1))[0]?.messageId).toBe('soon');
  expect(Date.now()).toBeGreaterThanOrEqual(due.getTime());
  expect((await contentOf('queue/$deadletterqueue'))[0]).toMatchObject({ messageId: 'dead', deadLetterReason: 'why' });
  await client.createSender('duplicates').sendMessages({ body: 'x', messageId: 'once' });
  expect(await contentOf('duplicates')).toEqual([]);

  // Everything is gone, and yet the numbers don't start again.
  await bus.killAndRestart();
  await bus.client().createSender('duplicates').sendMessages({ body: 'x', messageId: 'next' });
  expect((await contentOf('duplicates'))[0]?.sequenceNumber?.toNumber()).toBe(2);
});

test('the journal stays small while messages come and go, and keeps those that stay', async () => {
  await start({ queue: {} });
  const client = bus.client();
  const sender = client.createSender('queue');
  const staying = Array.from({ length: 50 }, (_, i) => ({ body: 'y'.repeat(1000), messageId: `staying ${i}` }));
  const receiver = client.createReceiver('queue', { receiveMode: 'receiveAndDelete' });
  let largest = 0;
  for (let round = 0; round < 40; round++) {
    for (let i = 0; i < 5; i++) await sender.sendMessages({ body: 'x'.repeat(200_000) });
    for (let taken = 0; taken < 5; ) taken += (await receiver.receiveMessages(5 - taken)).length;
    if (round === 0) await sender.scheduleMessages(staying, new Date(Date.now() + 3_600_000));
    largest = Math.max(largest, (await stat(bus.journal)).size);
  }
  expect(largest).toBeGreaterThan(10_000_000);
  expect(largest).toBeLessThan(20_000_000);
  await bus.killAndRestart();
  expect((await contentOf('queue')).map((message) => message.messageId)).toEqual(
    staying.map(({ messageId }) => messageId),
  );
  expect((await stat(bus.journal)).size).toBeLessThan(100_000);
});

test('a group that was written in part only is dropped, what was acknowledged before is kept', async () => {
  await start({ queue: {} });
  await bus
    .client()
    .createSender('queue')
    .sendMessages([{ body: 1 }, { body: 2 }]);
  await bus.program().stop('SIGKILL');
  const journal = await open(bus.journal, 'a');
  await journal.write(Buffer.from([0, 0, 1, 0, 1, 2, 3, 4, 5, 6, 7]));
  await journal.close();
  await bus.restart();
  expect((await contentOf('queue')).map((message) => message.body)).toEqual([1, 2]);
  await bus.client().createSender('queue').sendMessages({ body: 3 });
  await bus.killAndRestart();
  expect((await contentOf('queue')).map((message) => message.body)).toEqual([1, 2, 3]);
});

test('a journal that is damaged elsewhere is not opened, and not touched', async () => {
  await start({ queue: {} });
  const sender = bus.client().createSender('queue');
  for (let i = 0; i < 5; i++) await sender.sendMessages({ body: 'x'.repeat(1000) });
  await bus.program().stop('SIGKILL');
  const damaged = await readFile(bus.journal);
  damaged.writeUInt8(damaged.readUInt8(1500) ^ 0xff, 1500);
  await writeFile(bus.journal, damaged);
  const program = run(mainFile, ['--port', '0', '--data-dir', bus.folder, '--queues', `${bus.folder}/queues.json`]);
  expect(await program.ended).toBe(1);
  expect(program.output()).toMatch(/messages\.journal is damaged at byte \d+/);
  expect(await readFile(bus.journal)).toEqual(damaged);
});

test('messages of a queue that is no longer defined keep the broker from starting', async () => {
  await start({ old: {}, queue: {} });
  await bus.client().createSender('old').sendMessages({ body: 'x' });
  await bus.program().stop();
  const queues = await define(bus.folder, { queue: {} });
  const program = run(mainFile, ['--port', '0', '--data-dir', bus.folder, '--queues', queues]);
  expect(await program.ended).toBe(1);
  expect(program.output()).toMatch(/holds 1 messages of old, which is not defined/);
  await bus.restart();
  expect(await contentOf('old')).toHaveLength(1);
});

test('SIGTERM under load ends it soon, with nothing lost', async () => {
  await start({ queue: {} });
  const acknowledged: string[] = [];
  const sender = bus.client().createSender('queue');
  let sending = true;
  const produce = async (name: string) => {
    for (let i = 0; sending; i++) {
      await sender.sendMessages({ body: 'x', messageId: `${name}${i}` }).then(
        () => acknowledged.push(`${name}${i}`),
        () => {
          sending = false;
        },
      );
    }
  };
  const producing = ['a', 'b', 'c', 'd'].map(produce);
  await until('messages flow', () => acknowledged.length > 10);
  expect(await bus.program().stop('SIGTERM')).toBe(0);
  sending = false;
  await Promise.all(producing);
  await bus.restart();
  const kept = new Set((await contentOf('queue')).map((message) => message.messageId));
  expect(acknowledged.filter((messageId) => !kept.has(messageId))).toEqual([]);
});
