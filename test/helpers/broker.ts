import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { temporaryFolder } from './host.ts';
import { type Program, ready, run } from './process.ts';

export interface RunningBroker {
  readonly connectionString: string;
  stop(): Promise<unknown>;
  /** Kills it, and starts it again on the same port and data. */
  restart(): Promise<void>;
}

/** A Service Bus of its own with these queues, which give a message up after three deliveries. */
export async function startBroker(queues: readonly string[]): Promise<RunningBroker> {
  const dataDir = await temporaryFolder('broker');
  const definitions = join(dataDir, 'queues.json');
  await writeFile(definitions, JSON.stringify(queues.map(toDefinition)));
  const launch = async (port: number): Promise<[Program, number]> => {
    const args = ['--port', String(port), '--data-dir', dataDir, '--queues', definitions];
    const program = run(resolve('local/serviceBus/main.ts'), args);
    return [program, await ready(program)];
  };
  let [program, port] = await launch(0);
  const key = 'SharedAccessKeyName=local;SharedAccessKey=local';
  return {
    connectionString: `Endpoint=sb://127.0.0.1:${port};${key};UseDevelopmentEmulator=true`,
    stop: () => program.stop(),
    restart: async () => {
      await program.stop('SIGKILL');
      [program, port] = await launch(port);
    },
  };
}

function toDefinition(name: string): object {
  return {
    name,
    properties: {
      lockDuration: 'PT1M',
      maxDeliveryCount: 3,
      requiresDuplicateDetection: false,
      duplicateDetectionHistoryTimeWindow: 'PT10M',
      defaultMessageTimeToLive: 'P10675199DT2H48M5.4775807S',
    },
  };
}
