import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ServiceBusClient } from '@azure/service-bus';
import { temporaryFolder } from './host.ts';
import { type Program, ready, run } from './process.ts';

export interface RunningBroker {
  readonly connectionString: string;
  /** True where the queue holds no message at all, locked or not. */
  isEmpty(queue: string): Promise<boolean>;
  stop(): Promise<unknown>;
  /** Kills it, and starts it again on the same port and data. */
  restart(): Promise<void>;
}

/**
 * A Service Bus of its own with these queues, which give a message up after three deliveries.
 * @param lockDuration ISO 8601
 */
export async function startBroker(queues: readonly string[], lockDuration = 'PT1M'): Promise<RunningBroker> {
  const dataDir = await temporaryFolder('broker');
  const definitions = join(dataDir, 'queues.json');
  await writeFile(definitions, JSON.stringify(queues.map((name) => toDefinition(name, lockDuration))));
  const launch = async (port: number): Promise<[Program, number]> => {
    const args = ['--port', String(port), '--data-dir', dataDir, '--queues', definitions];
    const program = run(resolve('local/serviceBus/main.ts'), args);
    return [program, await ready(program)];
  };
  let [program, port] = await launch(0);
  const key = 'SharedAccessKeyName=local;SharedAccessKey=local';
  const connectionString = `Endpoint=sb://127.0.0.1:${port};${key};UseDevelopmentEmulator=true`;
  return {
    connectionString,
    isEmpty: async (queue) => {
      // A client goes on peeking behind what it has seen, whichever receiver it does it by.
      const client = new ServiceBusClient(connectionString);
      const found = await client.createReceiver(queue).peekMessages(1);
      await client.close();
      return found.length === 0;
    },
    stop: () => program.stop(),
    restart: async () => {
      await program.stop('SIGKILL');
      [program, port] = await launch(port);
    },
  };
}

function toDefinition(name: string, lockDuration: string): object {
  return {
    name,
    properties: {
      lockDuration,
      maxDeliveryCount: 3,
      requiresDuplicateDetection: false,
      duplicateDetectionHistoryTimeWindow: 'PT10M',
      defaultMessageTimeToLive: 'P10675199DT2H48M5.4775807S',
    },
  };
}
