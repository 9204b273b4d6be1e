import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { temporaryFolder } from './host.ts';
import { type Program, ready, run } from './process.ts';

export interface RunningBroker extends Program {
  readonly port: number;
  readonly connectionString: string;
}

/** A Service Bus of its own with these queues, which give a message up after three deliveries. */
export async function startBroker(queues: readonly string[]): Promise<RunningBroker> {
  const dataDir = await temporaryFolder('broker');
  const definitions = join(dataDir, 'queues.json');
  await writeFile(definitions, JSON.stringify(queues.map(toDefinition)));
  const args = ['--port', '0', '--data-dir', dataDir, '--queues', definitions];
  const program = run(resolve('local/serviceBus/main.ts'), args);
  const port = await ready(program);
  const key = 'SharedAccessKeyName=local;SharedAccessKey=local';
  const connectionString = `Endpoint=sb://127.0.0.1:${port};${key};UseDevelopmentEmulator=true`;
  return { ...program, port, connectionString };
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
