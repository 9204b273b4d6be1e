import { ServiceBusClient } from '@azure/service-bus';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type RunningBroker, startBroker } from '../helpers/broker.ts';
import { buildApp, type RunningHost, runHost, startHost, temporaryFolder } from '../helpers/host.ts';
import { until } from '../helpers/poll.ts';

let broker: RunningBroker;
let host: RunningHost;
let client: ServiceBusClient;
let app: string;

beforeAll(async () => {
  broker = await startBroker(['single', 'many', 'other']);
  app = await buildApp('queues.ts', {
    extensions: { serviceBus: { maxConcurrentCalls: 4, prefetchCount: 8, maxMessageBatchSize: 50 } },
  });
  client = new ServiceBusClient(broker.connectionString);
  host = await startHost(app, await temporaryFolder('host'), { env: settings('single') });
});
afterAll(async () => {
  await client.close();
  await host.stop();
  await broker.stop();
});

const settings = (queue: string) => ({ ServiceBusConnection: broker.connectionString, SINGLE_QUEUE: queue });

interface Said {
  readonly message: unknown;
  readonly deliveryCount: number;
  readonly messageId: string;
  readonly [more: string]: unknown;
}

/** What a function logged about its calls, oldest first. */
function said<T>(fn: string, of: RunningHost = host): T[] {
  return of.lines(` information ${fn}: {`).map((line) => JSON.parse(line.slice(line.indexOf('{'))) as T);
}

const deliveriesOf = (id: string) => said<Said>('single').filter(({ messageId }) => messageId === id);

test('a message arrives as JSON with its metadata, and is completed', async () => {
  const sender = client.createSender('single');
  await sender.sendMessages({
    body: { id: 'good' },
    messageId: 'good',
    applicationProperties: { TenantId: 'acme' },
  });
  await until('it arrives', () => deliveriesOf('good').length > 0);
  expect(deliveriesOf('good')).toEqual([
    {
      message: { id: 'good' },
      deliveryCount: 1,
      messageId: 'good',
      applicationProperties: { tenantId: 'acme' },
      enqueued: 'string',
    },
  ]);
  await until('it is gone', () => broker.isEmpty('single'));
});

test('a message whose handler fails comes again', async () => {
  await client.createSender('single').sendMessages({ body: { id: 'twice', failures: 1 }, messageId: 'twice' });
  await until('it comes again', () => deliveriesOf('twice').length >= 2);
  expect(deliveriesOf('twice').map(({ deliveryCount }) => deliveryCount)).toEqual([1, 2]);
  // Errors come another way than all else.
  await until('its failure is logged', () => host.lines('error single: Error: failed as expected').length > 0);
});

test('a message that always fails ends among the dead letters, where a function gets it', async () => {
  await client.createSender('single').sendMessages({ body: { id: 'dead', failures: 99 }, messageId: 'dead' });
  await until('it is buried', () => said('graveyard').length > 0);
  expect(deliveriesOf('dead').map(({ deliveryCount }) => deliveryCount)).toEqual([1, 2, 3]);
  expect(said('graveyard')).toEqual([
    {
      buried: { id: 'dead', failures: 99 },
      reason: expect.objectContaining({ deadLetterReason: 'MaxDeliveryCountExceeded' }),
    },
  ]);
});

// A merged disposition would complete the failed ones together with their neighbours.
test('none is lost when many succeed and fail at once', async () => {
  const sender = client.createSender('single');
  const messages = Array.from({ length: 60 }, (_, index) => ({
    body: { id: `mixed-${index}`, failures: index % 2 },
    messageId: `mixed-${index}`,
  }));
  await sender.sendMessages(messages);
  const mixed = () => said<Said>('single').filter(({ messageId }) => messageId.startsWith('mixed-'));
  await until('every delivery', () => mixed().length >= 90);
  for (const { messageId, body } of messages) {
    expect(deliveriesOf(messageId).map(({ deliveryCount }) => deliveryCount)).toEqual(body.failures ? [1, 2] : [1]);
  }
});

test('a function with cardinality many gets batches, no larger than host.json allows', async () => {
  const bodies = Array.from({ length: 120 }, (_, index) => ({ index }));
  await client.createSender('many').sendMessages(bodies.map((body) => ({ body, messageId: `m${body.index}` })));
  interface Batch {
    readonly messages: { index: number }[];
    readonly messageIdArray: string[];
    readonly deliveryCountArray: number[];
  }
  const batches = await until('all of them', () => {
    const found = said<Batch>('batch');
    return found.flatMap(({ messages }) => messages).length >= 120 && found;
  });
  expect(batches.flatMap(({ messages }) => messages).sort((a, b) => a.index - b.index)).toEqual(bodies);
  for (const { messages, messageIdArray, deliveryCountArray } of batches) {
    expect(messages.length).toBeLessThanOrEqual(50);
    expect(messageIdArray).toEqual(messages.map(({ index }) => `m${index}`));
    expect(deliveryCountArray).toEqual(messages.map(() => 1));
  }
  // How many come together depends on how fast they come, but not one by one.
  expect(batches.length).toBeLessThan(bodies.length);
});

test('a queue that does not exist stops the start', async () => {
  const other = runHost(app, await temporaryFolder('host'), { env: settings('nowhere') });
  expect(await other.ended).toBe(1);
  expect(other.output()).toContain('nowhere');
});

test('a stop gives back what had not begun, and completes what had', async () => {
  const other = await startHost(app, await temporaryFolder('host'), { env: settings('other') });
  const ids = Array.from({ length: 200 }, (_, index) => `stop-${index}`);
  await client.createSender('other').sendMessages(ids.map((messageId) => ({ body: { id: messageId }, messageId })));
  await until('some have begun', () => said<Said>('single', other).length > 5);
  expect(await other.stop()).toBe(0);
  const begun = said<Said>('single', other).map(({ messageId }) => messageId);

  const again = await startHost(app, await temporaryFolder('host'), { env: settings('other') });
  await until('the rest', () => begun.length + said<Said>('single', again).length >= ids.length);
  const rest = said<Said>('single', again).map(({ messageId }) => messageId);
  expect([...begun, ...rest].sort()).toEqual([...ids].sort());
  await again.stop();
});

// The SDK goes on waiting for answers of a connection that is lost; the host must not.
test('a broker that is killed while messages flow holds nothing up for long, and loses nothing', async () => {
  const ids = Array.from({ length: 1000 }, (_, index) => `flow-${index}`);
  const arrived = () =>
    new Set(
      said<Said>('single')
        .map(({ messageId }) => messageId)
        .filter((id) => id.startsWith('flow-')),
    );
  await client.createSender('single').sendMessages(ids.map((messageId) => ({ body: { id: messageId }, messageId })));
  await until('they flow', () => arrived().size > 50);
  await broker.restart();
  await until('all arrive', () => arrived().size === ids.length);
});
