// How long the host keeps the lock of a message: for as long as its function works, and no longer.
import { writeFile } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { ServiceBusClient } from '@azure/service-bus';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type RunningBroker, startBroker } from '../helpers/broker.ts';
import { buildApp, type RunningHost, startHost, temporaryFolder } from '../helpers/host.ts';
import { until } from '../helpers/poll.ts';

/** Locks are renewed after half of that time: a host and a broker that stand still for seconds must not miss it. */
const lockSeconds = 12;

let broker: RunningBroker;
let line: Line;
let host: RunningHost;
let client: ServiceBusClient;

beforeAll(async () => {
  broker = await startBroker(['single', 'many'], `PT${lockSeconds}S`);
  line = await openLine(broker.connectionString);
  const app = await buildApp('queues.ts');
  const env = { ServiceBusConnection: line.connectionString, SINGLE_QUEUE: 'single' };
  host = await startHost(app, await temporaryFolder('host'), { env });
  client = new ServiceBusClient(broker.connectionString);
});
afterAll(async () => {
  await client.close();
  await host.stop();
  line.server.close();
  await broker.stop();
});

/** A way to the broker that can be cut, while the broker goes on and keeps its locks. */
interface Line {
  readonly connectionString: string;
  readonly server: Server;
  cut(): void;
}

async function openLine(connectionString: string): Promise<Line> {
  const [address = '', port] = /127\.0\.0\.1:(\d+)/.exec(connectionString) ?? [];
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(Number(port), '127.0.0.1');
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const own = Object(server.address()).port;
  return {
    connectionString: connectionString.replace(address, `127.0.0.1:${own}`),
    server,
    cut: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}

const send = (messageId: string, order: { readonly takes?: number; readonly awaits?: string }) =>
  client.createSender('single').sendMessages({ body: { id: messageId, ...order }, messageId });
const deliveries = (messageId: string) =>
  host.lines(' information single: {').filter((said) => said.includes(`"messageId":"${messageId}"`)).length;
const isGone = () => broker.isEmpty('single');

test('a message that is worked on for longer than its lock comes once', async () => {
  await send('long', { takes: lockSeconds * 1_200 });
  await until('it is done', isGone);
  expect(deliveries('long')).toBe(1);
});

// The SDK's own renewal would keep its lock for as long as locks may be renewed: five minutes here, an hour for the hub.
test('a message whose connection is lost while it is worked on comes again as soon as its lock has run out', async () => {
  const release = join(await temporaryFolder('release'), 'now');
  await send('cut off', { awaits: release });
  await until('it has come', () => deliveries('cut off') > 0);
  line.cut();
  await writeFile(release, '');
  await until('it comes again', () => deliveries('cut off') > 1);
  await until('it is done', isGone);
});
