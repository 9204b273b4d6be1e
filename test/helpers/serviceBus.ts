import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ServiceBusClient, type ServiceBusClientOptions, type ServiceBusReceivedMessage } from '@azure/service-bus';
import { type Program, ready, run } from './process.ts';

/** Queues by name, with properties as in infra/queues.json. */
export interface Queues {
  readonly [name: string]: { readonly [property: string]: unknown };
}

/** A Service Bus broker in a process of its own, with a data folder that outlives it. */
export interface ServiceBus {
  readonly folder: string;
  readonly journal: string;
  /** The process that runs now. */
  program(): Program;
  /** A client that fails at once instead of trying again; closed by `remove`. */
  client(options?: ServiceBusClientOptions): ServiceBusClient;
  /** All that is in a queue, whatever its state, without touching it. */
  contentOf(queue: string): Promise<ServiceBusReceivedMessage[]>;
  /** SIGKILL, then a new process on the same port and folder. */
  killAndRestart(): Promise<void>;
  /** A new process on the same port and folder, after the old one has ended. */
  restart(queues?: Queues): Promise<void>;
  /** Ends the process and deletes the folder. */
  remove(): Promise<void>;
}

export const mainFile = resolve('local/serviceBus/main.ts');

export async function startServiceBus(queues: Queues): Promise<ServiceBus> {
  const folder = await mkdtemp(join(tmpdir(), 'service-bus-'));
  const clients: ServiceBusClient[] = [];
  let port = 0;
  let program: Program;
  const start = async (definitions: Queues) => {
    program = run(mainFile, [
      '--port',
      String(port),
      '--data-dir',
      folder,
      '--queues',
      await define(folder, definitions),
    ]);
    port = await ready(program);
  };
  await start(queues);
  return {
    folder,
    journal: join(folder, 'messages.journal'),
    program: () => program,
    client: (options = { retryOptions: { maxRetries: 0, timeoutInMs: 30_000 } }) => {
      const client = new ServiceBusClient(connectionString(port), options);
      clients.push(client);
      return client;
    },
    contentOf: (queue) => contentOf(connectionString(port), queue),
    killAndRestart: async () => {
      await program.stop('SIGKILL');
      await start(queues);
    },
    restart: async (definitions = queues) => {
      await program.ended;
      await start(definitions);
    },
    remove: async () => {
      // A client that lost its connection in the middle of an operation may take a minute to close.
      const closed = Promise.all(clients.map((client) => client.close()));
      await Promise.race([closed, sleep(3000, undefined, { ref: false })]);
      await program.stop();
      await rm(folder, { recursive: true });
    },
  };
}

/** All that is in a queue, locked or not, without touching it. */
export async function contentOf(connection: string, queue: string): Promise<ServiceBusReceivedMessage[]> {
  // A client of its own: where peeking goes on is kept for all receivers of a client.
  const client = new ServiceBusClient(connection);
  const receiver = client.createReceiver(queue);
  const found: ServiceBusReceivedMessage[] = [];
  for (;;) {
    const page = await receiver.peekMessages(1000);
    if (page.length === 0) break;
    found.push(...page);
  }
  await client.close();
  return found;
}

/** Writes a file of queue definitions and returns its path. */
export async function define(folder: string, queues: Queues): Promise<string> {
  const path = join(folder, 'queues.json');
  const definitions = Object.entries(queues).map(([name, properties]) => ({ name, properties }));
  await writeFile(path, JSON.stringify(definitions));
  return path;
}

export function connectionString(port: number): string {
  return `Endpoint=sb://127.0.0.1:${port};SharedAccessKeyName=any;SharedAccessKey=any;UseDevelopmentEmulator=true`;
}
